from django.urls import path
from django.views.generic import RedirectView

from accounts import views

urlpatterns = [
    path("login", views.login_page, name="login"),
    path("api/login", views.api_login, name="api-login"),
    path("logout", views.logout, name="logout"),
    path("cuenta/seguir", views.resume_form, name="resume-form"),
    path("cuenta/clave", views.own_password, name="own-password"),
    # The Django admin has no doors of its own.
    path("admin/login/", views.admin_login),
    path("admin/logout/", views.logout),
    path("admin/password_change/", RedirectView.as_view(url="/cuenta/clave")),
]
