from django.urls import path, re_path

from dashboards.views import gestor, pages, reports, returns, rows

KIND = "(?P<kind>movimientos|promesas|gestiones|convenios|cuotas|quitas|casos)"

urlpatterns = [
    path("dashboard-admin", pages.dashboard_admin, name="dashboard-admin"),
    re_path(r"^dashboard-admin/exports/(?P<form>xlsx|csv|pdf)$", reports.view_export, name="view-export"),
    re_path(rf"^dashboard-admin/{KIND}$", rows.figure_rows, name="behind"),
    re_path(rf"^dashboard-admin/{KIND}/exports/(?P<form>xlsx|csv)$", rows.figure_rows_export, name="behind-export"),
    path("gestores/reunion", gestor.uniting, name="uniting"),
    path("gestores/<int:pk>", gestor.gestor_page, name="gestor"),
    path("gestores/<int:pk>/reassignment", gestor.reassignment, name="reassignment"),
    path("rendiciones", reports.reports, name="reports"),
    re_path(r"^rendiciones/exports/(?P<form>xlsx|csv|pdf)$", reports.report_export, name="report-export"),
    path("devoluciones", returns.returns, name="returns"),
    re_path(r"^devoluciones/exports/(?P<form>xlsx|csv)$", returns.return_export, name="return-export"),
    path("dashboard-user", pages.dashboard_user, name="dashboard-user"),
    path("estilos", pages.styles, name="styles"),
]
