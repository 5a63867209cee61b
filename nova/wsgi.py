"""The WSGI application that gunicorn serves; production settings unless the environment says otherwise."""

import os
from typing import Any

from django.core.wsgi import get_wsgi_application

from nova.lib.headers import make_readable
from nova.settings import module_name

os.environ.setdefault("DJANGO_SETTINGS_MODULE", module_name(default="nova.settings.production"))
_django = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Any) -> Any:
    make_readable(environ)
    return _django(environ, start_response)


# CPython gives a thread its stack of Python calls in blocks of 16 kB and returns each to the system as soon as it is
# left. Templates call deep and come back thousands of times a page, each time over the edge of a block: a quarter of
# the processor's time went there (bench/load.py). The outermost call asks for room for all of them at once.
application.__code__ = application.__code__.replace(co_stacksize=15_400)
