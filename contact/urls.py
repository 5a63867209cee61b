from django.contrib.auth.decorators import login_not_required
from django.contrib.sitemaps.views import sitemap
from django.urls import path, re_path

from contact import inbox_views, views

PNG = {"content_type": "image/png"}

urlpatterns = [
    path("", views.home, name="home"),
    path("gestiones", views.home, name="gestiones"),
    path("contact", views.contact, name="contact"),
    path("submissions", inbox_views.submissions, name="submissions"),
    path("submissions/<int:pk>/handled", inbox_views.handled, name="submission-handled"),
    re_path(r"^submissions/exports/(?P<form>xlsx|csv)$", inbox_views.submissions_export, name="submissions-export"),
    path("test-email-config", inbox_views.test_email_config, name="test-email-config"),
    path("logo.png", views.image, {"name": "logo.png", **PNG}, name="logo"),
    path("logo-dark.png", views.image, {"name": "logo-dark.png", **PNG}, name="logo-dark"),
    path("favicon.ico", views.image, {"name": "favicon.ico", "content_type": "image/x-icon"}, name="favicon"),
    path("apple-touch-icon.png", views.image, {"name": "apple-touch-icon.png", **PNG}, name="apple-touch-icon"),
    path("robots.txt", views.robots, name="robots"),
    path("sitemap.xml", login_not_required(sitemap), {"sitemaps": {"pages": views.PublicPages}}, name="sitemap"),
]
