"""URLs to read, for internal services: any person's objects, a hundred by one grant, and each item for itself."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metadata_service.signing_each import ROUNDS
from tests.integration.metadata.test_uploads_flow import a_pdf
from tests.integration.metadata.test_uploads_frozen import frozen
from tests.integration.uploads_stack import InternalService, Person, Stack, a_picture

NOBODY_S = "users/nobody/profile/00000000-0000-4000-8000-000000000000.jpg"


def reads(object_key: Any, **more: Any) -> dict[str, Any]:
    return {"op": "get", "key": object_key, **more}


def stem(object_key: str, size: str) -> str:
    return object_key.replace(".jpg", f"-{size}.jpg")


@pytest.fixture
def key(alice: Person) -> str:
    """Of a private photo, which nobody but its owner and a reading service may see."""
    done = alice.has(a_picture(), file_type="photo")
    assert alice.look(f"/media/{done['key']}").status_code == 404
    return str(done["key"])


def test_a_service_reads_what_is_anybodys(press: InternalService, key: str) -> None:
    [answer] = press.signed(reads(key))
    assert set(answer) == {"url", "expires_at"}
    got = requests.get(answer["url"], timeout=10)
    assert (got.status_code, got.headers["Content-Type"]) == (200, "image/jpeg")
    assert "Content-Disposition" not in got.headers
    assert parse_qs(urlsplit(answer["url"]).query)["X-Amz-Expires"][0] in ("300", "299")


@pytest.mark.parametrize("size", ["150", "400", 150, 400])
def test_a_smaller_size_by_field_or_by_key(press: InternalService, key: str, size: str | int) -> None:
    answers = press.signed(reads(key, size=size), reads(stem(key, str(size))), reads(stem(key, str(size)), size=size))
    assert {urlsplit(each["url"]).path.partition("/users/")[2] for each in answers} == {
        stem(key, str(size)).removeprefix("users/")
    }


def test_how_long_and_under_which_name(press: InternalService, key: str) -> None:
    [answer] = press.signed(reads(key, expires_in=900, download_as="Bild für 日本.jpg"))
    asked = parse_qs(urlsplit(answer["url"]).query)
    assert asked["X-Amz-Expires"][0] in ("900", "899")
    assert requests.get(answer["url"], timeout=10).headers["Content-Disposition"] == (
        "attachment; filename*=UTF-8''Bild%20f%C3%BCr%20%E6%97%A5%E6%9C%AC.jpg"
    )


def test_a_document_is_always_an_attachment(press: InternalService, alice: Person) -> None:
    done = alice.has(a_pdf(), file_type="resume", content_type="application/pdf")
    plain, named = press.signed(reads(done["key"]), reads(done["key"], size=800, download_as="cv.pdf"))
    for answer, file_name in ((plain, "resume.pdf"), (named, "cv.pdf")):
        got = requests.get(answer["url"], timeout=10)
        assert (got.content, got.headers["Content-Type"]) == (a_pdf(), "application/pdf")
        assert got.headers["Content-Disposition"] == f"attachment; filename*=UTF-8''{file_name}"


def test_s25_a_hundred_are_one_grant_and_one_line_of_the_audit(press: InternalService, key: str, stack: Stack) -> None:
    before = len(stack.audited())
    answers = press.signed(*[reads(key, size=size) for size in (150, 400, 800, "150") for _ in range(25)])
    assert all(set(each) == {"url", "expires_at"} for each in answers)
    [line] = stack.audited()[before:]
    assert (line["event"], len(line["items"]), line["caller_service"]) == ("signed", 100, press.name)


def test_the_longest_names_take_more_grants_and_fail_none(press: InternalService, key: str) -> None:
    longest = "ü" * 200
    answers = press.signed(*[reads(key, download_as=longest) for _ in range(100)])
    assert all("url" in each for each in answers)


FAULTS: dict[str, tuple[Any, str, str]] = {
    "not an object": ("x", "validation_failed", "_schema"),
    "null": (None, "validation_failed", "_schema"),
    "without op": ({"key": NOBODY_S}, "validation_failed", "op"),
    "op of another type": ({"op": ["get"], "key": NOBODY_S}, "validation_failed", "op"),
    "op in capitals": ({"op": "GET", "key": NOBODY_S}, "validation_failed", "op"),
    "another op": ({"op": "delete", "key": NOBODY_S}, "validation_failed", "op"),
    "without key": ({"op": "get"}, "validation_failed", "key"),
    "an empty key": (reads(""), "validation_failed", "key"),
    "key of another type": (reads(7), "validation_failed", "key"),
    "a URL": (reads(f"https://pictures.example/media/{NOBODY_S}"), "validation_failed", "key"),
    "a key with a query": (reads(NOBODY_S + "?x=1"), "validation_failed", "key"),
    "what clients sent": (reads("incoming/" + NOBODY_S), "validation_failed", "key"),
    "a way up": (reads(NOBODY_S.replace("nobody", "..")), "validation_failed", "key"),
    "a document's smaller size": (reads(NOBODY_S.replace(".jpg", ".pdf"), size=150), "validation_failed", "size"),
    "a size there is not": (reads(NOBODY_S, size=151), "validation_failed", "size"),
    "an empty size": (reads(NOBODY_S, size=""), "validation_failed", "size"),
    "a true size": (reads(NOBODY_S, size=True), "validation_failed", "size"),
    "sizes that contradict": (reads(stem(NOBODY_S, "150"), size=400), "validation_failed", "size"),
    "a size that contradicts the key": (reads(stem(NOBODY_S, "150"), size=800), "validation_failed", "size"),
    "no time": (reads(NOBODY_S, expires_in=0), "validation_failed", "expires_in"),
    "too long a time": (reads(NOBODY_S, expires_in=901), "validation_failed", "expires_in"),
    "a time as text": (reads(NOBODY_S, expires_in="300"), "validation_failed", "expires_in"),
    "a true time": (reads(NOBODY_S, expires_in=True), "validation_failed", "expires_in"),
    "half a second": (reads(NOBODY_S, expires_in=1.5), "validation_failed", "expires_in"),
    "no name": (reads(NOBODY_S, download_as=""), "validation_failed", "download_as"),
    "too long a name": (reads(NOBODY_S, download_as="x" * 201), "validation_failed", "download_as"),
    "a path for a name": (reads(NOBODY_S, download_as="a/b.jpg"), "validation_failed", "download_as"),
    "a path of Windows'": (reads(NOBODY_S, download_as="a\\b.jpg"), "validation_failed", "download_as"),
    "a name of two lines": (reads(NOBODY_S, download_as="a\nb"), "validation_failed", "download_as"),
    "another field": (reads(NOBODY_S, owner="alice"), "validation_failed", "owner"),
    "a put's field": (reads(NOBODY_S, file_type="photo"), "validation_failed", "file_type"),
    "what there is not": (reads(NOBODY_S), "not_found", ""),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_with_one_item_is_its_own_answer(press: InternalService, key: str, fault: str) -> None:
    item, code, field = FAULTS[fault]
    first, wrong, last = press.signed(reads(key), item, reads(key))
    assert wrong["error"] == code
    assert wrong["message"]
    assert list(wrong.get("fields", {})) == ([field] if field else [])
    assert ["url" in each for each in (first, last)] == [True, True]


def test_the_same_id_with_another_extension_is_another_object(press: InternalService, key: str) -> None:
    there, not_there = press.signed(reads(key), reads(key.replace(".jpg", ".pdf")))
    assert "url" in there
    assert not_there["error"] == "not_found"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "items"),
        ({"items": []}, "items"),
        ({"items": None}, "items"),
        ({"items": {"0": reads(NOBODY_S)}}, "items"),
        ({"items": "get"}, "items"),
        ({"items": [reads(NOBODY_S)] * 101}, "items"),
        ({"items": [reads(NOBODY_S)], "owner": "alice"}, "owner"),
    ],
)
def test_what_is_wrong_with_the_whole_is_400(press: InternalService, body: Any, field: str) -> None:
    refused = press.ask("/signed-urls", body)
    assert (refused.status_code, refused.json["error"]) == (400, "validation_failed")
    assert list(refused.json["fields"]) == [field]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shapes=st.lists(st.sampled_from(["150", "400", "800", "missing", "wrong", "null"]), min_size=1, max_size=100))
def test_answers_come_in_the_order_asked(press: InternalService, key: str, shapes: list[str]) -> None:
    items = {"missing": reads(NOBODY_S), "wrong": reads(key, size="7"), "null": None}
    answers = press.signed(*[items.get(shape, reads(key, size=shape)) for shape in shapes])
    for shape, answer in zip(shapes, answers, strict=True):
        if shape in items:
            assert answer["error"] == ("not_found" if shape == "missing" else "validation_failed")
        else:
            assert urlsplit(answer["url"]).path.endswith(stem(key, shape) if shape != "800" else key)


def test_what_is_frozen_is_refused_and_the_rest_is_signed(
    press: InternalService, alice: Person, bob: Person, stack: Stack
) -> None:
    held, free = alice.has(a_picture())["key"], bob.has(a_picture())["key"]
    with frozen(stack, alice, held, owners=[alice.sub]):
        first, frozen_one, last = press.signed(reads(free), reads(held), reads(free))
        assert ["url" in each for each in (first, last)] == [True, True]
        assert (frozen_one["error"], "url" in frozen_one) == ("unavailable", False)
        assert press.sign(*[reads(held)] * (ROUNDS - 1), reads(free)).status_code == 200
        assert press.sign(*[reads(held)] * ROUNDS, reads(free)).status_code == 503
        [alone] = press.signed(reads(held))
        assert alone["error"] == "unavailable"
    assert all("url" in each for each in press.signed(reads(free), reads(held)))


def test_s25_a_service_reads_only_in_scope(
    press: InternalService, a_service: Callable[..., InternalService], key: str
) -> None:
    refused = press.sign(reads(key), scope="media:write media:moderate")
    assert (refused.status_code, refused.json["error"]) == (403, "insufficient_scope")
    refused = a_service("hooks").sign(reads(key), scope="hooks media:read")
    assert (refused.status_code, refused.json["error"]) == (403, "insufficient_scope")


def test_s25_the_signer_goes_by_a_list_of_its_own(
    a_service: Callable[..., InternalService], stack: Stack, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if all of metadata were in somebody's hands: it no longer looks at the token's scope.
    monkeypatch.setattr("metadata_service.services.Service.require", lambda *_: None)
    before = len(stack.audited())
    refused = a_service("hooks").sign(reads(key), scope="hooks media:read")
    assert (refused.status_code, refused.json["error"]) == (403, "insufficient_scope")
    lines = stack.audited()[before:]
    assert [(line["event"], line["error"]) for line in lines] == [("refused", "operation_not_permitted")]


@pytest.mark.parametrize("path", ["/signed-urls", "/objects/block", "/objects/unblock", "/uploads/x/complete"])
def test_a_persons_token_is_no_services(alice: Person, path: str) -> None:
    refused = alice.ask("POST", f"/internal/v1{path}", json={"items": [reads(NOBODY_S)]})
    assert (refused.status_code, refused.json["error"]) == (401, "unauthorized")
    assert alice.look(f"/internal/v1{path}", "POST").status_code == 401


def test_a_url_that_ends_at_once_is_signed_all_the_same(press: InternalService, key: str) -> None:
    for _ in range(5):
        [answer] = press.signed(reads(key, expires_in=1))
        assert parse_qs(urlsplit(answer["url"]).query)["X-Amz-Expires"] == ["1"]
