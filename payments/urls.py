from django.urls import path

from payments.views import inbox, loading

urlpatterns = [
    path("cargar", loading.loading, name="loading"),
    path("pagos", inbox.inbox, name="payments-inbox"),
    path("pagos/<int:pk>/decision", inbox.decision, name="payment-decision"),
]
