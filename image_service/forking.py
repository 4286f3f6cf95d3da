"""Makes a child: a process that has one connection, two pipes, and nothing else it could use."""

import contextlib
import gc
import os
import signal
import socket
import time

from image_service import sandbox, worker
from image_service.children import Child
from image_service.link import ToServer


def fork(connection: socket.socket, nowhere: int) -> Child:
    """A child for this connection; `nowhere` is an open /dev/null. Raises OSError where the kernel has no process left.

    Returns in the parent only.
    """
    reports, child_reports = os.pipe()
    child_permits, permits = os.pipe()
    parent = os.getpid()
    try:
        pid = os.fork()
    except OSError:
        for descriptor in (reports, child_reports, child_permits, permits):
            os.close(descriptor)
        raise
    if pid == 0:
        _live(connection, child_reports, child_permits, nowhere, parent)
    os.close(child_reports)
    os.close(child_permits)
    now = time.monotonic()
    return Child(pid, connection, reports, permits, begun=now, since=now)


def _live(connection: socket.socket, reports: int, permits: int, nowhere: int, parent: int) -> None:
    """The child's whole life. It never returns: nothing of the parent's may be unwound in it."""
    code = 1
    with contextlib.suppress(BaseException):
        _confine(connection.fileno(), reports, permits, nowhere, parent)
        worker.serve(connection, ToServer(reports, permits))
        code = 0
    os._exit(code)


def _confine(connection: int, reports: int, permits: int, nowhere: int, parent: int) -> None:
    gc.disable()  # a collection would touch, and so copy, the parent's pages
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM):  # a Ctrl-C goes to the whole group; the parent decides
        signal.signal(number, signal.SIG_IGN)
    _keep_only(connection, reports, permits, nowhere)
    sandbox.die_with_parent(parent)
    sandbox.limit_resources()
    sandbox.keep_only_decoding()


def _keep_only(connection: int, reports: int, permits: int, nowhere: int) -> None:
    """Close what the parent has open: other people's connections among it. The log and stderr lead to nowhere."""
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    kept = sorted((2, connection, reports, permits))
    for lower, upper in zip(kept, [*kept[1:], os.sysconf("SC_OPEN_MAX")], strict=True):
        os.closerange(lower + 1, upper)
