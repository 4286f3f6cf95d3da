"""S3's answers, and what they mean to us."""

import pytest

from metadata_service.errors import Unavailable
from metadata_service.s3 import S3, DeleteRefused, NothingThere
from tests.unit.metadata.uploads_peers import CUT, a_peer, answer


def refused(code: str, more: str = "") -> bytes:
    return answer(403, f"<Error><Code>{code}</Code><Message>{more}</Message></Error>".encode())


def test_no_more_than_the_limit_is_read() -> None:
    with a_peer([answer(200, b"x" * 1_000, headers="Connection: close\r\n")]) as peer:
        assert S3().fetch(f"{peer.origin}/b/k?q=1", 11) == b"x" * 11


@pytest.mark.parametrize("said", [answer(404, b"<Code>NoSuchKey</Code>"), refused("AccessDenied")])
def test_an_object_that_is_not_there_may_look_forbidden(said: bytes) -> None:
    with a_peer([said]) as peer, pytest.raises(NothingThere):
        S3().fetch(f"{peer.origin}/b/k?q=1", 10)


@pytest.mark.parametrize(
    "said",
    [
        refused("ExpiredToken"),
        refused("SignatureDoesNotMatch"),
        refused("InvalidAccessKeyId"),
        refused("RequestTimeTooSkewed"),
        refused("AccessDenied", "Request has expired"),
        answer(307, headers="Location: http://127.0.0.1:1/\r\n"),
        answer(400),
    ],
)
def test_what_is_wrong_with_us_is_not_a_missing_file(said: bytes) -> None:
    with a_peer([said]) as peer:
        with pytest.raises(Unavailable):
            S3().fetch(f"{peer.origin}/b/k?q=1", 10)
        assert len(peer.asked) == 1


def test_a_cut_answer_is_asked_again_and_never_taken_for_the_whole() -> None:
    with a_peer([answer(200, b"half", length=8), CUT, answer(200, b"whole", headers="Connection: close\r\n")]) as peer:
        assert S3().fetch(f"{peer.origin}/b/k?q=1", 10) == b"whole"
    with a_peer([answer(200, b"half", length=8)] * 3) as peer, pytest.raises(Unavailable):
        S3().fetch(f"{peer.origin}/b/k?q=1", 10)


@pytest.mark.parametrize("said", [200, 412])
def test_a_put_is_done_where_it_was_done_before(said: int) -> None:
    with a_peer([answer(said)]) as peer:
        assert S3().put(f"{peer.origin}/b/k?q=1", {"If-None-Match": "*"}, b"body")
        head, body = peer.asked[0]
        assert "If-None-Match: *" in head
        assert body == b"body"


def test_a_conflict_is_asked_again() -> None:
    with a_peer([answer(409), answer(500), answer(200)]) as peer:
        assert S3().put(f"{peer.origin}/b/k?q=1", {}, b"body")
        assert len(peer.asked) == 3


def test_a_put_whose_answer_was_lost_may_still_arrive() -> None:
    with a_peer([CUT, answer(200)]) as peer:
        assert not S3().put(f"{peer.origin}/b/k?q=1", {}, b"body")


def test_another_way_is_taken_and_the_host_stays() -> None:
    with a_peer([answer(204)]) as peer:
        S3(dial=("127.0.0.1", peer.port)).delete("http://s3.example:4566/b/k?q=1")
        assert "Host: s3.example:4566" in peer.asked[0][0]


def test_nobody_there_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        S3().delete("http://127.0.0.1:1/b/k?q=1")


def test_a_delete_that_s3_refuses_is_told_from_one_that_does_not_reach_it() -> None:
    with a_peer([refused("AccessDenied")]) as peer, pytest.raises(DeleteRefused) as told:
        S3().delete(f"{peer.origin}/b/k?q=1")
    assert told.value.error == "403 AccessDenied"
    for said in ([answer(503)] * 3, [CUT] * 3):
        with a_peer(said) as peer, pytest.raises(Unavailable) as failed:
            S3().delete(f"{peer.origin}/b/k?q=1")
        assert not isinstance(failed.value, DeleteRefused)
