"""clients/python: what it asks of the internal listener, what it repeats and when it gives up."""

import base64
import io
import json
import threading
import traceback
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from countersign_client import (
    Client,
    CountersignError,
    Get,
    Place,
    Put,
    SignedUrl,
    Unreachable,
    results,
    sending,
    tokens,
)
from countersign_client.sending import Patience, Sender
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.unit.clients.internal_listener import DROP, Listener, a_listener

PDF = b"%PDF-1.4 some document"
BUSY = (503, {"error": "unavailable", "message": "ask again"}, {"Retry-After": "0"})
CONFLICT = (409, {"error": "idempotency_conflict", "message": "another body"})


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    monkeypatch.setattr(sending, "SHORTEST_PAUSE", 0.001)
    with a_listener() as made:
        yield made


@pytest.fixture
def client(listener: Listener) -> Iterator[Client]:
    with Client(listener.origin + "/", "demo", listener.service_key, patience=Patience(3, 2, 2)) as made:
        yield made


def uploads(client: Client, **more: Any) -> Any:
    return client.upload("resume", "application/pdf", PDF, **more)


# --- reading -------------------------------------------------------------------------------------------------


def test_one_url(client: Client, listener: Listener) -> None:
    signed = client.get_url("users/a/photos/b.jpg", 400, expires_in=60, download_as="a b.jpg")
    assert signed.url.startswith(listener.origin)
    assert signed.expires_at.isoformat() == "2026-11-21T14:00:00+00:00"
    item = {"op": "get", "key": "users/a/photos/b.jpg", "size": 400, "expires_in": 60, "download_as": "a b.jpg"}
    assert listener.asked[0].json == {"items": [item]}


def test_many_urls_go_by_the_hundred_and_keep_their_order(client: Client, listener: Listener) -> None:
    wanted = [f"users/a/photos/{number}{'-nothing' if number == 150 else ''}.jpg" for number in range(250)]
    found = client.get_urls(wanted)
    assert [len(asked.json["items"]) for asked in listener.asked] == [100, 100, 50]
    assert len(found) == 250
    for number, answer in enumerate(found):
        if number == 150:
            assert isinstance(answer, CountersignError)
            assert (answer.code, answer.item) == ("not_found", 150)
        else:
            assert isinstance(answer, SignedUrl)
            assert wanted[number] in answer.url
    assert client.get_urls([]) == []


def test_what_is_not_there_is_raised_where_one_was_asked_for(client: Client) -> None:
    with pytest.raises(CountersignError) as refused:
        client.get_url("users/a/photos/nothing.jpg")
    assert (refused.value.code, refused.value.message, refused.value.item) == ("not_found", "there is nothing here", 0)


def test_reading_and_writing_in_one_request(client: Client) -> None:
    read, written, wrong = client.signed_urls(
        [Get("users/a/photos/b.jpg"), Put("resume", "application/pdf", 4), Put("resume", "text/plain", 4)]
    )
    assert isinstance(read, SignedUrl)
    assert isinstance(written, Place)
    assert isinstance(wrong, CountersignError)
    assert (wrong.code, wrong.item) == ("unsupported_content_type", 2)


@pytest.mark.parametrize("count", [0, 101])
def test_more_than_a_request_takes_is_refused_before_it_is_sent(client: Client, listener: Listener, count: int) -> None:
    with pytest.raises(ValueError, match="1 to 100"):
        client.signed_urls([Get("users/a/photos/b.jpg")] * count)
    assert listener.asked == []


# --- uploading -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["bytes", "memory", "file", "empty"])
def test_bytes_and_files_are_uploaded_whole(client: Client, listener: Listener, where: str, tmp_path: Path) -> None:
    content = b"" if where == "empty" else PDF
    (tmp_path / "resume.pdf").write_bytes(b"before" + PDF)
    with (tmp_path / "resume.pdf").open("rb") as file:
        file.seek(6)  # what is before the place that it stands at is not of the upload
        source = {"memory": io.BytesIO(PDF), "file": file}.get(where, content)
        ready = client.upload("resume", "application/pdf", source)
    assert listener.objects == {ready.upload_id: content}
    assert (ready.bytes, ready.urls, ready.width) == (len(content), {}, None)
    assert "authorization" not in listener.asked[1].headers
    assert "transfer-encoding" not in listener.asked[1].headers


@pytest.mark.parametrize("fault", [DROP, BUSY], ids=["dropped", "busy"])
@pytest.mark.parametrize("step", [0, 1, 2])
def test_each_step_is_repeated_with_the_same_idempotency_key(
    client: Client, listener: Listener, step: int, fault: Any
) -> None:
    listener.faults = [None] * step + [fault, fault]
    ready = client.upload("resume", "application/pdf", io.BytesIO(PDF))
    assert listener.objects == {ready.upload_id: PDF}
    assert list(listener.uploads) == [ready.upload_id]
    assert len(listener.asked) == 5
    tried = listener.asked[step : step + 3]
    assert len({(asked.path, asked.body, asked.headers.get("idempotency-key")) for asked in tried}) == 1
    assert ("idempotency-key" in tried[0].headers) == (step != 1)


def test_a_job_that_was_killed_goes_on_with_the_same_upload(client: Client, listener: Listener) -> None:
    listener.faults = [None, None, *[DROP] * 3]
    with pytest.raises(Unreachable):
        uploads(client, idempotency_key="job-17")
    ready = uploads(client, idempotency_key="job-17")
    assert list(listener.uploads) == [ready.upload_id]
    assert listener.paths()[-1].endswith(f"{ready.upload_id}/complete")
    assert sum(path.startswith("PUT") for path in listener.paths()) == 1  # what is there is not sent again


def test_another_body_under_the_same_key_is_a_conflict_and_not_repeated(client: Client, listener: Listener) -> None:
    uploads(client, idempotency_key="job-18")
    before = len(listener.asked)
    with pytest.raises(CountersignError) as refused:
        client.upload("resume", "application/pdf", b"%PDF other", idempotency_key="job-18")
    assert (refused.value.status, refused.value.code) == (409, "idempotency_conflict")
    assert len(listener.asked) == before + 1


def test_a_rejection_says_its_reason(client: Client) -> None:
    with pytest.raises(CountersignError) as refused:
        client.upload("resume", "application/pdf", b"%PDF with a virus")
    assert (refused.value.code, refused.value.reason) == ("upload_rejected", "infected")
    assert refused.value.request_id == "request-1"


def test_what_the_storage_refuses_is_said_without_its_signed_url(client: Client, listener: Listener) -> None:
    listener.faults = [None, (403, "<Error><Code>AccessDenied</Code></Error>")]
    with pytest.raises(CountersignError) as refused:
        uploads(client)
    assert (refused.value.status, refused.value.code) == (403, "AccessDenied")
    listener.faults = [None, *[DROP] * 3]
    with pytest.raises(Unreachable) as lost:
        uploads(client)
    assert "secret" not in str(lost.value)


def test_what_was_blocked_since_it_was_complete_has_no_urls(client: Client, listener: Listener) -> None:
    done = {"upload_id": "a", "key": "users/s-demo/photos/a.jpg", "bytes": 4, "content_type": "image/jpeg"}
    listener.faults = [(200, json.dumps(done | {"url": None, "urls": None, "width": 2, "height": 2}))]
    ready = client.complete("a")
    assert (ready.url, ready.urls, ready.width) == (None, {}, 2)


# --- what may pass, and how long it is waited for ------------------------------------------------------------


def test_it_gives_up_after_as_many_tries_as_it_has(client: Client, listener: Listener) -> None:
    listener.faults = [BUSY] * 9
    with pytest.raises(CountersignError) as refused:
        client.get_url("users/a/photos/b.jpg")
    assert (refused.value.status, refused.value.code, len(listener.asked)) == (503, "unavailable", 3)


def test_retry_after_is_waited_for_and_no_longer_than_that(
    client: Client, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(sending.time, "sleep", waited.append)
    listener.faults = [(429, {"error": "rate_limited"}, {"Retry-After": "2"})]
    client.get_url("users/a/photos/b.jpg")
    assert len(waited) == 1
    assert 2 <= waited[0] < 2.1
    listener.faults = [(429, {"error": "too_many_pending"}, {"Retry-After": "60"})]
    with pytest.raises(CountersignError) as refused:
        client.get_url("users/a/photos/b.jpg")
    assert (refused.value.retry_after, len(waited)) == (60, 1)


def test_an_upload_in_progress_elsewhere_is_asked_for_again(client: Client, listener: Listener) -> None:
    listener.faults = [None, None, (409, {"error": "upload_in_progress"}, {"Retry-After": "0"})]
    assert uploads(client).bytes == len(PDF)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 413, 422])
def test_what_will_not_pass_is_not_repeated(client: Client, listener: Listener, status: int) -> None:
    listener.faults = [(status, {"error": "no", "message": "never", "fields": {"items": ["wrong"]}})]
    with pytest.raises(CountersignError) as refused:
        client.get_url("users/a/photos/b.jpg")
    assert (refused.value.status, refused.value.code, refused.value.fields) == (status, "no", {"items": ["wrong"]})
    assert len(listener.asked) == 1


def test_pauses_are_jittered_and_bounded() -> None:
    for tried in (1, 3, 30):
        found = [sending.pause(tried) for _ in range(50)]
        assert max(found) <= 8
        assert len(set(found)) > 40


def test_a_redirect_is_not_followed(client: Client, listener: Listener) -> None:
    listener.faults = [(307, "", {"Location": f"{listener.origin}/elsewhere"})]
    with pytest.raises(CountersignError) as refused:
        client.get_url("users/a/photos/b.jpg")
    assert refused.value.status == 307
    assert len(listener.asked) == 1


def test_proxies_of_the_environment_are_not_used(
    client: Client, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    assert client.get_url("users/a/photos/b.jpg").url


def test_nobody_at_the_address_is_unreachable(listener: Listener) -> None:
    with pytest.raises(Unreachable):
        Client("http://127.0.0.1:1", "demo", listener.service_key, patience=Patience(2, 1, 1)).get_url("users/a")


def test_a_traceback_of_what_was_unreachable_has_no_signed_url_in_it() -> None:
    signature = uuid.uuid4().hex  # by chance, for a traceback repeats the lines of this test
    with pytest.raises(Unreachable) as lost:
        Sender(Patience(1, 1, 1)).send("PUT", f"http://127.0.0.1:1/bucket/a?X-Amz-Signature={signature}", dict, bytes)
    assert signature not in "".join(traceback.format_exception(lost.value))


@pytest.mark.parametrize("said", ["<html>", "[]", "{}", '{"items": []}', '{"items": [{}]}', '{"items": ["x"]}'])
def test_an_answer_in_another_form_is_an_error(client: Client, listener: Listener, said: str) -> None:
    listener.faults = [(200, said)]
    with pytest.raises(CountersignError) as refused:
        client.get_url("users/a/photos/b.jpg")
    assert refused.value.code == "unexpected_answer"


# --- blocking ------------------------------------------------------------------------------------------------


def test_an_object_is_blocked_and_unblocked(client: Client, listener: Listener) -> None:
    listener.faults = [DROP]
    client.block("users/a/photos/b.jpg", "reported")
    assert listener.blocked == {"users/a/photos/b.jpg": "reported"}
    client.unblock("users/a/photos/b.jpg")
    assert listener.blocked == {}
    keys = [asked.headers["idempotency-key"] for asked in listener.asked]
    assert keys[0] == keys[1] != keys[2]


# --- tokens --------------------------------------------------------------------------------------------------


def test_a_token_is_used_until_it_is_nearly_over(
    client: Client, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = tokens.time.time()
    for later in (0, 30, 45, 46, 100):
        monkeypatch.setattr(tokens.time, "time", lambda later=later: now + later)
        listener.faults = [(200, json.dumps({"items": [{"url": "u", "expires_at": "2026-11-21T14:00:00Z"}]}))]
        client.get_url("users/a/photos/b.jpg")
    claims = [asked.claims for asked in listener.asked]
    made = [claims.index(each) for each in claims]
    assert made == [0, 0, 2, 2, 4]
    assert all(each["exp"] - each["iat"] == 60 for each in claims)
    assert claims[0]["scope"] == "media:read media:write"
    assert len({each["jti"] for each in claims}) == 3


def test_a_token_that_was_made_before_the_clock_was_set_back_is_not_used(
    client: Client, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = tokens.time.time()
    monkeypatch.setattr(tokens.time, "time", lambda: now + 3_600)
    with pytest.raises(CountersignError):
        client.get_url("users/a/photos/b.jpg")
    monkeypatch.setattr(tokens.time, "time", lambda: now)
    assert client.get_url("users/a/photos/b.jpg").url


def forms_of(private_key: Ed25519PrivateKey) -> dict[str, Any]:
    raw, public = private_key.private_bytes_raw(), private_key.public_key().public_bytes_raw()
    pem = private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    x, d = (base64.urlsafe_b64encode(octets).rstrip(b"=").decode() for octets in (public, raw))
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": x, "d": d}
    return {
        "object": private_key,
        "raw": raw,
        "pem": pem,
        "pem text": pem.decode(),
        "jwk": jwk,
        "json": json.dumps(jwk),
    }


@pytest.mark.parametrize("form", list(forms_of(Ed25519PrivateKey.generate())))
def test_a_private_key_is_taken_in_each_of_its_forms(listener: Listener, form: str) -> None:
    with Client(listener.origin, "demo", forms_of(listener.service_key)[form]) as client:
        assert client.get_url("users/a/photos/b.jpg").url


@pytest.mark.parametrize(
    "wrong", [b"short", "-----BEGIN X-----", '{"kty": "oct", "k": "AAAA"}', "{", {"kty": "OKP"}, ""]
)
def test_what_is_no_private_key_is_refused_without_repeating_it(wrong: Any) -> None:
    with pytest.raises(ValueError, match="Ed25519") as refused:
        Client("http://127.0.0.1:1", "demo", wrong)
    assert not wrong or str(wrong) not in str(refused.value)


def test_a_public_jwk_is_no_private_key() -> None:
    public = {name: text for name, text in forms_of(Ed25519PrivateKey.generate())["jwk"].items() if name != "d"}
    with pytest.raises(ValueError, match="Ed25519"):
        Client("http://127.0.0.1:1", "demo", public)


def test_a_strangers_key_is_refused(listener: Listener) -> None:
    with (
        Client(listener.origin, "demo", Ed25519PrivateKey.generate()) as stranger,
        pytest.raises(CountersignError) as no,
    ):
        stranger.get_url("users/a/photos/b.jpg")
    assert no.value.status == 401


def test_threads_share_a_client(client: Client, listener: Listener) -> None:
    found: list[str] = []

    def ask(number: int) -> None:
        found.append(client.get_url(f"users/a/photos/{number}.jpg").url)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(found) == sorted(f"{listener.origin}/bucket/users/a/photos/{n}.jpg?signed" for n in range(16))
    assert len({asked.claims["jti"] for asked in listener.asked}) == 1


def test_no_repr_shows_a_signed_url() -> None:
    signed, until = "https://bucket.example/a.jpg?X-Amz-Signature=5ec7e7", "2026-11-21T12:00:00Z"
    read = {"url": signed, "expires_at": until}
    begun = {"upload_id": "u", "key": "k", "headers": {}, "max_bytes": 1}
    answers = [results.of_item(0, read), results.of_item(1, begun | read | {"upload_url": signed})]
    done = {"upload_id": "u", "key": "k", "bytes": 1, "content_type": "image/jpeg", "urls": {"800": signed}}
    answers.append(results.ready(done | {"url": signed}))
    assert not [answer for answer in answers if "X-Amz" in repr(answer)]
