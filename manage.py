#!/usr/bin/env python
"""Django's command line for NOVA; settings module from the environment or .env, development by default."""

import os
import sys

from django.core.management import execute_from_command_line

from nova.settings import module_name


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", module_name(default="nova.settings.dev"))
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
