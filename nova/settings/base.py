"""Settings of every environment. Values that differ by installation come from environment variables."""

from datetime import timedelta
from decimal import Decimal

import environ
from csp.constants import NONE, SELF

from nova.settings import BASE_DIR, read_env_file

read_env_file()
env = environ.Env()

# --- Application -------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sitemaps",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "template_partials",
    "csp",
    "auditlog",
    "knox",  # without tables: its token is accounts.ApiToken
    "accounts.apps.LoginHistoryConfig",  # django-axes
    "accounts",
    "contact",
    "cases",
    "payments",
    "dashboards",
]

MIDDLEWARE = [
    "nova.middleware.ClientIpMiddleware",
    "django.middleware.security.SecurityMiddleware",
    # Headers first, so that every answer carries them: static files, errors and /healthz too.
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "nova.middleware.PermissionsPolicyMiddleware",
    "nova.middleware.NoCopiesMiddleware",
    "nova.middleware.HealthMiddleware",
    "nova.middleware.SecureApiMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "nova.middleware.SessionLifeMiddleware",
    "nova.middleware.FormRateMiddleware",
    "nova.middleware.PrivateByDefaultMiddleware",
    "nova.middleware.UnfinishedAccountMiddleware",
    "nova.middleware.ReplicaMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "nova.middleware.ErrorPagesMiddleware",
    "auditlog.middleware.AuditlogMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "nova.urls"
WSGI_APPLICATION = "nova.wsgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": ["template_partials.templatetags.partials"],
            "libraries": {"lucide": "nova.lib.icons"},  # replaces the package's own, which renders each time
        },
    },
]

FORM_RENDERER = "nova.lib.widgets.QuickRenderer"

# --- Data --------------------------------------------------------------------------------------
DEFAULT_SQLITE_URL = f"sqlite:///{BASE_DIR / 'data' / 'gestiones.db'}"


def database_from_url(variable: str, default: str | None = None) -> dict:
    """Connection settings from a URL variable, with the options its backend needs (docs/development.md)."""
    config = env.db_url(variable, default=default) if default else env.db_url(variable)
    if config["ENGINE"].endswith("sqlite3"):
        config.setdefault("OPTIONS", {}).update(
            # Writers queue for the lock instead of failing half way; readers never wait for them.
            transaction_mode="IMMEDIATE",
            timeout=20,
            init_command="PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        )
    else:
        config["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
        config["CONN_HEALTH_CHECKS"] = True
        # In PgBouncer's transaction mode a server-side cursor cannot outlive its transaction.
        config["DISABLE_SERVER_SIDE_CURSORS"] = env.bool("PGBOUNCER", default=False)
        config.setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
    return config


DATABASES = {"default": database_from_url("DATABASE_URL", DEFAULT_SQLITE_URL)}
if env("DATABASE_REPLICA_URL", default=""):
    # Read by the dashboards (nova.middleware.ReplicaMiddleware); tests see one database.
    DATABASES["replica"] = database_from_url("DATABASE_REPLICA_URL") | {"TEST": {"MIRROR": "default"}}
DATABASE_ROUTERS = ["nova.lib.databases.ReplicaRouter"]
METRICS_TOKEN = env("METRICS_TOKEN", default="")  # the bearer token of /metrics
REPLICA_MAX_LAG_SECONDS = env.float("REPLICA_MAX_LAG_SECONDS", default=10)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# SQLite leaves out the columns that an index only carries along: the index is there all the same.
SILENCED_SYSTEM_CHECKS = ["models.W040"]
AUTH_USER_MODEL = "accounts.User"

REDIS_URL = env("REDIS_URL", default="")
CACHES: dict = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
if REDIS_URL:
    CACHES["default"] = {"BACKEND": "nova.cache.ResilientRedisCache", "LOCATION": REDIS_URL}

# --- Language and time -------------------------------------------------------------------------
LANGUAGE_CODE = "es-ar"
TIME_ZONE = "America/Argentina/Buenos_Aires"
USE_I18N = True
USE_TZ = True
USE_THOUSAND_SEPARATOR = True
FORMAT_MODULE_PATH = ["nova.formats"]
LOCALE_PATHS = [BASE_DIR / "locale"]  # Spanish for packages that have none; `msgfmt` makes the .mo files

# --- Static files ------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = env.path("STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))()
STATICFILES_DIRS = [BASE_DIR / "static"]

# --- Log-in and sessions -----------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
LOGIN_URL = "login"
PASSWORD_CHANGE_URL = "own-password"  # noqa: S105
SECOND_FACTOR_URL = "second-factor"
REQUIRE_2FA = env.bool("REQUIRE_2FA", default=False)
REQUIRE_ADMIN_2FA = env.bool("REQUIRE_ADMIN_2FA", default=False)
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "accounts.passwords.ContextWordsValidator"},
]
# Plain, without accents; the words of AGENCY_NAME count too.
PASSWORD_CONTEXT_WORDS = [
    *("nova", "gestion", "gestiones", "cobranza", "cobranzas", "recupero", "cartera", "carteras", "deuda", "deudas"),
    *("gestor", "usuario", "admin", "administrador", "sistema", "password", "contrasena", "clave", "argentina"),
]
SESSION_ENGINE = "accounts.sessions"
SESSION_LIFETIME_HOURS = env.int("SESSION_LIFETIME_HOURS", default=8)
SESSION_IDLE_MINUTES = env.int("SESSION_IDLE_MINUTES", default=120)
SESSION_COOKIE_AGE = int(timedelta(hours=SESSION_LIFETIME_HOURS).total_seconds())
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = env("SESSION_COOKIE_SAMESITE", default="Lax")
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "accounts.views.expired.csrf_failure"
# In the session, not in a cookie: a generated password is shown through a message, once.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
TRUSTED_PROXY_HOPS = env.int("TRUSTED_PROXY_HOPS", default=0)

# --- Headers -----------------------------------------------------------------------------------
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# --- Limits on log-in: DESIGN §8 ---------------------------------------------------------------
LOGIN_FAILURES_PER_USERNAME = 5
LOGIN_FAILURES_PER_HOUR = 20  # of a username at one place
LOGIN_FAILURES_PER_ADDRESS = 20
LOGIN_WINDOW_SECONDS = 60
PLACE_COOKIE_NAME = "place"  # of accounts.places
SIGNED_IN_FORM_RATE = "600/m"
RATELIMIT_FAIL_OPEN = True  # without Redis forms work, without limits
# django-axes keeps the history and locks one username at one IP over an hour, so never all users of one router.
AXES_FAILURE_LIMIT = 50
AXES_COOLOFF_TIME = timedelta(hours=1)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_ENABLE_ACCESS_FAILURE_LOG = True
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "csrfmiddlewaretoken"]
AXES_LOCKOUT_CALLABLE = "accounts.views.login.locked_out"
AXES_ENABLE_ADMIN = False  # accounts.admin shows its tables, in Spanish and read-only
AXES_VERBOSE = False

# --- The rules of the trade: DESIGN §3 and §4 --------------------------------------------------
PROMISE_GRACE_BUSINESS_DAYS = env.int("PROMISE_GRACE_BUSINESS_DAYS", default=2)
PROMISE_FULFILLED_PERCENT = Decimal(env("PROMISE_FULFILLED_PERCENT", default="95"))
PROMISE_MAX_DAYS_AHEAD = env.int("PROMISE_MAX_DAYS_AHEAD", default=90)
INSTALMENT_TOLERANCE = Decimal(env("INSTALMENT_TOLERANCE", default="0.00"))
# Percent. No law names a figure. Law 25.065, art. 16, lets credit cards charge a quarter more than personal loans,
# which were at 72.56 % a year at the end of 2025 (BCRA, communication B 13096/2025): 7.56 % a month. Twice that, for
# years of higher rates; beyond it a judge takes the interest off (CCyC 771).
PLAN_MAX_MONTHLY_RATE = Decimal(env("PLAN_MAX_MONTHLY_RATE", default="15"))
PLAN_GRACE_BUSINESS_DAYS = env.int("PLAN_GRACE_BUSINESS_DAYS", default=3)
PLAN_LAPSE_OVERDUE_COUNT = env.int("PLAN_LAPSE_OVERDUE_COUNT", default=2)
PLAN_LAPSE_DAYS = int(days) if (days := env("PLAN_LAPSE_DAYS", default="")) else None
PLAN_TAIL_DAYS = env.int("PLAN_TAIL_DAYS", default=30)
PROPOSAL_DAYS = env.int("PROPOSAL_DAYS", default=7)
CLEARING_DAYS = env.int("CLEARING_DAYS", default=2)

# --- Downloads ---------------------------------------------------------------------------------
# In each web process, of whose threads they take no more than half (gunicorn.conf.py).
DOWNLOADS_AT_ONCE = max(1, env.int("GUNICORN_THREADS", default=4) // 2)

# --- Imports -----------------------------------------------------------------------------------
IMPORT_MAX_BYTES = env.int("IMPORT_MAX_BYTES", default=300 * 1024 * 1024)
IMPORT_UPLOAD_MAX_BYTES = env.int("IMPORT_UPLOAD_MAX_BYTES", default=20 * 1024 * 1024)
DATA_UPLOAD_MAX_NUMBER_FIELDS = 12_000  # a page of the admin's action form carries one field a row

# --- API ---------------------------------------------------------------------------------------
ANONYMOUS_API_RATES = ("50/h", "200/d")
SIGNED_IN_API_RATES = ("600/m",)
REST_FRAMEWORK = {
    # The token first: an anonymous request is a 401 then, and a failed CSRF check a 403.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.tokens.ApiTokenAuthentication",
        "nova.lib.rest.access.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["nova.lib.rest.access.RateThrottle"],
    "DEFAULT_PARSER_CLASSES": ["nova.lib.rest.body.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["nova.lib.rest.body.EnvelopeRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "nova.lib.rest.body.JSONWhateverIsAsked",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "nova.lib.rest.schema.EnvelopeSchema",
    "EXCEPTION_HANDLER": "nova.exceptions.handle",
}
KNOX_TOKEN_MODEL = "accounts.ApiToken"  # noqa: S105
MIGRATION_MODULES = {"knox": None}  # its migrations would create an unused table
REST_KNOX = {"TOKEN_TTL": None, "TOKEN_PREFIX": "nova_"}  # so that secret scanners recognise a token
SPECTACULAR_SETTINGS = {
    "TITLE": "NOVA Gestión de Cobranzas",
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SCHEMA_PATH_PREFIX_TRIM": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_NO_READ_ONLY_REQUIRED": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "SORT_OPERATIONS": False,
    "ENUM_NAME_OVERRIDES": {
        "Stage": "cases.models.CaseStatus.Stage",
        "ActivityType": "cases.models.Activity.Type",
        "RecordedType": "cases.api.serializers.TYPE_CHOICES",
        "PromiseStatus": "cases.models.Promise.Status",
        "EntryKind": "cases.models.LedgerEntry.Kind",
        "PaymentMethod": "cases.models.LedgerEntry.Method",
        "EntryReason": "cases.models.LedgerEntry.Reason",
        "StopReason": "cases.models.StopFlag.Reason",
        "ArrangementStatus": "cases.models.Arrangement.Status",
        "InstalmentStatus": "cases.models.Instalment.Status",
        "DocumentKind": "cases.models.Document.Kind",
        "PaymentFileStatus": "payments.models.PaymentFile.Status",
        "PaymentRowState": "payments.models.PaymentRow.State",
        "PaymentRowKind": "payments.models.PaymentRow.Kind",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "nova.lib.rest.schema.in_the_envelope",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_INCLUDE_SCHEMA": False,
}

# --- Mail --------------------------------------------------------------------------------------
EMAIL_HOST = env("MAIL_SERVER", default="smtp.zoho.com")
EMAIL_PORT = env.int("MAIL_PORT", default=465)
EMAIL_USE_SSL = env.bool("MAIL_USE_SSL", default=True)
EMAIL_USE_TLS = env.bool("MAIL_USE_TLS", default=False)
EMAIL_HOST_USER = env("MAIL_USERNAME", default="")
EMAIL_HOST_PASSWORD = env("MAIL_PASSWORD", default="")
DEFAULT_FROM_EMAIL = env("MAIL_DEFAULT_SENDER", default=EMAIL_HOST_USER or "nova@localhost")
EMAIL_TIMEOUT = env.int("MAIL_TIMEOUT", default=10)  # seconds for each step of the conversation

# Who is told about files of the watched folder that need somebody (`manage.py load_incoming`).
INCOMING_RECIPIENTS = env.list("INCOMING_RECIPIENTS", default=env.list("CONTACT_RECIPIENTS", default=[]))

# --- The public page and its form --------------------------------------------------------------
CONTACT_RECIPIENTS = env.list("CONTACT_RECIPIENTS", default=[])
CONTACT_RATES = ("50/h", "200/d")
VERIFICATION_RATES = ("30/m", "300/h")
# Whether `manage.py worker` mails; else the web process does, after it has answered.
CONTACT_WORKER = env.bool("CONTACT_WORKER", default=False)
AGENCY_NAME = env("AGENCY_NAME", default="NOVA Gestión de Cobranzas")
AGENCY_PHONE = env("AGENCY_PHONE", default="")
AGENCY_WHATSAPP = env("AGENCY_WHATSAPP", default="")
AGENCY_EMAIL = env("AGENCY_EMAIL", default="")
AGENCY_ADDRESS = env("AGENCY_ADDRESS", default="")
AGENCY_HOURS = env("AGENCY_HOURS", default="")
AGENCY_SINCE = env.int("AGENCY_SINCE", default=0)
AGENCY_FIGURES = env("AGENCY_FIGURES", default="")

# --- Logs --------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django.db.backends": {"level": "DEBUG" if env.bool("SQL_ECHO", default=False) else "INFO"},
        "axes": {"level": "WARNING"},
    },
}
