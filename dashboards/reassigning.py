"""Moves the cases of a gestor to another gestor, or among the others: preview first, then confirm (DESIGN §6)."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import User
from cases import services
from cases.models import Cartera, Case, CaseStatus
from cases.querysets import CaseQuerySet
from cases.services.many import REQUEST_LIMIT
from dashboards.filters import NO_CARTERA, NO_GESTOR

EVERYBODY, NOBODY = "others", "leave"


class ReassignmentForm(forms.Form):
    """Which cases of a gestor to move, and to which gestor."""

    to = forms.ChoiceField(
        label="Pasarlos a", error_messages={"invalid_choice": NO_GESTOR, "required": "Elija a quién."}
    )
    cartera = forms.ModelChoiceField(
        Cartera.objects.order_by("name"),
        label="De la cartera",
        required=False,
        empty_label="Todas",
        error_messages={"invalid_choice": NO_CARTERA},
    )
    stage = forms.ChoiceField(
        label="Cuáles",
        required=False,
        choices=[("", "Los abiertos"), *CaseStatus.Stage.choices, ("all", "Todos, también los cerrados")],
    )

    def __init__(self, *args: Any, gestor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.gestor = gestor
        others = User.objects.gestores().exclude(pk=gestor.pk).order_by("first_name", "last_name", "pk")
        self.others = {str(other.pk): other for other in others}
        choices: list[tuple[str, str]] = [("", "Elija…")]
        if self.others:
            choices.append((EVERYBODY, f"Repartirlos entre los otros {len(self.others)}"))
        choices += [(pk, str(other)) for pk, other in self.others.items()]
        if not (gestor.is_active and gestor.is_gestor):
            choices.append((NOBODY, "Nadie por ahora: dejarlos como están"))
        to: Any = self.fields["to"]
        to.choices = choices

    def cases(self) -> CaseQuerySet:
        cases = Case.objects.filter(assigned_to=self.gestor)
        if cartera := self.cleaned_data.get("cartera"):
            cases = cases.filter(cartera=cartera)
        stage = self.cleaned_data.get("stage")
        if stage == "all":
            return cases
        return cases.filter(stage=stage) if stage else cases.open()

    @property
    def leaves(self) -> bool:
        """Whether the cases are to stay with who left: nothing moves, and the alert stays."""
        return self.cleaned_data["to"] == NOBODY

    @property
    def destination(self) -> str:
        to = self.cleaned_data["to"]
        return f"los otros {len(self.others)} gestores, en partes iguales" if to == EVERYBODY else str(self.others[to])

    def preview(self) -> list[services.Share]:
        """What each gestor would receive. Raises ValidationError for too many cases."""
        self._check_number()
        to = self.cleaned_data["to"]
        if to == EVERYBODY:
            return services.preview_shares(cases=self.cases(), gestores=list(self.others.values()))
        return [services.preview_assignment(cases=self.cases(), gestor=self.others[to])]

    def _check_number(self) -> int:
        count = self.cases().count()
        if count > REQUEST_LIMIT:
            raise ValidationError(f"Son {count} casos y el máximo por vez es {REQUEST_LIMIT}: hágalo por cartera.")
        return count

    def reassign(self, *, by: User, expected: int, shares: dict[int, int]) -> int:
        """Move the cases and return their number.

        Raises ValidationError when the number differs from `expected`, what each would receive from `shares` (cases by
        id of a gestor), or when there are too many.
        """
        count = self._check_number()
        if count != expected:
            raise ValidationError(f"Entretanto cambió: ahora son {count} casos. Revise y confirme de nuevo.")
        to = self.cleaned_data["to"]
        if to == EVERYBODY:
            others = list(self.others.values())
            return services.share_cases(cases=self.cases(), gestores=others, by=by, expected=shares)
        return services.assign_cases(cases=self.cases(), gestor=self.others[to], by=by)


def total_of(shares: Sequence[services.Share]) -> dict[str, Any]:
    figures = ("cases", "people", "balance", "promises", "promised")
    return {name: sum(getattr(share, name) for share in shares) for name in figures}


def written(shares: Sequence[services.Share]) -> str:
    """What each receives, as the form keeps it: «7:120 9:119», gestor and cases."""
    return " ".join(f"{share.gestor.pk}:{share.cases}" for share in shares if share.cases)


def read(text: str) -> dict[int, int]:
    """`written` read back; empty for anything else, which then is not what comes out."""
    try:
        return {int(pk): int(cases) for pk, _, cases in (part.partition(":") for part in text.split())}
    except ValueError:
        return {}
