"""The API of debtors: a person with all their debts."""

from django.db.models import Prefetch
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response

from accounts.models import User
from accounts.permissions import Request
from cases.api.refusals import NO_CARTERA, NO_GESTOR
from cases.api.serializers import DebtorOut, DebtorQuery
from cases.models import Cartera, Case, Debtor, DebtorPhone
from nova.lib.rest.schema import listing
from nova.lib.rest.views import ApiView

REFUSALS = {"cartera_id": (Cartera, NO_CARTERA), "gestor_id": (User, NO_GESTOR)}
COLUMNS = {"cartera_id": "cartera", "gestor_id": "assigned_to"}


class Debtors(ApiView):
    permission_classes = [IsAuthenticated]
    query_serializer = DebtorQuery

    @listing("debtors_list", "Personas que el usuario ve, cada una con todas sus deudas", DebtorOut, DebtorQuery)
    def get(self, request: Request) -> Response:
        debtors = Debtor.objects.visible_to(request.user)
        for name, (model, refusal) in REFUSALS.items():
            if name not in self.query:
                continue
            if not model._base_manager.filter(pk=self.query[name]).exists():
                raise ValidationError({name: [refusal]})
            with_one = Case.objects.filter(**{COLUMNS[name]: self.query[name]}).order_by()
            debtors = debtors.filter(pk__in=with_one.values("debtor"))
        if self.query.get("search"):
            debtors = debtors.search(self.query["search"])
        debts = Prefetch("cases", Case.objects.listed().order_by("-balance", "id"), to_attr="all_debts")
        phones = Prefetch("phones", DebtorPhone.objects.offered(), to_attr="usable_phones")
        rows = debtors.prefetch_related(debts, phones).order_by("last_name", "first_name", "id")
        return self.paged(rows, DebtorOut)
