from django.urls import path

from dashboards import views

urlpatterns = [
    path("dashboard-admin", views.dashboard_admin, name="dashboard-admin"),
    path("dashboard-gestor", views.dashboard_gestor, name="dashboard-gestor"),
    path("dashboard-user", views.dashboard_user, name="dashboard-user"),
]
