"""How gunicorn serves NOVA; WEB_CONCURRENCY says how many workers, GUNICORN_CMD_ARGS anything else."""

# The application is loaded once, before the workers: settings that refuse to start end gunicorn with their one line
# instead of workers that die and are born for ever, and the workers share its memory.
preload_app = True

# A thread of its own for the request, because a worker without one is taken for dead in the middle of a download of
# half a minute. One: where there is no Redis the counters of log-in live in a cache that does not count at once.
worker_class = "gthread"
threads = 1
