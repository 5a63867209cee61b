"""Production: refuses to start when a setting that protects personal data is missing."""

import sys

import sentry_sdk

from nova.logs import configuration, without_personal_data
from nova.settings.base import *  # noqa: F403
from nova.settings.base import CACHES, METRICS_TOKEN, MIDDLEWARE, REDIS_URL, env

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
if SESSION_COOKIE_SECURE:  # browsers accept these from this host only, over TLS only
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
    PLACE_COOKIE_NAME = "__Host-place"
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.int("TRUSTED_PROXY_HOPS", default=0) else None
SECURE_REDIRECT_EXEMPT = [
    r"^healthz$",
    r"^readyz$",
    r"^metrics$",
    r"^api/",
]  # the API refuses plain HTTP instead (nova.middleware)
SECURE_HSTS_SECONDS = 31_536_000 if SESSION_COOKIE_SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SESSION_COOKIE_SECURE
SECURE_HSTS_PRELOAD = SESSION_COOKIE_SECURE

# --- What an operator sees: logs, and errors and figures where somebody collects them ------------
LOGGING = configuration(env("LOG_LEVEL", default="INFO"))
MIDDLEWARE = [
    "nova.logs.RequestLogMiddleware",
    *MIDDLEWARE,
    "nova.logs.LogUserMiddleware",
]
if METRICS_TOKEN:
    MIDDLEWARE.insert(1, "nova.metrics.MetricsMiddleware")

SENTRY_DSN = env("SENTRY_DSN", default="")
if SENTRY_DSN:
    sentry_sdk.init(
        dsn=SENTRY_DSN,
        environment=env("SENTRY_ENVIRONMENT", default="production"),
        traces_sample_rate=env.float("SENTRY_TRACES_SAMPLE_RATE", default=0.0),
        # Forms, local variables and SQL values contain personal data of debtors: none of it is sent.
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        before_send=without_personal_data,
    )

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
if not REDIS_URL:
    # A migration of accounts creates the table. It is large enough that no counter of a limit is evicted.
    CACHES["default"] = {
        "BACKEND": "nova.cache.CountingDatabaseCache",
        "LOCATION": "nova_cache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
