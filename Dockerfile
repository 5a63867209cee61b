# The application and its server, on Python's own slim image. docs/operations.md says how it is run.

FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
# A venv without pip: what only installs has no place where it is run. Everything comes as a wheel, by its hash.
COPY requirements/production.txt requirements/production.txt
RUN python -m venv --without-pip /opt/venv \
    && python -m pip --python /opt/venv/bin/python install --require-hashes --only-binary :all: \
        --requirement requirements/production.txt
COPY . .
# Static files with their hash in their name, compressed; these settings serve nobody.
RUN DJANGO_SETTINGS_MODULE=nova.settings.production SECRET_KEY=built-without-any-secret-of-any-installation-0123456789 \
    ALLOWED_HOSTS=localhost DATABASE_URL=sqlite:// \
    /opt/venv/bin/python manage.py collectstatic --no-input --verbosity 0 \
    && /opt/venv/bin/python -m compileall -q /opt/venv/lib /app \
    && mkdir data

FROM python:3.11-slim
# The number of the first user of a Linux machine, so that ./data can be shared with whoever deploys.
RUN useradd --uid 1000 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin appuser
COPY --from=build /opt/venv /opt/venv
COPY --from=build --chown=appuser:appuser /app/data /app/data
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=nova.settings.production \
    GUNICORN_BIND=0.0.0.0:5000 \
    WEB_CONCURRENCY=2
WORKDIR /app
USER 1000
EXPOSE 5000
# SIGTERM lets what is under way end (GUNICORN_GRACEFUL_TIMEOUT).
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:5000/healthz', timeout=4)"]
CMD ["gunicorn", "nova.wsgi"]
