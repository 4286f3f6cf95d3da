"""S15 and S16: another person's identifiers open and change nothing, and private fields leave only as their flags say.

Ada has one of everything; Mallory knows every identifier of it, and tries each on every route that takes one. What
Ada has is compared record by record and object by object, so a refusal that changed something is seen too.
"""

import itertools
import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest

from local import users
from local.deploy import Deployment
from tests.builders import a_token, base64url
from tests.e2e.client import People, Person, a_pdf, a_picture, in_path
from tests.e2e.local_stack import Runner

PRIVATE = {"email": "ada-private@contact.test", "phone": "+44 20 7946 4711", "date_of_birth": "1815-12-10"}
STATES = ("requested", "sent", "ready", "rejected", "cancelled")


@dataclass(frozen=True)
class Holdings:
    """Everything Ada has: her uploads by the state that they are in, her keys by what they are."""

    person: Person
    owner: str
    uploads: dict[str, Any]
    keys: dict[str, str]
    link_id: str
    photo_id: str


@pytest.fixture(scope="module")
def people(stack: Runner) -> People:
    return People(stack)


@pytest.fixture(scope="module")
def nobody(people: People) -> Person:
    return people.nobody


@pytest.fixture(scope="module")
def mallory(people: People) -> Person:
    return people.new("mallory").with_profile()


@pytest.fixture(scope="module")
def ada(people: People) -> Holdings:
    person = people.new("ada").with_profile(**PRIVATE)
    picture, project = (person.uploads(kind, a_picture()) for kind in ("profile_image", "project_image"))
    resume = person.uploads("resume", a_pdf(), "application/pdf")
    shown = {"id": "p", "title": "P", "link": "https://p.example/", "image_key": project["key"]}
    posted = {"username": person.name, "resume_key": resume["key"], "projects": [shown]}
    person.post("/profiles", posted).expect(200)
    link = person.post("/links", {"title": "Mine", "url": "https://mine.example/"}).expect(200)["link"]
    photo = person.uploads("photo", a_picture())
    uploads = _in_every_state(person) | {"ready": resume}
    keys = {"picture": picture["key"], "project": project["key"], "resume": resume["key"], "photo": photo["key"]}
    return Holdings(person, resume["key"].split("/")[1], uploads, keys, link["link_id"], photo["upload_id"])


def _in_every_state(person: Person) -> dict[str, Any]:
    rejected = person.sends("profile_image", b"no picture at all")
    person.completes(rejected).expect(422)
    cancelled = person.asks("profile_image")
    person.delete(f"/uploads/{cancelled['upload_id']}").expect(200)
    sent = person.sends("profile_image", a_picture())
    return {"requested": person.asks("profile_image"), "sent": sent, "rejected": rejected, "cancelled": cancelled}


@pytest.fixture(scope="module")
def all_of_adas(stack: Runner, ada: Holdings) -> Callable[[], dict[str, Any]]:
    """Reads every record and every object of Ada's, past the services."""
    deployment = stack.deployment
    table, bucket = deployment.client("dynamodb"), deployment.client("s3")
    return lambda: _read(deployment, table, bucket, ada.owner)


def _read(deployment: Deployment, table: Any, bucket: Any, owner: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    owners = {"users": "user_id", "profiles": "user_id", "links": "user_id", "photos": "userId", "media": "UserId"}
    for name, column in owners.items():
        mine = {"ExpressionAttributeNames": {"#owner": column}, "ExpressionAttributeValues": {":owner": {"S": owner}}}
        rows = table.scan(TableName=deployment.table_prefix + name, FilterExpression="#owner = :owner", **mine)
        found[name] = sorted(json.dumps(row, sort_keys=True) for row in rows["Items"])
    for prefix in ("users", "incoming/users"):
        listed = bucket.list_objects_v2(Bucket=deployment.bucket, Prefix=f"{prefix}/{owner}/")
        found[prefix] = sorted((entry["Key"], entry["ETag"]) for entry in listed.get("Contents", []))
    return found


@pytest.fixture(scope="module")
def remembered(all_of_adas: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What Ada had when the last test ended."""
    return all_of_adas()


@pytest.fixture
def _untouched(all_of_adas: Callable[[], dict[str, Any]], remembered: dict[str, Any]) -> Iterator[None]:
    """Holds that the test changed nothing of Ada's."""
    assert all(remembered.values()), "Ada has one of everything"
    before = dict(remembered)
    yield
    remembered.update(all_of_adas())
    assert remembered == before, "S15: something of Ada's changed"


untouched = pytest.mark.usefixtures("_untouched")

# --- upload ids ----------------------------------------------------------------------------------------------


@untouched
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(("method", "suffix"), [("GET", ""), ("DELETE", ""), ("POST", "/complete")])
def test_s15_an_upload_of_anothers_is_not_found(
    ada: Holdings, mallory: Person, state: str, method: str, suffix: str
) -> None:
    answer = mallory.call(method, f"/uploads/{ada.uploads[state]['upload_id']}{suffix}", {} if suffix else None)
    assert (answer.status, answer.code) == (404, "upload_not_found"), answer


@untouched
@pytest.mark.parametrize("state", STATES)
def test_s15_a_foreign_upload_answers_as_one_that_never_was(ada: Holdings, mallory: Person, state: str) -> None:
    foreign = mallory.get(f"/uploads/{ada.uploads[state]['upload_id']}")
    missing = mallory.get(f"/uploads/{uuid.uuid4()}")
    assert (foreign.status, foreign.body) == (missing.status, missing.body)


# --- keys, in every spelling ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """What Mallory knows when she spells a key: Ada's key, whose it is, and her own owner form."""

    object_key: str
    owner: str
    her_own: str


SPELLINGS: dict[str, Callable[[Known], str]] = {
    "as it is": lambda known: known.object_key,
    "incoming": lambda known: f"incoming/{known.object_key}",
    "a slash first": lambda known: f"/{known.object_key}",
    "a bucket first": lambda known: f"bucket/{known.object_key}",
    "a bucket and incoming first": lambda known: f"/bucket/incoming/{known.object_key}",
    "an address": lambda known: f"https://bucket.s3.amazonaws.com/{known.object_key}?X-Amz-Signature=0",
    "a query": lambda known: f"{known.object_key}?x=y",
    "a size of 150": lambda known: known.object_key.replace(".", "-150."),
    "a size of 400": lambda known: known.object_key.replace(".", "-400."),
    "upper case": lambda known: known.object_key.upper(),
    "percent-encoded": lambda known: known.object_key.replace("/", "%2F"),
    "two slashes": lambda known: known.object_key.replace("/", "//"),
    "backslashes": lambda known: known.object_key.replace("/", "\\"),
    "her own folder, and out of it": lambda known: known.object_key.replace(
        known.owner, f"{known.her_own}/../{known.owner}"
    ),
    "her own key before it": lambda known: f"users/{known.her_own}/profile/{known.object_key}",
    "her own name, Ada's id": lambda known: known.object_key.replace(known.owner, known.her_own),
    "her own name as a query": lambda known: f"{known.object_key}?/users/{known.her_own}/profile/x.jpg",
    "her own name in a fragment": lambda known: f"{known.object_key}#users/{known.her_own}/",
    "a dot": lambda known: known.object_key.replace("users/", "users/./"),
    "a space at the end": lambda known: known.object_key + " ",
    "a line's end": lambda known: known.object_key + "\n",
    "a NUL": lambda known: known.object_key + "\0",
    "another category": lambda known: known.object_key.replace("/resume/", "/profile/").replace(".pdf", ".jpg"),
    "another extension": lambda known: known.object_key.replace(".jpg", ".png").replace(".pdf", ".jpg"),
}
HELD = ("picture", "project", "resume", "photo", "sent", "requested", "rejected")
# What each field of a profile would take, were it one's own.
TAKES = {
    "avatar_key": HELD,
    "resume_key": ("resume",),
    "image_key": ("project",),
    "profile_image_url": ("picture", "sent", "requested"),
    "resume_url": ("resume",),
    "image_url": ("project",),
}


@pytest.fixture(scope="module")
def her_own(mallory: Person) -> str:
    return str(mallory.get("/users/me").expect(200)["user_id"])


def key_of(ada: Holdings, what: str) -> str:
    return str(ada.keys.get(what) or ada.uploads[what]["key"])


@pytest.fixture(params=SPELLINGS)
def spelling(request: pytest.FixtureRequest, ada: Holdings, her_own: str) -> Callable[[str], str]:
    """Spells a key of Ada's in one of the ways."""
    spell = SPELLINGS[request.param]
    return lambda what: spell(Known(key_of(ada, what), ada.owner, her_own))


def posted_as(field: str, text: str) -> dict[str, Any]:
    return (
        {"projects": [{"title": "P", "link": "https://p.example/", field: text}]}
        if field.startswith("image_")
        else {field: text}
    )


@untouched
def test_s15_a_key_of_anothers_completes_nothing(mallory: Person, spelling: Callable[[str], str]) -> None:
    for what in HELD:
        answer = mallory.post("/upload-complete", {"key": spelling(what)})
        assert answer.status in (400, 404), f"Ada's {what}: {answer}"
        assert "url" not in answer.json


@untouched
@pytest.mark.parametrize("field", ["avatar_key", "resume_key", "image_key"])
def test_s15_a_key_of_anothers_is_unknown_in_a_profile(
    mallory: Person, field: str, spelling: Callable[[str], str]
) -> None:
    for what in TAKES[field]:
        answer = mallory.post("/profiles", {"username": mallory.name} | posted_as(field, spelling(what)))
        assert answer.status == 400, f"{field} took Ada's {what}: {answer}"
        assert answer.code in ("unknown_key", "validation_failed"), answer


@untouched
@pytest.mark.parametrize("field", ["profile_image_url", "resume_url", "image_url"])
def test_s15_an_address_of_anothers_is_ignored_in_a_profile(
    ada: Holdings, mallory: Person, field: str, spelling: Callable[[str], str]
) -> None:
    for what in TAKES[field]:
        mallory.post("/profiles", {"username": mallory.name} | posted_as(field, spelling(what)))
        seen = mallory.get(f"/profiles/{mallory.name}").body.decode()
        assert ada.owner not in seen, f"{field} took Ada's {what}: {seen}"


@untouched
@pytest.mark.parametrize("state", ["requested", "sent"])
@pytest.mark.parametrize("field", ["profile_image_url", "resume_url", "image_url"])
def test_s15_the_put_url_of_anothers_upload_is_ignored(ada: Holdings, mallory: Person, state: str, field: str) -> None:
    posted = posted_as(field, ada.uploads[state]["upload_url"])
    mallory.post("/profiles", {"username": mallory.name} | posted).expect(200)
    assert ada.owner not in mallory.get(f"/profiles/{mallory.name}").body.decode()


# --- what is read --------------------------------------------------------------------------------------------


@untouched
@pytest.mark.parametrize("reader", ["mallory", "nobody"])
def test_s15_what_is_not_public_is_not_found_at_media(
    request: pytest.FixtureRequest, reader: str, spelling: Callable[[str], str]
) -> None:
    for what in ("resume", "photo", "sent", "requested", "rejected"):
        text = in_path(spelling(what)).replace("%2F", "/").replace("%25", "%")
        answer = request.getfixturevalue(reader).get(f"/media/{text}")
        assert answer.status in (400, 404), f"Ada's {what}: {answer}"
        assert "location" not in answer.headers


@untouched
@pytest.mark.parametrize("what", ["picture", "project"])
@pytest.mark.parametrize("size", ["", "-150", "-400"])
def test_s15_what_was_uploaded_is_never_served_itself(ada: Holdings, mallory: Person, what: str, size: str) -> None:
    answer = mallory.get(f"/media/incoming/{ada.keys[what].replace('.', size + '.')}")
    assert answer.status == 404, answer


@untouched
@pytest.mark.parametrize("size", ["-0", "-1", "-151", "-800", "-150-150", "-1500000", "-०", ""])
def test_s15_a_resume_has_no_sizes_to_slip_in_by(ada: Holdings, nobody: Person, size: str) -> None:
    answer = nobody.get(f"/media/{ada.keys['resume'].replace('.pdf', in_path(size) + '.pdf')}")
    assert answer.status == 404, answer


# --- usernames, links, the picture ---------------------------------------------------------------------------


@untouched
@pytest.mark.parametrize("spelled", [str, str.upper, str.title, lambda name: f" {name}", lambda name: f"{name}\n"])
def test_s15_a_username_of_anothers_cannot_be_taken(
    ada: Holdings, mallory: Person, spelled: Callable[[str], str]
) -> None:
    answer = mallory.post("/profiles", {"username": spelled(ada.person.name), "title": "thief"})
    assert answer.status in (400, 409), answer
    assert mallory.get("/users/me").expect(200)["username"] == mallory.name


@untouched
def test_s15_a_link_of_anothers_is_not_deleted(ada: Holdings, mallory: Person) -> None:
    answer = mallory.delete(f"/links/{ada.link_id}")
    assert (answer.status, answer.code) == (404, "not_found")


@untouched
def test_s15_a_link_of_anothers_is_not_changed(ada: Holdings, mallory: Person) -> None:
    # An unknown link_id creates: so Mallory gets a link of her own, whatever Ada's is called.
    link = {"link_id": ada.link_id, "title": "Hers", "url": "https://hers.example/"}
    assert mallory.post("/links", link).expect(200)["link"]["user_id"] != ada.owner
    mallory.delete(f"/links/{ada.link_id}").expect(200)


@untouched
def test_s15_a_photo_of_anothers_is_neither_listed_nor_deleted(ada: Holdings, mallory: Person) -> None:
    answer = mallory.delete(f"/photos/{ada.photo_id}")
    missing = mallory.delete(f"/photos/{uuid.uuid4()}")
    assert (answer.status, answer.body) == (404, missing.body)
    assert mallory.get("/photos").expect(200) == {"photos": [], "next_cursor": None}


@untouched
def test_s15_links_list_only_ones_own(ada: Holdings, mallory: Person) -> None:
    assert ada.link_id not in mallory.get("/links").body.decode()


@untouched
def test_s15_deleting_a_picture_deletes_ones_own(people: People) -> None:
    other = people.new("other").with_profile()
    assert other.delete("/users/me/picture").status == 404


OWNERS_NAMED: dict[str, Callable[[Holdings], dict[str, Any]]] = {
    "a query": lambda ada: {"path": f"?user_id={ada.owner}&owner={ada.owner}&sub={ada.owner}"},
    "headers": lambda ada: {
        "headers": dict.fromkeys(("X-User-Id", "X-Sub", "X-Owner", "X-Forwarded-User", "Remote-User"), ada.owner)
    },
    "the gateway's own words": lambda ada: {
        "headers": {"X-Original-URI": f"/users/{ada.owner}", "X-Request-Id": ada.owner}
    },
}


@untouched
@pytest.mark.parametrize("named", OWNERS_NAMED)
@pytest.mark.parametrize("path", ["/users/me", "/users/me/picture", "/links", "/photos"])
def test_s15_who_one_is_comes_from_the_token_alone(ada: Holdings, mallory: Person, named: str, path: str) -> None:
    how = OWNERS_NAMED[named](ada)
    answer = mallory.get(path + how.get("path", ""), headers=how.get("headers"))
    assert ada.owner not in answer.body.decode()
    assert answer.status in (200, 400)


@untouched
@pytest.mark.parametrize("path", ["/profiles", "/links", "/upload-url"])
@pytest.mark.parametrize("field", ["user_id", "owner", "UserId", "sub"])
def test_s15_a_body_that_names_another_owner_gives_nothing_of_theirs(
    ada: Holdings, mallory: Person, path: str, field: str
) -> None:
    good = {
        "/profiles": {"username": mallory.name},
        "/links": {"title": "x", "url": "https://x.example/"},
        "/upload-url": {"file_type": "profile_image", "content_type": "image/png"},
    }[path]
    answer = mallory.post(path, good | {field: ada.owner})
    assert answer.status in (200, 400), answer
    assert ada.owner not in answer.body.decode().replace(f'"{field}":["', "")
    if "upload_id" in answer.json:
        mallory.delete(f"/uploads/{answer.json['upload_id']}")


# --- who is nobody -------------------------------------------------------------------------------------------

CLOSED = [
    ("POST", "/profiles"),
    ("GET", "/users/me"),
    ("POST", "/links"),
    ("GET", "/links"),
    ("DELETE", "/links/{link_id}"),
    ("POST", "/upload-url"),
    ("POST", "/uploads/{upload_id}/complete"),
    ("POST", "/upload-complete"),
    ("GET", "/uploads/{upload_id}"),
    ("DELETE", "/uploads/{upload_id}"),
    ("GET", "/users/me/picture"),
    ("DELETE", "/users/me/picture"),
    ("GET", "/photos"),
    ("DELETE", "/photos/{photo_id}"),
]


def resigned(token: str, **claims: Any) -> str:
    """A token with the right claims, or some changed, signed by somebody else under the right kid."""
    right = jwt.decode(token, options={"verify_signature": False})
    return a_token(kid=jwt.get_unverified_header(token)["kid"], **(right | claims))


def unsigned(token: str) -> str:
    """The token's claims under `alg: none`."""
    header = base64url(json.dumps({"alg": "none", "typ": "JWT"}).encode())
    return f"{header}.{token.split('.')[1]}."


CREDENTIALS: dict[str, Callable[[Runner, Holdings], str | None]] = {
    "nothing": lambda stack, ada: None,
    "an empty bearer": lambda stack, ada: "Bearer ",
    "no token at all": lambda stack, ada: "Bearer x.y.z",
    "a name and a password": lambda stack, ada: "Basic YWRhOmFkYQ==",
    "the token without its scheme": lambda stack, ada: ada.person.token,
    "a token cut short": lambda stack, ada: f"Bearer {str(ada.person.token)[:-6]}",
    "a token that nobody signed": lambda stack, ada: f"Bearer {unsigned(str(ada.person.token))}",
    "a token somebody else signed": lambda stack, ada: f"Bearer {resigned(str(ada.person.token))}",
    "an ID token": lambda stack, ada: f"Bearer {users.tokens(stack.deployment, ada.person.name)['IdToken']}",
    "a service's token": lambda stack, ada: f"Bearer {stack.service_token()}",
}


@untouched
@pytest.mark.parametrize("credential", CREDENTIALS)
@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_s15_a_closed_route_asks_nobody_in(
    stack: Runner, ada: Holdings, nobody: Person, method: str, path: str, credential: str
) -> None:
    said = CREDENTIALS[credential](stack, ada)
    filled = path.format(link_id=ada.link_id, upload_id=ada.uploads["sent"]["upload_id"], photo_id=ada.photo_id)
    headers = {} if said is None else {"Authorization": said}
    answer = nobody.call(method, filled, {} if method == "POST" else None, headers=headers)
    assert answer.status == 401, answer
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert set(answer.json) >= {"error", "message"}


@untouched
@pytest.mark.parametrize("credential", CREDENTIALS)
def test_s16_a_token_that_does_not_verify_counts_as_none(
    stack: Runner, ada: Holdings, nobody: Person, credential: str
) -> None:
    said = CREDENTIALS[credential](stack, ada)
    answer = nobody.get(f"/profiles/{ada.person.name}", headers={} if said is None else {"Authorization": said})
    seen = answer.expect(200)
    assert not leaked(answer.body.decode(), ada.keys["resume"]), f"S16: {credential} opened private fields"
    assert seen["username"] == ada.person.name


@untouched
@pytest.mark.parametrize("listener", ["public", "internal"])
@pytest.mark.parametrize("hook", ["pre-signup", "post-confirmation"])
def test_s15_a_person_cannot_play_the_pool(
    stack: Runner, ada: Holdings, mallory: Person, listener: str, hook: str
) -> None:
    at = Person(stack.gateway if listener == "public" else stack.internal, mallory.token)
    attributes = {"sub": ada.owner, "email": "mallory@contact.test", "email_verified": "true"}
    event = {"userName": "x", "request": {"userAttributes": attributes}, "response": {}}
    answer = at.post(f"/internal/v1/cognito/{hook}", event, headers={"Idempotency-Key": uuid.uuid4().hex})
    assert answer.status == (404 if listener == "public" else 401), answer


# --- private fields (S16) ------------------------------------------------------------------------------------


def leaked(text: str, resume: str) -> set[str]:
    """Which private things stand in a text; of the resume its id."""
    secrets = PRIVATE | {"resume": resume.rpartition("/")[2].partition(".")[0]}
    return {name for name, secret in secrets.items() if secret in text}


def everything_public(reader: Person, name: str) -> str:
    """All that the public routes say of a person, headers and all."""
    paths = [f"/profiles/{name}", f"/profiles?usernames={name}", f"/username/check?username={name}"]
    paths += [f"/profiles/{name}/avatar", f"/profiles/{name}/avatar?size=150", f"/profiles/{name.upper()}"]
    answers = [reader.get(path) for path in paths]
    return "\n".join(json.dumps(dict(answer.headers)) + answer.body.decode() for answer in answers)


@pytest.fixture(scope="module")
def eve(people: People) -> tuple[Person, str]:
    """Somebody with Ada's private fields, who shows now one and now another; with her resume's key."""
    person = people.new("eve").with_profile(**PRIVATE)
    resume = person.uploads("resume", a_pdf(), "application/pdf")["key"]
    person.post("/profiles", {"username": person.name, "resume_key": resume}).expect(200)
    return person, resume


@pytest.mark.parametrize("shown", list(itertools.product([False, True], repeat=3)))
@pytest.mark.parametrize("reader", ["mallory", "nobody"])
def test_s16_private_fields_leave_as_their_flags_say(
    request: pytest.FixtureRequest, eve: tuple[Person, str], reader: str, shown: tuple[bool, bool, bool]
) -> None:
    person, resume = eve
    flags = dict(zip(("email", "phone", "resume"), shown, strict=True))
    posted = {f"show_{name}": value for name, value in flags.items()}
    person.post("/profiles", {"username": person.name} | posted).expect(200)
    found = leaked(everything_public(request.getfixturevalue(reader), person.name), resume)
    assert found == {name for name, value in flags.items() if value}, f"S16: flags {flags} let out {found}"
    opened = request.getfixturevalue(reader).get(f"/media/{resume}").status
    assert opened == (302 if flags["resume"] else 404), f"S16: show_resume is {flags['resume']}"


def test_s16_the_owner_sees_all(ada: Holdings) -> None:
    seen = ada.person.get(f"/profiles/{ada.person.name}").body.decode()
    assert leaked(seen, ada.keys["resume"]) == {"email", "phone", "date_of_birth", "resume"}


def test_s16_what_only_the_owner_sees_is_kept_by_no_cache(ada: Holdings) -> None:
    for path in (f"/profiles/{ada.person.name}", "/users/me", f"/uploads/{ada.uploads['ready']['upload_id']}"):
        answer = ada.person.get(path)
        assert "no-store" in answer.headers.get("cache-control", ""), f"S16: {path} may be kept"


def test_s16_a_profile_that_may_be_kept_says_that_it_depends_on_the_token(ada: Holdings, nobody: Person) -> None:
    answer = nobody.get(f"/profiles/{ada.person.name}")
    kept = answer.headers.get("cache-control", "")
    varies = answer.headers.get("vary", "").lower()
    assert "no-store" in kept or "authorization" in varies, f"S16: Cache-Control {kept!r} with Vary {varies!r}"


def test_s16_a_private_redirect_is_kept_by_no_shared_cache(ada: Holdings) -> None:
    answer = ada.person.get(f"/media/{ada.keys['resume']}")
    assert answer.status == 302
    kept = answer.headers["cache-control"]
    assert "public" not in kept
    assert "no-store" in kept or ("private" in kept and "authorization" in answer.headers["vary"].lower()), kept


def test_s16_a_public_redirect_is_kept_for_less_than_its_url_lives(ada: Holdings, nobody: Person) -> None:
    answer = nobody.get(f"/media/{ada.keys['picture']}")
    query = dict(pair.split("=", 1) for pair in urlsplit(answer.headers["location"]).query.split("&"))
    begun = time.mktime(time.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ")) - time.timezone
    left = begun + int(query["X-Amz-Expires"]) - time.time()
    kept = answer.headers["cache-control"]
    age = int(kept.partition("max-age=")[2].split(",")[0])
    assert "public" in kept
    assert age < left, f"kept for {age} s of the {left:.0f} s that the URL lives"
    assert left <= 300
