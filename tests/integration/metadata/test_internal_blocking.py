"""What is blocked gets no new URL, on any path, for anyone, until it is unblocked."""

import json
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
import requests

from metadata_service.logs import JsonLines
from tests.integration.metadata.test_uploads_flow import a_pdf
from tests.integration.uploads_stack import Answer, InternalService, Person, a_picture

NOBODY_S = "users/nobody/profile/00000000-0000-4000-8000-000000000000.jpg"
REASON = "Reported by three people."
EXPORT = "/users/me/export"


def block(service: InternalService, object_key: str) -> None:
    answer = service.ask("/objects/block", {"key": object_key, "reason": REASON})
    assert (answer.status_code, answer.json["blocked"]) == (200, True), answer.text


def unblock(service: InternalService, object_key: str) -> None:
    answer = service.ask("/objects/unblock", {"key": object_key})
    assert (answer.status_code, answer.json["blocked"]) == (200, False), answer.text


def urls_in(answer: Answer) -> list[str]:
    """Whatever leads to bytes in an answer's JSON or headers."""
    text = answer.text + answer.headers.get("Location", "")
    return [word for word in text.split('"') if "X-Amz-Signature" in word or "/media/users/" in word]


def test_s26_a_blocked_picture_is_seen_nowhere(press: InternalService, alice: Person, bob: Person, name: str) -> None:
    done = alice.has(a_picture())
    alice.ask("POST", "/profiles", json={"username": name})
    paths = [f"/media/{done['key']}", f"/profiles/{name}", f"/profiles?usernames={name}", f"/profiles/{name}/avatar"]
    answers = [partial(alice.look, path) for path in paths]
    answers += [partial(bob.ask, "GET", path) for path in paths]
    answers += [
        partial(alice.ask, "GET", path) for path in (*paths, "/users/me/picture", "/api/profilephoto/url", EXPORT)
    ]
    answers += [partial(alice.ask, "POST", "/upload-complete", json={"key": done["key"]})]
    answers += [partial(alice.complete, done), partial(press.sign, {"op": "get", "key": done["key"]})]
    assert all(urls_in(answer()) for answer in answers)
    signed_before = press.signed({"op": "get", "key": done["key"]})[0]["url"]
    block(press, done["key"])
    for answer in answers:
        assert urls_in(answer()) == [], answer().text
    assert requests.get(signed_before, timeout=10).status_code == 200, "what was signed before ends by itself"
    unblock(press, done["key"])
    assert all(urls_in(answer()) for answer in answers)


def test_s26_what_is_shown_instead(press: InternalService, alice: Person, name: str) -> None:
    done = alice.has(a_picture())
    alice.ask("POST", "/profiles", json={"username": name})
    block(press, done["key"].replace(".jpg", "-150.jpg"))
    assert alice.look(f"/media/{done['key']}").status_code == 404
    assert alice.ask("GET", f"/media/{done['key']}").status_code == 404
    avatar = alice.look(f"/profiles/{name}/avatar")
    assert (avatar.status_code, avatar.headers["Location"].partition("/static/")[2]) == (302, "default-avatar-800.jpg")
    mine = alice.ask("GET", "/users/me/picture").json
    assert (mine["key"], mine["urls"]["150"].partition("/static/")[2]) == (done["key"], "default-avatar-150.jpg")
    shown = alice.look(f"/profiles/{name}").json
    assert [shown[field] for field in ("avatar_url", "avatar_urls", "profile_image_url")] == [None] * 3
    again = alice.complete(done)
    assert (again.status_code, again.json["state"], again.json["url"], again.json["urls"]) == (200, "ready", None, None)
    [refused] = press.signed({"op": "get", "key": done["key"]})
    assert refused["error"] == "not_found"


def test_s26_a_new_picture_is_not_blocked_by_the_old_one(press: InternalService, alice: Person) -> None:
    old = alice.has(a_picture())
    block(press, old["key"])
    new = alice.has(a_picture("blue"))
    assert alice.look(f"/media/{new['key']}").status_code == 302
    assert alice.look(f"/media/{old['key']}").status_code == 404
    assert "X-Amz-Signature" not in alice.complete(old).text
    gone = press.ask("/objects/unblock", {"key": old["key"]})
    assert (gone.status_code, gone.json["error"]) == (404, "not_found")


def test_s26_a_blocked_photo_is_listed_without_urls(press: InternalService, alice: Person) -> None:
    one, two = (alice.has(a_picture(), file_type="photo") for _ in range(2))
    link = alice.ask("POST", "/share-links", json={"key": one["key"], "expires_in": 600}).json
    path = link["url"].removeprefix("http://pictures.example")
    assert alice.look(path).status_code == 302
    block(press, one["key"])
    listed = {photo["s3Key"]: photo["urls"] for photo in alice.ask("GET", "/photos").json["photos"]}
    assert (listed[one["key"]], set(listed[two["key"]])) == (None, {"150", "400", "800"})
    assert alice.look(path).status_code == 404
    assert alice.ask("GET", f"/media/{one['key']}").status_code == 404
    unblock(press, one["key"])
    assert all(photo["urls"] for photo in alice.ask("GET", "/photos").json["photos"])
    assert alice.look(path).status_code == 302
    assert alice.ask("DELETE", f"/photos/{one['upload_id']}").status_code == 200


def test_s26_publishing_does_not_unblock(press: InternalService, alice: Person, name: str) -> None:
    resume = alice.has(a_pdf(), file_type="resume", content_type="application/pdf")["key"]
    image = alice.has(a_picture(), file_type="project_image")["key"]
    project = {"id": "1", "title": "One", "image_key": image}
    block(press, resume)
    block(press, image)
    saved = alice.ask("POST", "/profiles", json={"username": name, "resume_key": resume, "projects": [project]})
    assert saved.status_code == 200
    assert alice.ask("POST", "/profiles", json={"username": name, "show_resume": True}).status_code == 200
    shown = alice.look(f"/profiles/{name}").json
    assert (shown["resume_url"], shown["projects"][0]["image_url"]) == (None, None)
    for object_key in (resume, image):
        assert [look(f"/media/{object_key}").status_code for look in (alice.look, _by(alice))] == [404, 404]
    unblock(press, resume)
    unblock(press, image)
    for object_key in (resume, image):
        assert alice.look(f"/media/{object_key}").status_code == 302


def _by(person: Person) -> Callable[[str], Answer]:
    return lambda path: person.ask("GET", path)


def test_s26_a_services_own_is_blocked_for_it_too(press: InternalService) -> None:
    [begun] = press.signed({"op": "put", "file_type": "project_image", "content_type": "image/jpeg"})
    assert requests.put(begun["upload_url"], a_picture(), headers=begun["headers"], timeout=10).ok
    assert press.complete(begun).json["url"]
    block(press, begun["key"])
    assert press.complete(begun).json["url"] is None
    assert press.signed({"op": "get", "key": begun["key"]})[0]["error"] == "not_found"


def test_s26_who_asks_after_the_block_gets_nothing(press: InternalService, alice: Person) -> None:
    key = alice.has(a_picture())["key"]
    is_blocked = threading.Event()

    def look(_: int) -> list[tuple[bool, int]]:
        seen = []
        while not seen or not seen[-1][0]:
            seen.append((is_blocked.is_set(), alice.look(f"/media/{key}").status_code))
        return seen

    with ThreadPoolExecutor(4) as pool:
        looking = [pool.submit(look, number) for number in range(4)]
        block(press, key)
        is_blocked.set()
        answers = [answer for each in looking for answer in each.result(60)]
    assert {status for is_after, status in answers if is_after} == {404}


def test_again_is_as_once_and_it_is_told_who_and_why(
    press: InternalService, alice: Person, caplog: pytest.LogCaptureFixture
) -> None:
    key = alice.has(a_picture())["key"]
    with caplog.at_level(logging.INFO, "metadata"):
        block(press, key)
        block(press, key)
        unblock(press, key)
        unblock(press, key)
    told = [record for record in caplog.records if record.getMessage().startswith("object_")]
    assert [record.getMessage() for record in told] == ["object_blocked"] * 2 + ["object_unblocked"] * 2
    assert {(record.by, record.object_key) for record in told} == {(press.name, key)}  # type: ignore[attr-defined] # extra
    # A service may have any name: were it taken for the process's own, whoever looks for metadata's lines finds none.
    assert {json.loads(JsonLines("metadata").format(record))["service"] for record in told} == {"metadata"}
    assert told[0].reason == REASON  # type: ignore[attr-defined] # extra
    assert alice.look(f"/media/{key}").status_code == 302


def test_the_record_says_who_when_and_why(press: InternalService, alice: Person) -> None:
    done = alice.has(a_picture())
    block(press, done["key"])
    blocked = alice.rows[f"OBJECT#profile#{done['upload_id']}"]["blocked"]["M"]
    assert (blocked["by"], blocked["reason"]) == ({"S": press.name}, {"S": REASON})
    assert int(blocked["at"]["N"]) > 1_700_000_000


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "no key": ({"reason": REASON}, "key"),
    "an empty key": ({"key": "", "reason": REASON}, "key"),
    "a key of another type": ({"key": 7, "reason": REASON}, "key"),
    "a URL": ({"key": "/media/" + NOBODY_S, "reason": REASON}, "key"),
    "what clients sent": ({"key": "incoming/" + NOBODY_S, "reason": REASON}, "key"),
    "no reason": ({"key": NOBODY_S}, "reason"),
    "an empty reason": ({"key": NOBODY_S, "reason": ""}, "reason"),
    "too long a reason": ({"key": NOBODY_S, "reason": "x" * 201}, "reason"),
    "a reason of another type": ({"key": NOBODY_S, "reason": 7}, "reason"),
    "a reason of two lines": ({"key": NOBODY_S, "reason": "a\nb"}, "reason"),
    "another field": ({"key": NOBODY_S, "reason": REASON, "until": 7}, "until"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_named(press: InternalService, fault: str) -> None:
    body, field = FAULTS[fault]
    refused = press.ask("/objects/block", body)
    assert (refused.status_code, refused.json["error"]) == (400, "validation_failed")
    assert list(refused.json["fields"]) == [field]
    without = {name: text for name, text in body.items() if name != "reason"}
    assert press.ask("/objects/unblock", without).status_code == (404 if field == "reason" else 400)


@pytest.mark.parametrize("route", ["block", "unblock"])
def test_only_moderators_and_only_what_there_is(
    press: InternalService, a_service: Callable[..., InternalService], alice: Person, route: str
) -> None:
    key = alice.has(a_picture())["key"]
    for object_key in (NOBODY_S, key.replace(".jpg", ".pdf")):
        refused = press.ask(f"/objects/{route}", {"key": object_key, "reason": REASON})
        assert (refused.status_code, refused.json["error"]) == (404, "not_found")
    for service in (press, a_service("media:read", "hooks")):
        refused = service.ask(f"/objects/{route}", {"key": key, "reason": REASON}, scope="media:read media:write hooks")
        assert (refused.status_code, refused.json["error"]) == (403, "insufficient_scope")
    assert alice.look(f"/media/{key}").status_code == 302
