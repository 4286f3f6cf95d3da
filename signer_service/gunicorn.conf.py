"""How the signer is served: one gunicorn, worker processes with threads, on a socket that only its callers can open."""

import ctypes
import os

bind = os.environ.get("BIND") or "127.0.0.1:9001"  # gunicorn takes an empty one for every address
workers = int(os.environ.get("WORKERS", "2"))
threads = int(os.environ.get("THREADS", "8"))
worker_class = "gthread"
worker_tmp_dir = "/dev/shm"  # noqa: S108 - a heartbeat file; a disk that stalls must not kill workers
umask = 0o007
keepalive = 75
timeout = 30
graceful_timeout = 20
control_socket_disable = True  # nothing steers it from outside
limit_request_line = 1024
limit_request_fields = 32
errorlog = "-"
loglevel = "warning"

# No core dump, no ptrace, and /proc/PID/environ for root alone; workers inherit it.
ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE, prctl(2)


def on_starting(_server: object) -> None:
    """Refuse a wrong environment here, once, instead of in every worker that would be started again."""
    from signer_service.config import Config

    Config.from_environment()
