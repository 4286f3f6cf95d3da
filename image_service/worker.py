"""What a forked child does: read one request, decode one file, answer, and be gone."""

import contextlib
import re
import socket
from collections.abc import Callable

from image_service import decode, inspect_pdf, render, rules, wire
from image_service.errors import (
    BadRequest,
    DecodersBusy,
    DecoderUnavailable,
    FileRejected,
    MethodUnknown,
    PathUnknown,
    Refusal,
)
from image_service.link import ToServer

_BODY_WAS_READ = (200, 422, 503)
_LANE = re.compile(r"[A-Za-z0-9_-]{1,64}")


def serve(connection: socket.socket, link: ToServer) -> None:
    """One request, from its first byte to its answer's last. A client that leaves is no error."""
    with contextlib.suppress(wire.ClientGone, ConnectionError):
        status, outcome, pieces = _answered(connection, link)
        link.answers(status, outcome)
        for piece in pieces:
            connection.sendall(piece)
        if status not in _BODY_WAS_READ:
            _part(connection)


def _answered(connection: socket.socket, link: ToServer) -> tuple[int, str, list[bytes]]:
    try:
        head = wire.read_head(connection)
        link.read(head.path.removeprefix("/") if head.path in _ROUTES else "", head.request_id)
        return 200, "ok", _route(head)(connection, head, link)
    except Refusal as error:
        return error.status, error.outcome, wire.refusal(error)
    except MemoryError:
        damaged = FileRejected("damaged", "The file needs more memory than a decode is given.")
        return damaged.status, "memory", wire.refusal(damaged)
    except (PermissionError, ImportError) as fault:  # the sandbox denied what a decode needs: ours to mend
        unavailable = DecoderUnavailable("The decoder could not do its work.")
        return unavailable.status, type(fault).__name__, wire.refusal(unavailable)


_Route = Callable[[socket.socket, wire.Head, ToServer], list[bytes]]


def _route(head: wire.Head) -> _Route:
    methods = _ROUTES.get(head.path)
    if methods is None:
        raise PathUnknown(f"the paths are {', '.join(sorted(_ROUTES))}")
    if head.method not in methods:
        raise MethodUnknown(f"{head.path} takes {', '.join(methods)}")
    return methods[head.method]


def _images(connection: socket.socket, head: wire.Head, link: ToServer) -> list[bytes]:
    asked = rules.parse(head.single("X-Rules") or "")
    lane = _lane(head)
    if not lane:
        raise BadRequest("X-Lane is needed")
    content = wire.read_body(connection, head)
    _wait_for_a_decoder(link, lane)
    made = render.render(decode.opened(content, asked), asked)
    parts = [{"name": one.name, "width": one.width, "height": one.height, "bytes": len(one.jpeg)} for one in made]
    headers = [("Content-Type", "application/octet-stream"), ("X-Parts", wire.one_line(parts))]
    return wire.answer(200, headers, [one.jpeg for one in made])


def _pdfs(connection: socket.socket, head: wire.Head, link: ToServer) -> list[bytes]:
    lane = _lane(head)
    content = wire.read_body(connection, head)
    _wait_for_a_decoder(link, lane)
    return wire.json_answer(200, {"pages": inspect_pdf.inspect(content)})


def _healthz(connection: socket.socket, head: wire.Head, link: ToServer) -> list[bytes]:
    return wire.json_answer(200, {"status": "ok"})


_ROUTES: dict[str, dict[str, _Route]] = {
    "/images": {"POST": _images},
    "/pdfs": {"POST": _pdfs},
    "/healthz": {"GET": _healthz},
}


def _lane(head: wire.Head) -> str:
    lane = head.single("X-Lane") or ""
    if lane and not _LANE.fullmatch(lane):
        raise BadRequest("X-Lane is 1 to 64 letters, digits, - or _")
    return lane


def _wait_for_a_decoder(link: ToServer, lane: str) -> None:
    if not link.may_decode(lane):
        raise DecodersBusy("Every decoder is busy, or one is at work for this person; ask again.")


def _part(connection: socket.socket) -> None:
    """End the answer, then take what may still come: closing on unread bytes would cut the answer off."""
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(1 << 16):
        pass
