#!/usr/bin/env python
"""Django's command line for NOVA; settings module from the environment or .env, development by default."""

import gc
import os
import sys

from django.core.management import execute_from_command_line

from nova.settings import module_name


def main() -> None:
    # Rarely: looking for garbage in what is being loaded took a seventh of a short command.
    gc.set_threshold(100_000, 20, 20)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", module_name(default="nova.settings.dev"))
    try:
        execute_from_command_line(sys.argv)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read what we print (`| head`) has gone: no reason to complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
