"""How gunicorn serves NOVA; WEB_CONCURRENCY says how many workers, GUNICORN_CMD_ARGS anything else."""

# The application is loaded once, before the workers: settings that refuse to start end gunicorn with their one line
# instead of workers that die and are born for ever, and the workers share its memory.
preload_app = True
