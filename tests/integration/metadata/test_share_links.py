"""Share links: who may make one, what it opens and to whom, and that it ends."""

import calendar
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from metadata_service import sharing
from metadata_service.errors import AccountErased
from metadata_service.object_keys import ObjectKey
from metadata_service.store import shares
from metadata_service.store.shares import Share
from tests.integration.metadata.test_people_profiles import a_pdf, save
from tests.integration.uploads_stack import Answer, Person, Stack, a_picture, make_app

DAY = 86_400
RESUME = {"file_type": "resume", "content_type": "application/pdf"}
PHOTO = {"file_type": "photo"}


def share(person: Person, object_key: str, expires_in: int = DAY) -> dict[str, Any]:
    answer = person.ask("POST", "/share-links", json={"key": object_key, "expires_in": expires_in})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["url"] == f"http://pictures.example/shared/{answer.json['id']}"
    return answer.json


def opened(person: Person, link: dict[str, Any], query: str = "") -> Answer:
    """Without a token."""
    return person.look(f"/shared/{link['id']}{query}")


def is_over(person: Person, link: dict[str, Any]) -> bool:
    answer = opened(person, link)
    assert answer.status_code in (302, 404)
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code == 404


def life(answer: Answer) -> tuple[int, int]:
    """When the URL of a redirect begins and ends, in seconds since the epoch."""
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    begins = calendar.timegm(time.strptime(query["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ"))
    return begins, begins + int(query["X-Amz-Expires"][0])


def let_pass(person: Person, link: dict[str, Any]) -> None:
    """As if its end had been a second ago."""
    person.stack.set_numbers(person.sub, f"SHARE#{link['id'][:2]}", ends_at=int(time.time()) - 1)


def test_a_link_opens_one_private_object_to_whoever_has_it(alice: Person, someone: Callable[[], Person]) -> None:
    photo, other = alice.has(a_picture(), **PHOTO), alice.has(a_picture("blue"), **PHOTO)
    link = share(alice, photo["key"])
    answer = opened(someone(), link)
    assert answer.status_code == 302
    assert answer.headers["Cache-Control"] == "no-store"
    assert requests.get(answer.headers["Location"], timeout=5).headers["Content-Type"] == "image/jpeg"
    assert photo["upload_id"] in answer.headers["Location"]
    assert alice.look(f"/media/{photo['key']}").status_code == 404, "the link opens the link alone"
    assert alice.look(f"/media/{other['key']}").status_code == 404
    assert alice.look(f"/shared/{link['id']}", "HEAD").status_code == 302


def test_of_a_picture_every_size_can_be_had_and_of_a_document_the_one(alice: Person) -> None:
    picture, resume = alice.has(a_picture(), **PHOTO), alice.has(a_pdf(), **RESUME)
    link = share(alice, picture["key"])
    for size in ("150", "400"):
        # Messengers add to the links that they pass on.
        answer = opened(alice, link, f"?size={size}&fbclid=x")
        assert f"-{size}.jpg" in answer.headers["Location"]
        assert requests.get(answer.headers["Location"], timeout=5).status_code == 200
    assert opened(alice, link, "?size=151").json["fields"].keys() == {"size"}
    document = share(alice, resume["key"])
    assert opened(alice, document, "?size=150").status_code == 404
    got = requests.get(opened(alice, document).headers["Location"], timeout=5)
    assert (got.headers["Content-Type"], got.content[:5]) == ("application/pdf", b"%PDF-")
    assert got.headers["Content-Disposition"].startswith("attachment")


def test_a_key_is_read_as_leniently_as_elsewhere(alice: Person) -> None:
    begun = alice.upload(a_picture(), **PHOTO)
    alice.complete(begun)
    for spelled in (begun["upload_url"], begun["key"].replace(".jpg", "-150.jpg"), f"https://x/media/{begun['key']}?a"):
        assert opened(alice, share(alice, spelled)).status_code == 302


def test_a_link_ends_when_it_said_and_so_does_its_url(alice: Person) -> None:
    object_key = alice.has(a_picture(), **PHOTO)["key"]
    link, long_link = share(alice, object_key, expires_in=100), share(alice, object_key)
    ends_at = calendar.timegm(time.strptime(link["expires_at"], "%Y-%m-%dT%H:%M:%SZ"))
    assert 90 <= ends_at - time.time() <= 100
    assert life(opened(alice, link))[1] == ends_at, "the kind's 300 s are cut"
    begins, url_ends_at = life(opened(alice, long_link))
    assert url_ends_at - begins <= 300
    let_pass(alice, link)
    assert is_over(alice, link)
    assert alice.ask("DELETE", f"/share-links/{link['id']}").status_code == 404
    assert not is_over(alice, long_link)


def test_whoever_prolongs_a_link_in_the_table_gets_nothing_signed_past_its_end(alice: Person) -> None:
    link = share(alice, alice.has(a_picture(), **PHOTO)["key"], expires_in=100)
    alice.stack.set_numbers(alice.sub, "SHARE#00", ends_at=int(time.time()) + 1_000)
    assert is_over(alice, link)


def test_its_owner_ends_a_link_at_once_and_nobody_else_can(alice: Person, bob: Person) -> None:
    object_key = alice.has(a_picture(), **PHOTO)["key"]
    one, two = share(alice, object_key), share(alice, object_key)
    path = f"/share-links/{one['id']}"
    refused = bob.ask("DELETE", path)
    assert (refused.status_code, refused.json["error"]) == (404, "not_found")
    assert bob.look(path, "DELETE").status_code == 401
    assert not is_over(alice, one)
    assert alice.ask("DELETE", path).status_code == 200
    assert (is_over(alice, one), is_over(alice, two)) == (True, False)
    assert alice.ask("DELETE", path).status_code == 404
    # Its place is another link's now, which the old id neither opens nor ends.
    three = share(alice, object_key)
    assert three["id"][:2] == one["id"][:2]
    assert (is_over(alice, one), is_over(alice, three)) == (True, False)
    assert alice.ask("DELETE", path).status_code == 404
    assert not is_over(alice, three)


def test_with_the_object_go_its_links(alice: Person, name: str) -> None:
    photo = alice.has(a_picture(), **PHOTO)
    first = share(alice, photo["key"])
    picture = share(alice, alice.has(a_picture())["key"])
    resume = alice.has(a_pdf(), **RESUME)["key"]
    save(alice, name, resume_key=resume)
    document = share(alice, resume)
    alice.has(a_picture("blue"))
    assert alice.ask("DELETE", f"/photos/{photo['upload_id']}").status_code == 200
    save(alice, name, resume_key=None)
    assert [is_over(alice, link) for link in (first, picture, document)] == [True] * 3


def test_with_the_account_go_its_links(alice: Person) -> None:
    object_key = alice.has(a_picture(), **PHOTO)["key"]
    link = share(alice, object_key)
    assert alice.ask("DELETE", "/users/me").status_code == 202
    assert is_over(alice, link)
    refused = alice.ask("POST", "/share-links", json={"key": object_key, "expires_in": DAY})
    assert (refused.status_code, refused.json["error"]) == (410, "account_erased")
    assert not [name for name in alice.rows if name.startswith("SHARE#")]


def test_no_link_comes_after_an_erasure_that_came_in_between(alice: Person) -> None:
    object_key = ObjectKey.parse(alice.has(a_picture(), **PHOTO)["key"])
    assert alice.ask("DELETE", "/users/me").status_code == 202
    with alice.client.application.app_context(), pytest.raises(AccountErased):
        shares.add(Share("00" + "A" * 22 + alice.sub, 0, object_key, "v1.r1.link.0.9.x", 9), now=1)
    assert not [name for name in alice.rows if name.startswith("SHARE#")]


def test_a_public_object_is_shared_and_a_resume_that_is_hidden_stays_shared(alice: Person, name: str) -> None:
    resume = alice.has(a_pdf(), **RESUME)["key"]
    save(alice, name, resume_key=resume, show_resume=True)
    link = share(alice, resume)
    save(alice, name, show_resume=False)
    assert alice.look(f"/media/{resume}").status_code == 404
    assert not is_over(alice, link)


def test_only_a_complete_object_of_ones_own_is_shared(alice: Person, bob: Person) -> None:
    theirs = bob.has(a_picture())["key"]
    pending = alice.upload(a_picture(), **PHOTO)["key"]
    rejected = alice.upload(b"no picture")
    alice.complete(rejected)
    nobodys = theirs.replace(bob.sub, alice.sub)
    wrong_ext = alice.has(a_picture())["key"].replace(".jpg", ".pdf")
    for object_key in (theirs, pending, rejected["key"], nobodys, wrong_ext, "", "x", "users/../users"):
        answer = alice.ask("POST", "/share-links", json={"key": object_key, "expires_in": DAY})
        assert (answer.status_code, answer.json["error"], answer.json["field"]) == (400, "unknown_key", "key")
    assert not [name for name in alice.rows if name.startswith("SHARE#")]


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, {"key", "expires_in"}),
        ({"expires_in": 0}, {"key", "expires_in"}),
        ({"key": "x", "expires_in": 30 * DAY + 1}, {"expires_in"}),
        ({"key": "x", "expires_in": -1}, {"expires_in"}),
        ({"key": "x", "expires_in": "60"}, {"expires_in"}),
        ({"key": "x", "expires_in": 60.5}, {"expires_in"}),
        ({"key": "x", "expires_in": True}, {"expires_in"}),
        ({"key": 7, "expires_in": None, "until": 1}, {"key", "expires_in", "until"}),
    ],
)
def test_what_is_wrong_with_a_request_is_named(alice: Person, body: dict[str, Any], wrong: set[str]) -> None:
    answer = alice.ask("POST", "/share-links", json=body)
    assert (answer.status_code, answer.json["error"]) == (400, "validation_failed")
    assert answer.json["fields"].keys() == wrong


def test_without_a_token_nothing_is_shared(alice: Person) -> None:
    assert alice.look("/share-links", "POST").status_code == 401


def test_thirty_days_are_taken(alice: Person) -> None:
    link = share(alice, alice.has(a_picture(), **PHOTO)["key"], expires_in=30 * DAY)
    assert not is_over(alice, link)


def test_no_other_id_opens_anything(alice: Person, bob: Person) -> None:
    link = share(alice, alice.has(a_picture(), **PHOTO)["key"])["id"]
    place, secret, owner = link[:2], link[2:24], link[24:]
    assert owner == alice.sub
    other = "A" if secret[5] != "A" else "B"
    for wrong in (
        place + secret[:5] + other + secret[6:] + owner,
        f"{int(place) + 1:02}" + secret + owner,
        place + secret + bob.sub,
        place + secret,
        owner,
        link + "x",
        link.upper(),
        "٠٠" + secret + owner,
        link + "%0A",
    ):
        answer = alice.client.get(f"/shared/{wrong}")
        assert (answer.status_code, answer.get_json()["error"]) == (404, "not_found"), wrong
        assert alice.ask("DELETE", f"/share-links/{wrong}").status_code == 404
    assert not is_over(alice, {"id": link})


def test_the_table_opens_no_link_and_a_link_leaves_by_itself(alice: Person) -> None:
    link = share(alice, alice.has(a_picture(), **PHOTO)["key"], expires_in=500)
    [row] = [row for name, row in alice.rows.items() if name.startswith("SHARE#")]
    assert link["id"][2:24] not in json.dumps(row)
    assert int(row["ttl"]["N"]) == int(row["ends_at"]["N"])
    visibility, _, until = row["receipt"]["S"].split(".")[2:5]
    assert (visibility, until) == ("link", row["ends_at"]["N"])
    names = {"UserId", "EntityType", "digest", "category", "object_id", "ext", "receipt", "ends_at", "ttl"}
    assert row.keys() == names


def test_a_person_has_so_many_links_at_once_also_with_two_devices(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shares, "PLACES", 6)
    object_key = alice.has(a_picture(), **PHOTO)["key"]
    asked = {"key": object_key, "expires_in": 600}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: alice.ask("POST", "/share-links", json=asked), range(9)))
    assert sorted(answer.status_code for answer in answers) == [200] * 6 + [409] * 3
    [refused] = {answer.json["error"] for answer in answers if answer.status_code == 409}
    assert refused == "too_many_share_links"
    links = [answer.json for answer in answers if answer.status_code == 200]
    assert not any(is_over(alice, link) for link in links)
    assert alice.ask("DELETE", f"/share-links/{links[3]['id']}").status_code == 200
    share(alice, object_key)
    assert alice.ask("POST", "/share-links", json=asked).status_code == 409
    let_pass(alice, links[0])  # what ended gives its place free, before its row goes
    share(alice, object_key)
    assert is_over(alice, links[0])


def test_places_are_two_digits() -> None:
    assert shares.PLACES == 100
    assert sharing.LONGEST == 30 * DAY


def test_without_the_signer_nothing_is_shared_and_nothing_opened(alice: Person, stack: Stack) -> None:
    object_key = alice.has(a_picture(), **PHOTO)["key"]
    link = share(alice, object_key)
    away = make_app(stack.metadata_environment | {"SIGNERS": "a=unix:/nonexistent"}).test_client()
    alone = Person(alice.sub, stack, away)
    assert opened(alone, link).status_code == 503
    before = alice.rows
    answer = alone.ask("POST", "/share-links", json={"key": object_key, "expires_in": 60})
    assert (answer.status_code, answer.json["error"]) == (503, "unavailable")
    assert alice.rows == before
