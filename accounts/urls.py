from django.urls import path
from django.views.generic import RedirectView

from accounts.views import account, login

urlpatterns = [
    path("login", login.login_page, name="login"),
    path("api/login", login.api_login, name="api-login"),
    path("login/codigo", login.login_code, name="login-code"),
    path("logout", login.logout, name="logout"),
    path("cuenta", account.account, name="account"),
    path("cuenta/sesiones", account.end_sessions, name="end-sessions"),
    path("cuenta/segundo-factor", account.second_factor_page, name="second-factor"),
    path("cuenta/segundo-factor/baja", account.turn_second_factor_off, name="second-factor-off"),
    path("cuenta/segundo-factor/codigos", account.recovery_codes, name="recovery-codes"),
    path("cuenta/seguir", login.resume_form, name="resume-form"),
    path("cuenta/clave", account.own_password, name="own-password"),
    # The Django admin has no log-in pages of its own.
    path("admin/login/", login.admin_login),
    path("admin/logout/", login.logout),
    path("admin/password_change/", RedirectView.as_view(pattern_name="own-password")),
]
