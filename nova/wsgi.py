"""The WSGI application that gunicorn serves; production settings unless the environment says otherwise."""

import os

from django.core.wsgi import get_wsgi_application

from nova.settings import module_name

os.environ.setdefault("DJANGO_SETTINGS_MODULE", module_name(default="nova.settings.production"))
application = get_wsgi_application()
