"""The warm parent: accepts, forks a child for each connection, watches the clock, and answers for children that died.

It reads nothing that a client sent, and of a child only the few words of link.py.
"""

import contextlib
import os
import selectors
import signal
import socket
import time

from image_service import decoders, forking, link, wire
from image_service.children import Child, Stage, verdict
from image_service.errors import DecoderUnavailable, Refusal
from image_service.logs import Log

MOST_CHILDREN = 32
STOP_SECONDS = 8.0  # docker kills ten seconds after it has asked


class Server:
    """Serves on a listening socket until it is told to stop."""

    def __init__(self, listener: socket.socket, most_decoding: int, log: Log) -> None:
        self._listener = listener
        self._most_decoding = most_decoding
        self._log = log
        self._children: dict[int, Child] = {}  # by the descriptor of their reports
        self._selector = selectors.DefaultSelector()
        self._nowhere = os.open(os.devnull, os.O_RDWR)
        self._stop_by: float | None = None
        self._is_accepting = False

    def serve(self) -> None:
        """Run until SIGTERM or SIGINT, then until the last child has ended."""
        self._hear_signals()
        self._accept_if_there_is_room()
        while self._stop_by is None or self._children:
            for event, _ in self._selector.select(self._next_deadline()):
                self._dispatch(event.fd)
            self._end_the_overdue()
            self._accept_if_there_is_room()

    def _hear_signals(self) -> None:
        self._signalled, wakeup = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wakeup)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        self._selector.register(self._signalled, selectors.EVENT_READ)

    def _dispatch(self, descriptor: int) -> None:
        if descriptor == self._signalled:
            self._stop()
        elif self._is_accepting and descriptor == self._listener.fileno():
            self._accept()
        elif descriptor in self._children:
            self._hear(self._children[descriptor])

    # --- connections

    def _accept_if_there_is_room(self) -> None:
        """At the most children, further connections wait in the kernel's queue."""
        wanted = self._stop_by is None and len(self._children) < MOST_CHILDREN
        if wanted and not self._is_accepting:
            self._selector.register(self._listener, selectors.EVENT_READ)
        elif self._is_accepting and not wanted:
            self._selector.unregister(self._listener)
        self._is_accepting = wanted

    def _accept(self) -> bool:
        """Fork for the next connection; False where none waits."""
        try:
            connection, _ = self._listener.accept()
        except OSError:  # none there (any more), or no descriptor left
            return False
        try:
            child = forking.fork(connection, self._nowhere)
        except OSError as error:
            self._log.write("error", "fork_failed", error=error.strerror)
            _say(connection, DecoderUnavailable("No process can be made; ask again."))
            return True
        self._children[child.reports] = child
        self._selector.register(child.reports, selectors.EVENT_READ)
        return True

    def _stop(self) -> None:
        """Take who has come already, then nobody."""
        os.read(self._signalled, 64)
        if self._stop_by is not None:
            return
        self._stop_by = time.monotonic() + STOP_SECONDS
        self._log.write("info", "stopping", children=len(self._children))
        while len(self._children) < MOST_CHILDREN and self._accept():
            pass
        self._accept_if_there_is_room()
        self._listener.close()

    # --- children

    def _hear(self, child: Child) -> None:
        received = os.read(child.reports, link.MOST_BYTES)
        if not received:
            self._bury(child)
            return
        try:
            child.hear(received, time.monotonic())
        except link.LinkBroken:
            self._log.write("error", "child_misbehaved", pid=child.pid)
            self._bury(child)
            return
        self._give_turns()

    def _give_turns(self) -> None:
        """Tell those who ask, in the order they came."""
        for child in list(self._children.values()):
            if child.stage is not Stage.WAITING:
                continue
            match decoders.turn(child, self._children.values(), self._most_decoding):
                case decoders.Turn.NOW:
                    child.decode(time.monotonic())
                case decoders.Turn.NO if not child.is_refused:
                    child.refuse()

    def _next_deadline(self) -> float | None:
        """Seconds from now to the first moment at which something must end."""
        moments = [child.deadline(is_full=self._is_full) for child in self._children.values()]
        if self._stop_by is not None:
            moments.append(self._stop_by)
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def _end_the_overdue(self) -> None:
        now, is_full = time.monotonic(), self._is_full
        for child in list(self._children.values()):
            if child.deadline(is_full=is_full) <= now or (self._stop_by is not None and self._stop_by <= now):
                child.is_overdue = True
                self._bury(child)

    @property
    def _is_full(self) -> bool:
        return len(self._children) >= MOST_CHILDREN

    def _bury(self, child: Child) -> None:
        """End the child where it still lives, answer for it where it did not, and close what was its own."""
        os.kill(child.pid, signal.SIGKILL)  # of one that has ended by itself, the exit status stays
        _, wait_status, usage = os.wait4(child.pid, 0)
        del self._children[child.reports]
        self._selector.unregister(child.reports)
        os.close(child.reports)
        os.close(child.permits)
        refusal = verdict(child, wait_status, usage.ru_utime + usage.ru_stime)
        if refusal is not None:
            child.status, child.outcome = refusal.status, refusal.outcome
            _say(child.connection, refusal)
        child.connection.close()
        self._record(child, wait_status, round(1000 * (usage.ru_utime + usage.ru_stime)))
        self._give_turns()

    def _record(self, child: Child, wait_status: int, cpu_ms: int) -> None:
        self._log.write(
            "debug" if child.route == "healthz" else "info",
            child.route or "request",
            request_id=child.request_id,
            status=child.status or None,
            outcome=child.outcome or "client_gone",
            ms=round(1000 * (time.monotonic() - child.begun)),
            cpu_ms=cpu_ms,
            exit=os.waitstatus_to_exitcode(wait_status) or None,
        )


def _say(connection: socket.socket, refusal: Refusal) -> None:
    """Answer from the parent: as much as fits the socket at once, which these few bytes do."""
    connection.setblocking(False)
    with contextlib.suppress(OSError):
        connection.sendall(b"".join(wire.refusal(refusal)))
    connection.close()
