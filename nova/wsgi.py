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
