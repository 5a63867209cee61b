from django.urls import path

from dashboards import views

urlpatterns = [
    path("dashboard-admin", views.dashboard_admin, name="dashboard-admin"),
    path("estilos", views.styles, name="styles"),
    path("dashboard-user", views.dashboard_user, name="dashboard-user"),
]
