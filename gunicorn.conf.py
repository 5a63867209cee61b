"""How gunicorn serves NOVA, tuned by the environment: WEB_CONCURRENCY workers, GUNICORN_* below, GUNICORN_CMD_ARGS
anything else."""

import gc
import os
import signal
import sys

from nova.settings import read_env_file
from nova.warming import load_what_workers_share

read_env_file()

# The application is loaded once, before the workers: settings that refuse to start end gunicorn with their one line
# instead of workers that die and are born for ever, and the workers share its memory.
preload_app = True
# What is loaded stays to the end. Looking for garbage in it took a fifth of the start, and each worker that did so
# copied the memory that it shares: when_ready sets it apart, and begins.
gc.disable()

# Threads, so that one long answer is not the whole worker. They are few: each keeps a connection of the database.
worker_class = "nova.gunicorn_worker.PatientWorker"
threads = int(os.environ.get("GUNICORN_THREADS", "4"))
workers = int(os.environ.get("WEB_CONCURRENCY", "1"))
bind = os.environ.get("GUNICORN_BIND", "127.0.0.1:8000")
timeout = int(os.environ.get("GUNICORN_TIMEOUT", "60"))
# On SIGTERM: nothing new is accepted, what is under way may end. Below the ten seconds after which Docker kills,
# unless compose.yaml gives more.
graceful_timeout = int(os.environ.get("GUNICORN_GRACEFUL_TIMEOUT", "25"))
# In Python sendfile waits in the thread, without end, for a client that does not read (nova.gunicorn_worker).
sendfile = False
keepalive = int(os.environ.get("GUNICORN_KEEPALIVE", "5"))
# A worker is replaced after so many requests, not all at once: what a library leaks does not add up.
max_requests = int(os.environ.get("GUNICORN_MAX_REQUESTS", "5000"))
max_requests_jitter = max_requests // 10
# The heartbeat is a file: in memory, also where the root file system is read-only.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108, PTH112
control_socket_disable = True  # would be a file in the home of a user who has none
# gunicorn believes nobody's headers about the visitor, the scheme or the place of the site: whom to believe is settled
# by TRUSTED_PROXY_HOPS, in the application alone (nova.middleware, SECURE_PROXY_SSL_HEADER).
forwarded_allow_ips = ""
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}

if os.environ.get("DJANGO_SETTINGS_MODULE", "nova.settings.production") == "nova.settings.production":
    from nova.logs import configuration

    logconfig_dict = configuration(os.environ.get("LOG_LEVEL", "INFO"))


def _metrics():
    """nova.metrics, where METRICS_TOKEN made the settings load it."""
    return sys.modules.get("nova.metrics")


def when_ready(server):
    load_what_workers_share()
    gc.freeze()
    gc.enable()
    _keep_signals_of_new_workers()


def pre_fork(server, worker):
    """In the parent: the new worker counts in the place that a dead one left (nova.metrics)."""
    if _metrics():
        worker.place = _metrics().free_place([other.place for other in server.WORKERS.values()])


def post_fork(server, worker):
    gc.enable()  # a reload has read this file again, and is no start
    _listen(worker)
    if _metrics():
        _metrics().count_in(worker.place)


# What a new worker was told before it listened for itself was lost, and it was waited for to the end of
# graceful_timeout: until then a stop waits in the kernel.
STOP = {signal.SIGTERM}


def _keep_signals_of_new_workers():
    parent = os.getpid()

    def hold():
        if os.getpid() == parent:
            signal.pthread_sigmask(signal.SIG_BLOCK, STOP)

    os.register_at_fork(before=hold, after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP))


def _listen(worker):
    """In the child, until it sets its own handlers."""

    def stop(*_):
        worker.alive = False

    signal.signal(signal.SIGTERM, stop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP)
