"""A virus scanner that does not say "clean" in clamd's own words: nothing is let through, and soon."""

import logging
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from metadata_service import scanning
from metadata_service.errors import Unavailable
from metadata_service.scanning import PIECE, Scanner
from metadata_service.upload_errors import UploadRejected

SILENT = None
DOCUMENT = b"%PDF-1.4 " + bytes(range(256)) * 2400  # more than two pieces


@contextmanager
def a_clamd(answer: bytes | None, *, hangs_up_after: int | None = None) -> Iterator[tuple[Scanner, list[bytes]]]:
    """Reads all that is said (or so much of it), then answers, or says nothing; and what it heard."""
    heard: list[bytes] = []
    is_over = threading.Event()
    with tempfile.TemporaryDirectory(prefix="cs-av-") as folder, socket.socket(socket.AF_UNIX) as listener:
        path = Path(folder) / "clamd.ctl"
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            line, _ = listener.accept()
            with line:
                heard.append(_listened(line, hangs_up_after))
                if answer is not None:
                    line.sendall(answer)
                else:
                    is_over.wait(20)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield Scanner(str(path)), heard
        finally:
            is_over.set()
            thread.join(20)


def _listened(line: socket.socket, at_most: int | None) -> bytes:
    with line.makefile("rb") as said:
        if at_most is not None:
            return said.read(at_most)
        command = b""
        while not command.endswith(b"\0"):
            command += said.read(1)
        pieces = []
        while command == b"zINSTREAM\0" and (length := int.from_bytes(said.read(4), "big")):
            assert length <= PIECE
            pieces.append(said.read(length))
        return command + b"".join(pieces)


def without_verdict(act: Callable[[], None]) -> str:
    """What our log is told of why there is none."""
    with pytest.raises(Unavailable) as unavailable:
        act()
    assert int(unavailable.value.headers["Retry-After"]) > 0
    return str(unavailable.value.__cause__)


def test_a_clean_document_passes_and_was_sent_whole() -> None:
    with a_clamd(b"stream: OK\0") as (scanner, heard):
        scanner.scan(DOCUMENT)
    assert heard == [b"zINSTREAM\0" + DOCUMENT]


class Lines(logging.Handler):
    """What our log was told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[logging.LogRecord] = []
        scanning.log.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(record)


def test_a_known_one_is_rejected_and_only_our_log_says_as_what() -> None:
    lines = Lines()
    with a_clamd(b"stream: Pdf.Exploit.CVE_2017-1 FOUND\0") as (scanner, _), pytest.raises(UploadRejected) as rejected:
        scanner.scan(DOCUMENT)
    scanning.log.removeHandler(lines)
    assert rejected.value.reason == "infected"
    assert "CVE" not in str(rejected.value.answer())
    assert [vars(line)["signature"] for line in lines.told] == ["Pdf.Exploit.CVE_2017-1"]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\0",
        b"OK\0",
        b"stream: OK",
        b"stream: OK\n",
        b"stream: ok\0",
        b"stream: OK\0stream: OK\0",
        b"1: stream: OK\0",
        b"stream: Can't allocate memory ERROR\0",
        b"INSTREAM size limit exceeded. ERROR\0",
        b"stream: FOUND\0",
        b"HTTP/1.1 200 OK\r\n\r\n\0",
        b"x" * 4096,
    ],
)
def test_whatever_else_is_said_is_no_verdict(answer: bytes) -> None:
    with a_clamd(answer) as (scanner, _):
        without_verdict(lambda: scanner.scan(DOCUMENT))


@pytest.mark.parametrize("answer", [b"INSTREAM size limit exceeded. ERROR\0", b"stream: OK\0"])
def test_half_a_document_is_not_judged_and_the_log_says_why(answer: bytes) -> None:
    # Enough that it cannot all wait in the socket's buffers.
    with a_clamd(answer, hangs_up_after=20) as (scanner, _):
        without_verdict(lambda: scanner.scan(DOCUMENT * 10))


def test_without_a_socket_there_is_no_verdict(tmp_path: Path) -> None:
    scanner = Scanner(str(tmp_path / "none"))
    assert "No such file" in without_verdict(lambda: scanner.scan(DOCUMENT))
    assert "No such file" in without_verdict(scanner.ping)


def test_a_scanner_that_says_nothing_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "PATIENCE", 0.3)
    with a_clamd(SILENT) as (scanner, _):
        began = time.monotonic()
        without_verdict(lambda: scanner.scan(DOCUMENT))
        assert time.monotonic() - began < 5


@pytest.mark.parametrize(("answer", "is_there"), [(b"PONG\0", True), (b"PING\0", False), (b"PONG", False)])
def test_readiness_asks_for_a_pong(answer: bytes, is_there: bool) -> None:
    with a_clamd(answer) as (scanner, heard):
        if is_there:
            scanner.ping()
        else:
            without_verdict(scanner.ping)
    assert heard == [b"zPING\0"]
