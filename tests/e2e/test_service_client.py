"""clients/python against the whole stack, as the local service `demo`."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from countersign_client import Client, CountersignError, SignedUrl
from countersign_client.sending import Patience

from local import service_tokens
from tests.e2e.client import People, Person, a_pdf, a_picture, looked_at, send
from tests.e2e.local_stack import Runner

SCOPES = ("media:read", "media:write", "media:moderate")
PIECE = 64 * 1024


@pytest.fixture(scope="module")
def people(stack: Runner) -> People:
    return People(stack)


@pytest.fixture
def person(people: People) -> Person:
    return people.new("owner")


@pytest.fixture
def client(stack: Runner) -> Iterator[Client]:
    with a_client(stack, stack.internal) as made:
        yield made


def a_client(stack: Runner, base_url: str, scopes: tuple[str, ...] = SCOPES) -> Client:
    key = service_tokens.service_key(stack.state_dir / "secrets", "demo")
    return Client(base_url, "demo", key, scopes, patience=Patience(answer_seconds=30))


@contextmanager
def a_bad_line(port: int, drops: int) -> Iterator[str]:
    """A way to a port of this machine that lets a request through, and cuts the answer off, for so many of them."""
    cuts = iter([True] * drops)

    def carry(near: socket.socket) -> None:
        with near, socket.create_connection(("127.0.0.1", port)) as far, suppress(OSError):
            back = threading.Thread(target=pump, args=(far, near, next(cuts, False)), daemon=True)
            back.start()
            pump(near, far, False)
            back.join(30)

    def pump(source: socket.socket, target: socket.socket, is_cut: bool) -> None:
        with suppress(OSError):
            while piece := source.recv(PIECE):
                if is_cut:
                    target.shutdown(socket.SHUT_RDWR)
                    return
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=carry, args=(listener.accept()[0],), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
    assert not next(cuts, False), "the line was not tried so often"


def test_a_service_reads_what_people_have(client: Client, person: Person) -> None:
    photo = person.uploads("photo", a_picture(1000, 500))
    signed = client.get_url(photo["key"], 400, download_as="picture.jpg")
    answer = send("GET", signed.url)
    assert looked_at(answer.body) == ("JPEG", (400, 400))
    assert "picture.jpg" in answer.headers["content-disposition"]


def test_urls_by_the_hundred_and_more(client: Client, person: Person) -> None:
    there = person.uploads("photo", a_picture())["key"]
    missing = there.replace(there.rpartition("/")[2][:8], "00000000")
    found = client.get_urls([missing] * 60 + [there] * 60)
    assert [each.code for each in found[:60] if isinstance(each, CountersignError)] == ["not_found"] * 60
    assert len({each.url for each in found[60:] if isinstance(each, SignedUrl)}) >= 1
    assert all(send("GET", each.url).status == 200 for each in found[-2:] if isinstance(each, SignedUrl))


def test_a_service_uploads_into_its_own_space(client: Client) -> None:
    ready = client.upload("resume", "application/pdf", a_pdf(), file_extension="pdf")
    assert ready.object_key.startswith("users/s-demo/resume/")
    assert send("GET", client.get_url(ready.object_key).url).body == a_pdf()
    picture = client.upload("photo", "image/jpeg", a_picture(900, 900))
    assert (picture.width, picture.height, set(picture.urls)) == (800, 800, {"150", "400", "800"})


def test_a_line_that_breaks_after_each_request_makes_no_second_upload(stack: Runner) -> None:
    begun_before = uploads_of_demo(stack)
    with a_bad_line(stack.internal_port, drops=2) as line, a_client(stack, line) as client:
        ready = client.upload("resume", "application/pdf", a_pdf())
    assert uploads_of_demo(stack) - begun_before == {ready.upload_id}


def uploads_of_demo(stack: Runner) -> set[str]:
    asked = stack.deployment.client("dynamodb").query(
        TableName=stack.deployment.table_prefix + "media",
        KeyConditionExpression="UserId = :owner AND begins_with(EntityType, :upload)",
        ExpressionAttributeValues={":owner": {"S": "s-demo"}, ":upload": {"S": "UPLOAD#"}},
        ConsistentRead=True,
    )
    return {item["EntityType"]["S"].removeprefix("UPLOAD#") for item in asked["Items"]}


def test_the_same_job_again_is_the_same_upload(client: Client) -> None:
    first = client.upload("resume", "application/pdf", a_pdf(), idempotency_key="job-a1b2")
    assert client.upload("resume", "application/pdf", a_pdf(), idempotency_key="job-a1b2").upload_id == first.upload_id
    with pytest.raises(CountersignError) as conflict:
        client.upload("resume", "application/pdf", a_pdf("/Other 1"), idempotency_key="job-a1b2")
    assert (conflict.value.status, conflict.value.code) == (409, "idempotency_conflict")


def test_a_rejected_upload_says_why(client: Client) -> None:
    with pytest.raises(CountersignError) as rejected:
        client.upload("photo", "image/jpeg", b"Hello from test")
    assert (rejected.value.code, rejected.value.reason) == ("upload_rejected", "not_an_image")
    assert rejected.value.request_id
    with pytest.raises(CountersignError) as empty:
        client.upload("resume", "application/pdf", b"")
    assert empty.value.reason == "empty"
    with pytest.raises(CountersignError) as unsupported:
        client.upload("resume", "text/plain", b"x")
    assert (unsupported.value.code, unsupported.value.item) == ("unsupported_content_type", 0)


def test_a_blocked_object_gets_no_url_until_it_is_unblocked(client: Client, person: Person) -> None:
    key = person.uploads("photo", a_picture())["key"]
    client.block(key, "reported")
    with pytest.raises(CountersignError):
        client.get_url(key)
    client.unblock(key)
    assert client.get_url(key).url


def test_a_client_may_only_what_its_scopes_say(stack: Runner, person: Person) -> None:
    key = person.uploads("photo", a_picture())["key"]
    with a_client(stack, stack.internal, ("media:read",)) as reader:
        assert reader.get_url(key).url
        for forbidden in (lambda: reader.block(key, "x"), lambda: reader.upload("resume", "application/pdf", a_pdf())):
            with pytest.raises(CountersignError) as refused:
                forbidden()
            assert (refused.value.status, refused.value.code) == (403, "insufficient_scope")
