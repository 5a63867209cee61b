from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone


class Submission(models.Model):
    """A submission with its answer. Sent again, it gets the same answer and is not done twice (DESIGN §3.7)."""

    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=200)
    # SHA-256 of the content: the same key with other content is an error, not a repetition.
    fingerprint = models.CharField(max_length=64)
    answer = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name = "envío"
        verbose_name_plural = "envíos"
        constraints = [models.UniqueConstraint(fields=["created_by", "key"], name="submission_unique")]

    def __str__(self) -> str:
        return self.key
