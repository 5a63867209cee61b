from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from cases.querysets import SavedListQuerySet
from cases.searching import Fold

MOST_LISTS = 50  # of one person


class SavedList(models.Model):
    """A list of cases that somebody gave a name. Whoever opens it sees their own cases in it (DESIGN §4)."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_lists", db_index=False, verbose_name="de quién"
    )
    name = models.CharField("nombre", max_length=60)
    query = models.JSONField("filtros", default=dict, blank=True)  # parameters of «Mis casos» (cases.lists)
    shared = models.BooleanField("compartida", default=False)
    created_at = models.DateTimeField("creada", default=timezone.now)

    objects = SavedListQuerySet.as_manager()

    class Meta:
        verbose_name = "lista guardada"
        verbose_name_plural = "listas guardadas"
        constraints = [
            models.UniqueConstraint(
                "owner",
                Fold("name"),
                name="saved_list_name_unique",
                violation_error_message="Ya tiene una lista con ese nombre.",
            ),
            models.CheckConstraint(condition=~models.Q(name=""), name="saved_list_name_present"),
        ]
        indexes = [models.Index(fields=["name", "id"], name="saved_list_shared", condition=models.Q(shared=True))]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        self.name = " ".join(self.name.split())
        if not self.name:
            raise ValidationError({"name": "Escriba un nombre."})
        if self.pk is None and SavedList.objects.filter(owner=self.owner).count() >= MOST_LISTS:
            raise ValidationError({"name": f"Ya tiene {MOST_LISTS} listas: elimine alguna."})

    def may_change(self, user: Any) -> bool:
        """Its owner, and an admin what everybody sees."""
        return self.owner_id == user.pk or (self.shared and user.is_admin)
