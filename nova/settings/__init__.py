"""Settings per environment: `base` has the common ones, `dev`, `test` and `production` the differences."""

import os
from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent.parent


def read_env_file() -> None:
    """Load `.env` from the project's root into the environment; real variables win over the file."""
    path = BASE_DIR / ".env"
    if path.is_file() and os.access(path, os.R_OK):
        environ.Env.read_env(path, overwrite=False)


def module_name(*, default: str) -> str:
    """The settings module: DJANGO_SETTINGS_MODULE from the environment, else from `.env`, else `default`."""
    read_env_file()
    return os.environ.get("DJANGO_SETTINGS_MODULE") or default
