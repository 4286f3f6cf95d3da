"""What the server knows of one child, and what it says for a child that died before it could answer."""

import enum
import os
import signal
import socket
from dataclasses import dataclass

from image_service import link
from image_service.errors import DecoderUnavailable, FileRejected, ReadingTooSlow, Refusal
from image_service.sandbox import CPU_SECONDS


class Stage(enum.Enum):
    """How far a child has come; the value is how many seconds it may stay there."""

    READING = 10.0
    WAITING = 6.0
    DECODING = 15.0
    ANSWERING = 5.0


READING_SECONDS_WHEN_FULL = 1.0
# The kernel's count for the limit and the one it reports differ by its ticks.
_CPU_TOLERANCE = 0.25
# By its own doing: a decoder that overran its memory, or its buffers.
_OWN_FAULT = {
    signal.SIGABRT,
    signal.SIGBUS,
    signal.SIGFPE,
    signal.SIGILL,
    signal.SIGSEGV,
    signal.SIGSYS,
    signal.SIGXCPU,
    signal.SIGXFSZ,
}


@dataclass(eq=False, slots=True)
class Child:
    """A forked child; `begun` and `since` (its stage's beginning) are on the monotonic clock, in seconds."""

    pid: int
    connection: socket.socket
    reports: int
    permits: int
    begun: float
    since: float
    stage: Stage = Stage.READING
    route: str = ""
    request_id: str = ""
    lane: str = ""
    status: int = 0
    outcome: str = ""
    had_decoder: bool = False
    is_refused: bool = False
    heard: bytes = b""
    is_overdue: bool = False

    def deadline(self, *, is_full: bool) -> float:
        """When its stage must be over. Where no other child can be made, a slow reader is given less time."""
        if self.stage is Stage.READING and is_full:
            return self.since + READING_SECONDS_WHEN_FULL
        return self.since + self.stage.value

    def decode(self, now: float) -> None:
        """Let it begin."""
        self.stage, self.since, self.had_decoder = Stage.DECODING, now, True
        link.permit(self.permits, granted=True)

    def refuse(self) -> None:
        """Send it away; it tells its client."""
        self.is_refused = True
        link.permit(self.permits, granted=False)

    def hear(self, received: bytes, now: float) -> None:
        """Take in what the child said. Raises LinkBroken."""
        self.heard += received
        if len(self.heard) > link.MOST_BYTES:
            raise link.LinkBroken
        *lines, self.heard = self.heard.split(b"\n")
        for line in lines:
            self._take(link.words(line), now)

    def _take(self, said: dict[str, str], now: float) -> None:
        if "route" in said:
            self.route, self.request_id = said["route"], said["request_id"]
        elif "lane" in said and self.stage is Stage.READING:
            self.lane, self.stage, self.since = said["lane"], Stage.WAITING, now
        elif "status" in said and self.stage is not Stage.ANSWERING:
            self.status, self.outcome = int(said["status"]), said["outcome"]
            self.stage, self.since = Stage.ANSWERING, now
        else:
            raise link.LinkBroken


def verdict(child: Child, wait_status: int, cpu_seconds: float) -> Refusal | None:
    """The answer to give for a child that has ended: None where it gave its own, or where nobody waits for one."""
    code = os.waitstatus_to_exitcode(wait_status)
    if child.stage is Stage.ANSWERING or code == 0:
        return None
    if child.is_overdue and child.stage is Stage.READING:
        return ReadingTooSlow("The request did not arrive in time.")
    if child.stage is Stage.DECODING and not child.is_overdue and _is_own_fault(code, cpu_seconds):
        return FileRejected("damaged", "The file costs more to decode than a file may.")
    return DecoderUnavailable("The decoder was stopped; ask again.")


def _is_own_fault(code: int, cpu_seconds: float) -> bool:
    """An exit by itself, a crash, or the kernel's kill at the CPU limit; any other signal came from outside."""
    return code > 0 or -code in _OWN_FAULT or cpu_seconds >= CPU_SECONDS - _CPU_TOLERANCE
