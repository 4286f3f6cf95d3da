"""nginx and gunicorn agree on where every request ends (S19)."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.gateway.gateway_process import REPOSITORY, Gateway, eventually, short_folder
from tests.integration.gateway.raw_http import exchange, request

# What an attacker would like to have taken for a request of its own.
HIDDEN = b"GET /profiles/hidden HTTP/1.1\r\nHost: a\r\nX: "
TOP = b"POST /links HTTP/1.1\r\nHost: a\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
LENGTH = b"Content-Length: %d\r\n"


class Gunicorn:
    """gunicorn as the services configure it; `seen` is what reached the application."""

    def __init__(self, folder: Path) -> None:
        self.seen_file = folder / "seen"
        self.socket = folder / "flask.sock"
        command = [sys.executable, "-m", "gunicorn", "-b", f"unix:{self.socket}", "-w", "1", "-k", "gthread"]
        command += ["--threads", "8", "--keep-alive", "75", "--umask", "0", "--log-level", "error"]
        command += ["tests.integration.gateway.flask_upstream:app"]
        environment = os.environ | {"SEEN_FILE": str(self.seen_file), "PYTHONPATH": str(REPOSITORY)}
        self.process = subprocess.Popen(command, env=environment, cwd=REPOSITORY)
        eventually(self.socket.exists, "gunicorn listens", 30)

    def seen(self) -> list[str]:
        return self.seen_file.read_text().splitlines() if self.seen_file.exists() else []

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture(scope="module")
def gunicorn() -> Iterator[Gunicorn]:
    folder = short_folder()
    server = Gunicorn(folder)
    yield server
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def fronted(gunicorn: Gunicorn) -> Iterator[Gateway]:
    gateway = Gateway(f"unix:{gunicorn.socket}")
    yield gateway
    gateway.stop()


def attack(headers: bytes, body: bytes) -> bytes:
    return TOP + headers + b"\r\n" + body


CL_TE = LENGTH % (5 + len(HIDDEN)) + CHUNKED
TE_CL_BODY = b"%x\r\n" % len(HIDDEN) + HIDDEN + b"\r\n0\r\n\r\n"
ENDED = b"0\r\n\r\n"
CL_0 = b"Content-Length: 0\r\n"

TRANSFER_ENCODINGS = [
    b"Transfer-Encoding: xchunked",
    b"Transfer-Encoding: chunked, identity",
    b"Transfer-Encoding: identity, chunked",
    b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding : chunked",
    b"Transfer-Encoding:\tchunked",
    b"Transfer-Encoding:\x0bchunked",
    b"Transfer-Encoding: \x00chunked",
    b"Transfer-Encoding: chunked\x0b",
    b'Transfer-Encoding: "chunked"',
    b"Transfer-Encoding: chunked;q=1",
    b"Transfer-Encoding: CHUNKED",
    b"Transfer-Encoding:\r\n chunked",
    b"X: y\r\n Transfer-Encoding: chunked",
    b"X: y\rTransfer-Encoding: chunked",
    b"X: y\nTransfer-Encoding: chunked",
    b" Transfer-Encoding: chunked",
    b"\tTransfer-Encoding: chunked",
    b"Transfer_Encoding: chunked",
    b"Transfer-Encoding\x00: chunked",
    b"Transfer-Encoding",
    b": chunked",
]
LENGTHS = [
    b"Content-Length: 0\r\nContent-Length: %d",
    b"Content-Length: %d\r\nContent-Length: 0",
    b"Content-Length: %d\r\nContent-Length: %d",
    b"Content-Length: 0, %d",
    b"Content-Length: +%d",
    b"Content-Length: -%d",
    b"Content-Length: 0x%x",
    b"Content-Length: %d\x0b",
    b"Content-Length: %d_0",
    b"Content-Length: %d.0",
    b'Content-Length: "%d"',
    b"Content-Length: 0%d",
    b"Content-Length : %d",
    b"Content-Length:\r\n %d",
    b" Content-Length: %d",
    b"Content_Length: %d",
    b"Content-Length: %d\nX: y",
    b"Content-Length: %d 1",
    b"Content-Length: 99999999999999999999%d",
    b"Content-Length:",
]
CHUNKS = [
    b"5;extension\r\nhello\r\n0\r\n\r\n",
    b"5;a=" + b"b" * 5000 + b"\r\nhello\r\n0\r\n\r\n",
    b'5;a="\r\nX: y"\r\nhello\r\n0\r\n\r\n',
    b"5;a\nhello\r\n0\r\n\r\n",
    b"5\nhello\n0\n\n",
    b"5\r\nhello0\r\n\r\n",
    b"5\r\nhello\n\n0\r\n\r\n",
    b"0x5\r\nhello\r\n0\r\n\r\n",
    b"+5\r\nhello\r\n0\r\n\r\n",
    b"-5\r\nhello\r\n0\r\n\r\n",
    b" 5\r\nhello\r\n0\r\n\r\n",
    b"5 \r\nhello\r\n0\r\n\r\n",
    b"5\t;x\r\nhello\r\n0\r\n\r\n",
    b"\r\n5\r\nhello\r\n0\r\n\r\n",
    b"5_0\r\nhello\r\n0\r\n\r\n",
    b"ffffffffffffffff5\r\nhello\r\n0\r\n\r\n",
    b"00000000000000005\r\nhello\r\n0\r\n\r\n",
    b"5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
    b"5\r\nhello\r\n0\r\n" + HIDDEN + b"\r\n\r\n",
    b"5\r\nhello\r\n00\r\n\r\n",
    b"5\r\nhello\r\n0;x\r\n\r\n",
    b"5\rX\r\nhello\r\n0\r\n\r\n",
    b"5\r\rhello\r\n0\r\n\r\n",
]


def _filled(pattern: bytes) -> bytes:
    number = pattern.count(b"%d") + pattern.count(b"%x")
    return pattern % ((len(HIDDEN),) * number) if number else pattern


def _attacks() -> dict[str, bytes]:
    found = {
        "CL.TE": attack(CL_TE, ENDED + HIDDEN),
        "TE.CL": attack(CHUNKED + LENGTH % 4, TE_CL_BODY),
        "CL.TE, 1.0": attack(CL_TE, ENDED + HIDDEN).replace(b"HTTP/1.1", b"HTTP/1.0", 1),
        "TE, 1.0": attack(CHUNKED, TE_CL_BODY).replace(b"HTTP/1.1", b"HTTP/1.0", 1),
    }
    for header in TRANSFER_ENCODINGS:
        found[f"TE.CL {header!r}"] = attack(header + b"\r\n" + LENGTH % len(ENDED + HIDDEN), ENDED + HIDDEN)
        found[f"CL.0 {header!r}"] = attack(LENGTH % len(TE_CL_BODY) + header + b"\r\n", TE_CL_BODY)
    for pattern in LENGTHS:
        found[f"CL.CL {pattern!r}"] = attack(_filled(pattern) + b"\r\n", HIDDEN)
        found[f"CL.TE {pattern!r}"] = attack(_filled(pattern) + b"\r\n" + CHUNKED, TE_CL_BODY)
    for body in CHUNKS:
        found[f"chunks {body[:40]!r}"] = attack(CHUNKED, body)
    found["expect"] = attack(b"Expect: 100-continue\r\n" + LENGTH % len(HIDDEN), HIDDEN)
    found["expect odd"] = attack(b"Expect: x 100-continue\r\n" + LENGTH % len(HIDDEN), HIDDEN)
    found["obs-fold in a header"] = attack(b"X: a\r\n b\r\n" + LENGTH % len(HIDDEN), HIDDEN)
    found["a body on GET"] = attack(LENGTH % len(HIDDEN), HIDDEN).replace(b"POST", b"GET", 1)
    found["a body on DELETE"] = attack(LENGTH % len(HIDDEN), HIDDEN).replace(b"POST /links", b"DELETE /links/x", 1)
    found["a body on OPTIONS"] = attack(LENGTH % len(HIDDEN), HIDDEN).replace(b"POST", b"OPTIONS", 1)
    found["a refused body"] = attack(LENGTH % len(HIDDEN), HIDDEN).replace(b"/links", b"/nothing", 1)
    found["named by Connection"] = attack(b"Connection: Content-Length\r\n" + LENGTH % len(HIDDEN), HIDDEN)
    found["bare LF throughout"] = attack(LENGTH % 2, b"{}").replace(b"\r\n", b"\n")
    found["bare CR between"] = TOP.replace(b"\r\nHost", b"\rHost") + b"\r\n"
    found["a space in the target"] = b"GET /profiles HTTP/1.1\x20HTTP/1.1\r\nHost: a\r\n\r\n"
    found["websocket"] = (
        TOP.replace(b"POST", b"GET") + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n" + b"\x81\x05hello"
    )
    found["h2c"] = (
        TOP.replace(b"POST", b"GET")
        + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n"
    )
    found["http/2 preface"] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    return found


ATTACKS = _attacks()


@pytest.mark.parametrize("name", ATTACKS)
def test_s19_an_odd_request_gets_an_error_or_one_answer(fronted: Gateway, gunicorn: Gunicorn, name: str) -> None:
    before = len(gunicorn.seen())
    found = exchange(fronted.port, ATTACKS[name], silence=0.3)
    refused = [answer.status for answer in found if answer.status >= 400]
    seen = gunicorn.seen()[before:]
    assert len(seen) <= 1, (found, seen)
    assert not any("hidden" in line for line in seen)
    # What follows a whole request is the next one's beginning: an answer to it can only say that it is none.
    served = [answer for answer in found if answer.status < 400 and answer.status != 100]
    assert len(served) <= 1, found
    assert len(refused) <= 1, found
    assert not (found and refused and found[0].status >= 400 and served), found


def test_s19_the_connection_to_the_service_stays_in_step(fronted: Gateway, gunicorn: Gunicorn) -> None:
    for raw in ATTACKS.values():
        exchange(fronted.port, raw, silence=0.05)
        before = len(gunicorn.seen())
        assert request(fronted.port, "GET", "/profiles/witness").json == {"seen": True}
        assert "GET /profiles/witness 0" in gunicorn.seen()[before:]


def test_s19_two_whole_requests_are_two(fronted: Gateway, gunicorn: Gunicorn) -> None:
    before = len(gunicorn.seen())
    one = b"POST /links HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
    found = exchange(fronted.port, one + one.replace(b"Host", b"Connection: close\r\nHost"))
    assert [answer.status for answer in found] == [200, 200]
    assert gunicorn.seen()[before:] == ["POST /links 2"] * 2


def test_many_slow_clients_do_not_stall_gunicorn(fronted: Gateway, gunicorn: Gunicorn) -> None:
    top = b"POST /links HTTP/1.1\r\nHost: a\r\nContent-Length: 4000\r\n\r\n{"
    slow = [socket.create_connection(("127.0.0.1", fronted.port)) for _ in range(100)]
    try:
        for connection in slow:
            connection.sendall(top)
        before = len(gunicorn.seen())
        assert {request(fronted.port, "GET", "/profiles").status for _ in range(10)} == {200}
        assert gunicorn.seen()[before:] == ["GET /profiles 0"] * 10
    finally:
        for connection in slow:
            connection.close()
