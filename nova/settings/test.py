"""Tests: as development, with fast password hashing, mail in memory and no files but the tests' own."""

from nova.settings.base import *  # noqa: F403
from nova.settings.base import env

DEBUG = False
SECRET_KEY = "tests-only-key-that-is-long-enough-to-be-accepted"  # noqa: S105
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CONTACT_RECIPIENTS = ["cobranzas@agencia.example", "gerencia@agencia.example"]
DOWNLOADS_AT_ONCE = 1000  # tests ask for files and do not read them
CONTACT_WORKER = True  # no thread outlives a test; the thread of a web process is tested under gunicorn
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
TEST_REDIS_URL = env("TEST_REDIS_URL", default="redis://127.0.0.1:6379/15")
