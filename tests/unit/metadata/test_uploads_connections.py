"""Kept connections: used again, bounded in length and time, and never left in a state that spoils the next request."""

import pytest

from metadata_service.connections import Address, Connections, Unreachable
from tests.unit.metadata.uploads_peers import CUT, a_peer, answer


def asked(connections: Connections, origin: str, limit: int = 100) -> bytes:
    return connections.ask(Address.parse(origin), "GET", "/x", headers={}, limit=limit).body


def a_connection() -> Connections:
    return Connections(patience=2, deadline=2)


@pytest.mark.parametrize("body", [b"", b"short"])
def test_a_connection_is_used_again(body: bytes) -> None:
    with a_peer([answer(200, body), answer(200, b"second")]) as peer:
        connections = a_connection()
        assert asked(connections, peer.origin) == body
        assert asked(connections, peer.origin) == b"second"
        assert peer.connections == 1


def test_after_an_answer_that_was_not_read_to_its_end_another_connection_is_made() -> None:
    with a_peer([answer(200, b"x" * 50, headers="Connection: close\r\n"), answer(200, b"second")]) as peer:
        connections = a_connection()
        assert asked(connections, peer.origin, limit=10) == b"x" * 10
        assert asked(connections, peer.origin) == b"second"
        assert peer.connections == 2


def test_a_refusal_is_read_whatever_the_limit() -> None:
    with a_peer([answer(403, b"y" * 50)]) as peer:
        assert asked(a_connection(), peer.origin, limit=10) == b"y" * 50


def test_it_says_whether_the_connection_had_been_used_before() -> None:
    with a_peer([CUT]) as peer, pytest.raises(Unreachable) as lost:
        asked(a_connection(), peer.origin)
    assert not lost.value.was_kept
    with a_peer([answer(200), CUT]) as peer:
        connections = a_connection()
        asked(connections, peer.origin)
        with pytest.raises(Unreachable) as lost:
            asked(connections, peer.origin)
    assert lost.value.was_kept


@pytest.mark.parametrize("text", ["", "unix:relative", "ftp://x", "http://", "http://x/path", "x:80"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="neither"):
        Address.parse(text)
