"""How metadata is served: one gunicorn, worker processes with threads, on a socket that only its callers can open."""

import ctypes
import os

bind = os.environ.get("BIND", "127.0.0.1:9000")
workers = int(os.environ.get("WORKERS", "2"))
threads = int(os.environ.get("THREADS", "8"))
worker_class = "gthread"
worker_tmp_dir = "/dev/shm"  # noqa: S108 - a heartbeat file; a disk that stalls must not kill workers
umask = 0o007
keepalive = 75
timeout = 90  # a complete waits for S3, the decoder and S3 again
graceful_timeout = 30
control_socket_disable = True  # nothing steers it from outside
limit_request_line = 4094
limit_request_fields = 50
errorlog = "-"
loglevel = "warning"

# No core dump, no ptrace, and /proc/PID/environ for root alone; workers inherit it.
ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE, prctl(2)
