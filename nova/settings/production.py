"""Production: refuses to start when something that keeps people's data safe is missing."""

import sys

from nova.settings.base import *  # noqa: F403
from nova.settings.base import CACHES, REDIS_URL, env

MINIMUM_SECRET_KEY_LENGTH = 50

DEBUG = env.bool("DEBUG", default=False)
if DEBUG:
    sys.exit("DEBUG está activo: quítelo del entorno para usar la configuración de producción.")

SECRET_KEY = env("SECRET_KEY", default="")
if len(SECRET_KEY) < MINIMUM_SECRET_KEY_LENGTH or len(set(SECRET_KEY)) < 5 or SECRET_KEY.startswith("django-insecure-"):
    sys.exit("SECRET_KEY falta o es débil: genere una de al menos 50 caracteres y póngala en el archivo .env.")

ALLOWED_HOSTS = [host.strip() for host in env.list("ALLOWED_HOSTS", default=[]) if host.strip()]
if not ALLOWED_HOSTS:
    sys.exit("ALLOWED_HOSTS está vacío: escriba en .env los nombres con que se visita el sitio.")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# On plain HTTP (before a TLS proxy exists) SESSION_COOKIE_SECURE=False relaxes all that needs TLS.
SESSION_COOKIE_SECURE = env.bool("SESSION_COOKIE_SECURE", default=True)
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE
if SESSION_COOKIE_SECURE:  # a browser takes these from this host alone, over TLS alone
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.int("TRUSTED_PROXY_HOPS", default=0) else None
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^api/"]  # the API refuses plain HTTP instead (nova.middleware)
SECURE_HSTS_SECONDS = 31_536_000 if SESSION_COOKIE_SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SESSION_COOKIE_SECURE
SECURE_HSTS_PRELOAD = SESSION_COOKIE_SECURE

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
if not REDIS_URL:
    # The table is made by a migration of accounts. Room enough that nobody pushes the counters of limits out.
    CACHES["default"] = {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "nova_cache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
