"""Who may read what, by which address, and for how long what we answer may be kept."""

import calendar
import json
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from metadata_service import clock, kinds
from metadata_service.object_keys import ObjectKey
from metadata_service.store import objects, pictures, profiles
from metadata_service.store.dynamodb import current
from metadata_service.store.objects import StoredObject
from metadata_service.store.profiles import Profile
from metadata_service.store.tallies import Quota
from signer_service import proofs
from tests.integration.metadata.galleries import audit_lines
from tests.integration.metadata.test_people_profiles import a_pdf, own, save
from tests.integration.metadata.test_uploads_frozen import frozen
from tests.integration.uploads_stack import Answer, InternalService, Person, Stack, a_picture, make_app

RESUME = {"file_type": "resume", "content_type": "application/pdf"}
IMAGE = {"file_type": "project_image"}
PLACEHOLDER = "http://pictures.example"
By = Callable[..., Person]


@pytest.fixture
def by(stack: Stack, tmp_path: Path) -> By:
    """Somebody, asking a service whose every kind has this visibility, and this reading expiry in seconds."""

    def made(person: Person, visibility: str, expiry: int = 300) -> Person:
        rules = kinds.PACKAGED.read_text()
        for said in kinds.VISIBILITIES:
            rules = rules.replace(f'visibility = "{said}"', f'visibility = "{visibility}"')
        file = tmp_path / f"{visibility}-{expiry}.toml"
        file.write_text(rules.replace("reading_expiry = 300", f"reading_expiry = {expiry}"))
        app = make_app(stack.metadata_environment | {"KINDS_FILE": str(file)})
        return Person(person.sub, stack, app.test_client())

    return made


def life(url: str) -> tuple[int, int]:
    """When a signed URL begins and ends, in seconds since the epoch."""
    query = parse_qs(urlsplit(url).query)
    begins = calendar.timegm(time.strptime(query["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ"))
    return begins, begins + int(query["X-Amz-Expires"][0])


def opens(url: str) -> bool:
    return requests.get(url, timeout=5).status_code == 200


def is_for_this_caller(answer: Answer) -> bool:
    """Whether no cache gives it to anybody else."""
    return not answer.cache_control.public and "Authorization" in answer.vary


# --- windows --------------------------------------------------------------------------------------------------


def test_all_who_ask_within_a_window_get_one_url(
    alice: Person, bob: Person, by: By, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, expiry = 2, 4
    path = f"/media/{by(alice, 'public', expiry).has(a_picture())['key']}"
    reader = by(bob, "public", expiry)
    # Two windows that lie ahead by no more than the signer, whose clock is not moved, forgives.
    boundary = (int(time.time()) + 4) // window * window
    found = []
    for now in (boundary - 2, boundary - 1, boundary):
        monkeypatch.setattr(clock, "now", lambda now=now: now)
        answer = reader.ask("GET", path) if now == boundary - 1 else reader.look(path)
        assert answer.status_code == 302, answer.text
        assert outlives_no_url(answer, now)
        found.append(answer.headers["Location"])
    first, last, following = found
    assert first == last != following
    assert life(first) == (boundary - window, boundary - window + expiry)
    assert life(following) == (boundary, boundary + expiry)


def outlives_no_url(answer: Answer, now: int) -> bool:
    max_age = answer.cache_control.max_age
    assert max_age is not None
    assert 0 <= max_age < life(answer.headers["Location"])[1] - now
    return True


def test_no_cache_keeps_a_redirect_as_long_as_its_url_lives(alice: Person, bob: Person, by: By, name: str) -> None:
    done = alice.has(a_picture())
    save(alice, name)
    for path in (f"/media/{done['key']}", f"/profiles/{name}/avatar"):
        answer = bob.look(path)
        assert outlives_no_url(answer, int(time.time()))
        assert answer.cache_control.public
        assert "Authorization" not in answer.vary, "it is the same for all"
        begins, ends = life(answer.headers["Location"])
        assert (begins % 150, ends - begins) == (0, 300)
    image = by(bob, "private").has(a_picture(), **IMAGE)
    assert outlives_no_url(bob.ask("GET", f"/media/{image['key']}"), int(time.time()))


def test_the_urls_of_what_is_not_public_are_each_callers_own(alice: Person, bob: Person, by: By) -> None:
    path = f"/media/{by(alice, 'signed_in').has(a_picture())['key']}"
    urls = [person.ask("GET", path).headers["Location"] for person in (bob, bob, alice)]
    assert len(set(urls)) == 3
    assert all(life(url)[1] - life(url)[0] <= 300 for url in urls)


# --- visibility -----------------------------------------------------------------------------------------------


def test_what_is_open_to_who_is_signed_in_is_nobody_elses(
    alice: Person, bob: Person, by: By, press: InternalService, stack: Stack
) -> None:
    path = f"/media/{by(alice, 'signed_in').has(a_picture())['key']}"
    for person in (alice, bob):
        for method in ("GET", "HEAD"):
            answer = person.ask(method, path)
            assert answer.status_code == 302
            assert is_for_this_caller(answer)
            assert 0 < int(answer.cache_control.max_age or 0) < 300
        assert opens(answer.headers["Location"])
    for nobody in (
        alice.look(path),
        alice.look(path, "HEAD"),
        with_token(alice, path, stack.service_token(press.name, "media:read")),
    ):
        assert nobody.status_code == 404
        assert nobody.headers["Cache-Control"] == "no-store"
        assert is_for_this_caller(nobody)


def with_token(person: Person, path: str, token: str) -> Answer:
    return Answer(person.client.get(path, headers={"Authorization": f"Bearer {token}"}))


def test_a_private_one_is_its_owners_alone(alice: Person, bob: Person, by: By) -> None:
    path = f"/media/{by(alice, 'private').has(a_picture())['key']}"
    assert [alice.ask("GET", path).status_code, bob.ask("GET", path).status_code] == [302, 404]
    assert alice.look(path).status_code == 404
    assert is_for_this_caller(alice.ask("GET", path))


def test_a_profile_shows_signed_addresses_to_who_is_signed_in_by_one_grant(
    alice: Person, bob: Person, by: By, stack: Stack, name: str
) -> None:
    owner = by(alice, "signed_in")
    avatar, image, resume = owner.has(a_picture()), owner.has(a_picture(), **IMAGE), owner.has(a_pdf(), **RESUME)
    save(owner, name, projects=[{"title": "x", "image_key": image["key"]}], resume_key=resume["key"], show_resume=True)
    for person in (alice, bob):
        before = audit_lines(stack)
        answer = person.ask("GET", f"/profiles/{name}")
        assert audit_lines(stack) - before == 1
        assert answer.headers["Cache-Control"] == "no-store"
        shown = answer.json
        urls = [*shown["avatar_urls"].values(), shown["projects"][0]["image_url"], shown["resume_url"]]
        assert all(opens(url) for url in urls)
        assert shown["avatar_url"] == shown["profile_image_url"] == shown["avatar_urls"]["800"]
        assert avatar["upload_id"] in shown["avatar_url"]

    before = audit_lines(stack)
    others = alice.look(f"/profiles/{name}")
    assert audit_lines(stack) == before
    assert (others.json["avatar_urls"], others.json["projects"][0]["image_url"], others.json["resume_url"]) == (
        None,
    ) * 3
    assert (others.headers["Cache-Control"], others.headers["Vary"]) == ("private, no-cache", "Authorization")


def test_a_resume_that_is_hidden_is_closed_to_who_is_signed_in(alice: Person, bob: Person, by: By, name: str) -> None:
    owner = by(alice, "signed_in")
    resume = owner.has(a_pdf(), **RESUME)["key"]
    assert bob.ask("GET", f"/media/{resume}").status_code == 302
    for shown in (False, True, False):
        save(owner, name, resume_key=resume, show_resume=shown)
        assert bob.ask("GET", f"/media/{resume}").status_code == (302 if shown else 404)
        assert ("resume_url" in bob.ask("GET", f"/profiles/{name}").json) is shown
        assert bob.look(f"/media/{resume}").status_code == 404, "never public"


def test_a_private_image_in_a_project_is_published_and_one_for_who_is_signed_in_stays_that(
    alice: Person, bob: Person, by: By, name: str
) -> None:
    private, signed_in = (
        by(alice, "private").has(a_picture(), **IMAGE),
        by(alice, "signed_in").has(a_picture(), **IMAGE),
    )
    projects = [{"title": "x", "image_key": private["key"]}]
    save(by(alice, "private"), name, projects=projects)
    assert alice.look(f"/media/{private['key']}").status_code == 302
    save(by(alice, "signed_in"), name, projects=[*projects, {"title": "y", "image_key": signed_in["key"]}])
    assert alice.look(f"/media/{signed_in['key']}").status_code == 404
    assert bob.ask("GET", f"/media/{signed_in['key']}").status_code == 302


def test_an_avatar_that_only_who_is_signed_in_may_see_is_the_default_one_to_others(
    alice: Person, bob: Person, by: By, name: str
) -> None:
    by(alice, "signed_in").has(a_picture())
    save(alice, name)
    path = f"/profiles/{name}/avatar?size=150"
    seen = bob.ask("GET", path)
    assert opens(seen.headers["Location"])
    assert (is_for_this_caller(seen), int(seen.cache_control.max_age or 99) <= 30) == (True, True)
    others = alice.look(path)
    assert others.headers["Location"] == f"{PLACEHOLDER}/static/default-avatar-150.jpg"
    assert is_for_this_caller(others)
    assert alice.look(path, "HEAD").headers["Location"] == others.headers["Location"]


# --- many at once ---------------------------------------------------------------------------------------------


def fifty(person: Person) -> list[str]:
    """Usernames of fifty people: in turn with a public picture, one for who is signed in, a private one, and none."""
    [key, *_] = json.loads((person.stack.folder / "receipt-keys.json").read_text())["keys"]
    secret = proofs.parse_receipt_keys((person.stack.folder / "receipt-keys.json").read_bytes())[key["kid"]]
    names = []
    with person.client.application.app_context():
        for number in range(50):
            profile = Profile(f"u{uuid.uuid4().hex[:20]}", str(uuid.uuid4()), {"full_name": f"N {number}"}, 1, "", "")
            names.append(profile.username)
            writes = [profiles.put_write(profile, None)]
            visibility = ("public", "signed_in", "private", None)[number % 4]
            if visibility is not None:
                object_key = ObjectKey(profile.user_id, "profile", clock.new_id(), "jpg")
                terms = proofs.Terms(visibility, 1, 0)
                receipt = None if visibility == "private" else proofs.receipt(key["kid"], secret, terms, object_key)  # type: ignore[arg-type] # has the parts that are named
                stored = StoredObject(object_key, "profile_image", 1, 0, visibility, receipt)
                writes += [*objects.record_writes(stored, Quota("")), pictures.move_write(None, object_key, 1)]
            current().transact(writes, token=clock.new_id())
    return names


def test_fifty_people_are_one_grant_public_and_signed_addresses_side_by_side(bob: Person, stack: Stack) -> None:
    names = fifty(bob)
    listed = ",".join(names)
    before = audit_lines(stack)
    answer = bob.ask("GET", f"/profiles?usernames={listed}")
    assert audit_lines(stack) - before == 1
    assert answer.headers["Cache-Control"] == "no-store"
    people = answer.json["profiles"]
    assert [person["username"] for person in people] == names
    for number, person in enumerate(people):
        assert person.keys() == {"username", "full_name", "title", "avatar_urls"}
        urls = person["avatar_urls"]
        if number % 4 > 1:
            assert urls is None
            continue
        assert urls.keys() == {"150", "400", "800"}
        is_stable = urls["150"].startswith(f"{PLACEHOLDER}/media/users/")
        assert is_stable is (number % 4 == 0)
        assert ("X-Amz-Signature" in urls["150"]) is not is_stable

    before = audit_lines(stack)
    anonymous = bob.look(f"/profiles?usernames={listed}")
    assert audit_lines(stack) == before
    shown = [person["avatar_urls"] is not None for person in anonymous.json["profiles"]]
    assert shown == [number % 4 == 0 for number in range(50)]
    assert is_for_this_caller(anonymous)


@pytest.mark.parametrize("more", [",nobody-of-the-kind", ",again"])
def test_more_than_fifty_are_refused_whoever_they_are(alice: Person, more: str) -> None:
    answer = alice.look("/profiles?usernames=" + ",".join(["again"] * 50) + more)
    assert (answer.status_code, answer.json["error"]) == (400, "validation_failed")
    assert answer.json["fields"].keys() == {"usernames"}


def test_one_whom_an_operator_has_frozen_hides_nobody_else(
    alice: Person, bob: Person, by: By, stack: Stack, name: str
) -> None:
    image = alice.has(a_picture(), **IMAGE)["key"]  # public: by it anybody sees the freeze
    for person, called in ((alice, name + "-a"), (bob, name + "-b")):
        by(person, "signed_in").has(a_picture())
        save(person, called)
    asked = f"/profiles?usernames={name}-a,{name}-b"
    with frozen(stack, bob, image, owners=[alice.sub]):
        first, second = bob.ask("GET", asked).json["profiles"]
        assert (first["avatar_urls"], opens(second["avatar_urls"]["150"])) == (None, True)
        assert bob.ask("GET", f"/profiles/{name}-a").json["avatar_urls"] is None
    assert all(person["avatar_urls"] for person in bob.ask("GET", asked).json["profiles"])


def test_a_receipt_that_is_not_taken_hides_one_address_and_no_profile(
    alice: Person, bob: Person, by: By, name: str
) -> None:
    owner = by(alice, "signed_in")
    avatar, image = owner.has(a_picture()), owner.has(a_picture(), **IMAGE)
    save(owner, name, projects=[{"title": "x", "image_key": image["key"]}])
    spoil_receipt(alice, f"OBJECT#profile#{avatar['upload_id']}")
    shown = bob.ask("GET", f"/profiles/{name}")
    assert (shown.status_code, shown.json["avatar_urls"]) == (200, None)
    assert opens(shown.json["projects"][0]["image_url"])
    assert bob.ask("GET", f"/media/{avatar['key']}").status_code == 404
    assert opens(own(alice, name)["avatar_url"]), "its owner needs none"


def spoil_receipt(person: Person, entity: str) -> None:
    person.stack.deployment.client("dynamodb").update_item(
        TableName=person.stack.deployment.table_prefix + "media",
        Key={"UserId": {"S": person.sub}, "EntityType": {"S": entity}},
        UpdateExpression="SET receipt = :receipt",
        ExpressionAttributeValues={":receipt": {"S": "v1.r1.signed_in.1.0." + "A" * 43}},
        ConditionExpression="attribute_exists(receipt)",
    )


# --- receipt keys ---------------------------------------------------------------------------------------------


def test_s24_receipts_of_both_active_keys_open_and_of_one_that_is_gone_no_more(
    alice: Person, bob: Person, by: By, stack: Stack
) -> None:
    public, signed_in = alice.has(a_picture(), **IMAGE), by(bob, "signed_in").has(a_picture(), **IMAGE)
    file = stack.folder / "receipt-keys.json"
    before = file.read_bytes()
    old, new = json.loads(before)["keys"], {"kid": "r2", "secret": "A" * 43}
    try:
        write_over(file, json.dumps({"keys": [new, *old]}).encode())
        later = by(alice, "signed_in").has(a_picture(), **IMAGE)
        assert receipt_of(alice, later).startswith("v1.r2.signed_in.")
        assert seen(alice.look, public) == seen(asks(alice), signed_in) == seen(asks(bob), later) == 302
        write_over(file, json.dumps({"keys": [new]}).encode())
        assert seen(alice.look, public) == seen(asks(alice), signed_in) == 404
        assert seen(asks(bob), later) == seen(asks(bob), signed_in) == 302
    finally:
        write_over(file, before)
    assert seen(alice.look, public) == 302


def write_over(file: Path, octets: bytes) -> None:
    """Whole or not at all, as an agent would."""
    written = file.with_suffix(".new")
    written.write_bytes(octets)
    written.rename(file)


def asks(person: Person) -> Callable[[str], Answer]:
    return lambda path: person.ask("GET", path)


def seen(look: Callable[[str], Answer], done: dict[str, Any]) -> int:
    return look(f"/media/{done['key']}").status_code


def receipt_of(person: Person, done: dict[str, Any]) -> str:
    row = person.rows[f"OBJECT#{done['key'].split('/')[2]}#{done['upload_id']}"]
    return str(row["receipt"]["S"])


# --- addresses ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example"}])
def test_no_host_that_a_client_names_is_in_any_address(alice: Person, name: str, headers: dict[str, str]) -> None:
    done = alice.has(a_picture())
    save(alice, name)
    asked = headers | {"Authorization": f"Bearer {alice.stack.token(alice.sub)}"}
    for path in (f"/profiles/{name}", f"/profiles?usernames={name}", "/users/me/picture", f"/media/{done['key']}"):
        answer = alice.client.get(path, headers=asked)
        told: dict[str, Any] = dict(answer.headers)
        assert answer.status_code in (200, 302)
        assert "evil" not in answer.text + json.dumps(told)
    shared = alice.client.post("/share-links", json={"key": done["key"], "expires_in": 9}, headers=asked).get_json()
    assert shared["url"].startswith(f"{PLACEHOLDER}/shared/")
