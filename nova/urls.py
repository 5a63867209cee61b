"""The URLs of the site. `/healthz` is answered before them, by nova.middleware.HealthMiddleware."""

from django.contrib import admin
from django.urls import include, path

admin.site.site_title = admin.site.site_header = "NOVA"
admin.site.index_title = "Administración"
admin.site.empty_value_display = "—"

urlpatterns = [
    path("", include("contact.urls")),
    path("", include("accounts.urls")),
    path("", include("cases.urls")),
    path("", include("payments.urls")),
    path("", include("dashboards.urls")),
    path("", include("nova.api")),
    path("admin/", admin.site.urls),
]

handler400 = "nova.lib.errors.bad_request"
handler403 = "nova.lib.errors.permission_denied"
handler404 = "nova.lib.errors.page_not_found"
handler500 = "nova.lib.errors.server_error"
