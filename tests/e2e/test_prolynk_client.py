"""The ProLynk frontend against the stack, step by step, as its own document describes it; it knows nothing else of us.

It signs up and in at the user pool, asks POST /upload-url with exactly three fields, PUTs with a Content-Type and
nothing more, and posts what it was told to /profiles. Of "complete" it has never heard.
"""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.e2e.client import (
    Answer,
    People,
    Person,
    a_pdf,
    a_picture,
    colour_of,
    fetched,
    in_path,
    is_near,
    looked_at,
    send,
)
from tests.e2e.local_stack import Runner, eventually

PASSWORD = "Correct-horse-7"
SWEEP_SECONDS = 20.0
RED, GREEN = (200, 30, 30), (30, 160, 60)
PICTURES = [("image/png", ".png", "PNG"), ("image/jpeg", ".jpg", "JPEG"), ("image/jpg", ".jpg", "JPEG")]
PICTURES += [("image/webp", ".webp", "WEBP")]

ADA = {
    "full_name": "Ada Lovelace",
    "title": "Analyst",
    "bio": "First line.\nSecond line.",
    "skills": ["mathematics", "punched cards"],
    "social_links": {
        "linkedin": "https://linkedin.example/in/ada",
        "github": "https://github.example/ada",
        "twitter": "ada",
    },
    "email": "ada@contact.test",
    "phone": "+44 20 7946 0000",
    "show_email": False,
    "show_phone": False,
    "show_resume": False,
    "date_of_birth": "1815-12-10",
}


@dataclass
class ProLynk:
    """What the React app does, in its own words."""

    person: Person

    def save(self, **fields: Any) -> Answer:
        return self.person.post("/profiles", {"username": self.person.name} | fields)

    def uploads(self, file_type: str, octets: bytes, content_type: str, extension: str) -> Any:
        """Ask for a URL, PUT the blob; what the app keeps is the answer."""
        asked = {"file_type": file_type, "content_type": content_type, "file_extension": extension}
        place = self.person.post("/upload-url", asked).expect(200)
        send("PUT", place["upload_url"], octets, {"Content-Type": content_type}).expect(200)
        return place

    def picture(self, file_type: str = "profile_image", colour: tuple[int, int, int] = RED) -> Any:
        return self.uploads(file_type, a_picture(colour=colour), "image/jpeg", ".jpg")

    def resume(self) -> Any:
        return self.uploads("resume", a_pdf(), "application/pdf", ".pdf")

    def seen_by(self, reader: Person) -> Any:
        return reader.get(f"/profiles/{self.person.name}").expect(200)


@pytest.fixture(scope="module")
def people(stack: Runner) -> People:
    return People(stack)


@pytest.fixture
def ada(people: People) -> ProLynk:
    """A person who has saved a full profile."""
    app = ProLynk(people.new("ada"))
    app.save(**ADA).expect(200)
    return app


@pytest.fixture
def bob(people: People) -> ProLynk:
    """Another person with a profile."""
    app = ProLynk(people.new("bob"))
    app.save(full_name="Bob").expect(200)
    return app


@pytest.fixture(scope="module")
def nobody(people: People) -> Person:
    return people.nobody


# --- signing up and in ---------------------------------------------------------------------------------------


def pool_call(stack: Runner, action: str, **asked: Any) -> Any:
    """A call of the user pool's public interface, as a browser makes it: unsigned."""
    headers = {
        "X-Amz-Target": f"AWSCognitoIdentityProviderService.{action}",
        "Content-Type": "application/x-amz-json-1.1",
    }
    asked = {"ClientId": stack.deployment.client_id} | asked
    return send("POST", stack.engine + "/", json.dumps(asked).encode(), headers).expect(200)


def trigger(stack: Runner, hook: str, source: str, username: str, attributes: dict[str, str]) -> Any:
    """Post what the pool gives to a trigger's Lambda."""
    event = {
        "version": "1",
        "triggerSource": source,
        "region": "us-east-1",
        "userPoolId": stack.deployment.pool_id,
        "userName": username,
        "callerContext": {"awsSdkVersion": "x", "clientId": stack.deployment.client_id},
        "request": {"userAttributes": attributes},
        "response": {},
    }
    headers = {
        "Authorization": f"Bearer {stack.service_token('demo', 'hooks')}",
        "Content-Type": "application/json",
        "Idempotency-Key": uuid.uuid4().hex,
    }
    url = f"{stack.internal}/internal/v1/cognito/{hook}"
    return send("POST", url, json.dumps(event).encode(), headers).expect(200)


def signed_in(stack: Runner, email: str) -> Any:
    asked = {"AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": email, "PASSWORD": PASSWORD}}
    return pool_call(stack, "InitiateAuth", **asked)["AuthenticationResult"]


@pytest.fixture
def newcomer(stack: Runner) -> tuple[Person, str, str]:
    """Somebody who has signed up, been confirmed and signed in, triggers and all; with their e-mail and sub."""
    username = f"carol-{uuid.uuid4().hex[:8]}"
    email = f"{username}@example.test"
    attributes = {"email": email, "custom:username": username, "custom:fullname": "Carol Shaw"}
    assert trigger(stack, "pre-signup", "PreSignUp_SignUp", email, attributes)["allow"] is True
    listed = [{"Name": name, "Value": value} for name, value in attributes.items()]
    sub = pool_call(stack, "SignUp", Username=email, Password=PASSWORD, UserAttributes=listed)["UserSub"]
    # The code goes by e-mail, which a test has not: the pool's operator confirms.
    stack.deployment.client("cognito-idp").admin_confirm_sign_up(UserPoolId=stack.deployment.pool_id, Username=email)
    confirmed = attributes | {"sub": sub, "email_verified": "true"}
    trigger(stack, "post-confirmation", "PostConfirmation_ConfirmSignUp", email, confirmed)
    return Person(stack.gateway, signed_in(stack, email)["AccessToken"], username), email, sub


def test_whoever_signed_up_is_known_at_users_me(newcomer: tuple[Person, str, str]) -> None:
    person, email, sub = newcomer
    me = person.get("/users/me").expect(200)
    assert set(me) == {"user_id", "username", "email", "profile_complete", "date_of_birth", "fullname"}
    assert (me["user_id"], me["email"], me["username"]) == (sub, email, person.name)
    assert me["profile_complete"] is False


def test_a_username_claimed_at_sign_up_is_taken(newcomer: tuple[Person, str, str], bob: ProLynk) -> None:
    person, _, _ = newcomer
    assert bob.person.get(f"/username/check?username={person.name}").expect(200)["available"] is False
    refused = bob.person.post("/profiles", {"username": person.name})
    assert (refused.status, refused.code) == (409, "username_taken")


def test_pre_sign_up_denies_a_username_that_is_taken(stack: Runner, bob: ProLynk) -> None:
    attributes = {"email": "mallory@example.test", "custom:username": bob.person.name}
    answer = trigger(stack, "pre-signup", "PreSignUp_SignUp", "mallory@example.test", attributes)
    assert answer["allow"] is False
    assert answer["reason"]


def test_the_profile_completes_the_account(newcomer: tuple[Person, str, str]) -> None:
    person, _, _ = newcomer
    ProLynk(person).save(full_name="Carol Shaw", date_of_birth="1955-01-02").expect(200)
    me = person.get("/users/me").expect(200)
    assert (me["profile_complete"], me["fullname"], me["date_of_birth"]) == (True, "Carol Shaw", "1955-01-02")


def test_an_id_token_is_no_access_token(stack: Runner, newcomer: tuple[Person, str, str]) -> None:
    _, email, _ = newcomer
    with_id_token = Person(stack.gateway, signed_in(stack, email)["IdToken"])
    refused = with_id_token.get("/users/me")
    assert refused.status == 401
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]


def test_users_me_of_somebody_without_an_account_is_404(people: People) -> None:
    assert people.new().get("/users/me").expect(404)["error"] == "not_found"


# --- usernames -----------------------------------------------------------------------------------------------


def test_a_username_is_available_until_it_is_taken(people: People, nobody: Person) -> None:
    person = people.new()
    free = nobody.get(f"/username/check?username={person.name}").expect(200)
    assert free == {"available": True, "username": person.name}
    person.with_profile()
    assert nobody.get(f"/username/check?username={person.name}").expect(200)["available"] is False
    assert nobody.get(f"/username/check?username={person.name.upper()}").expect(200)["available"] is False


@pytest.mark.parametrize("name", ["admin", "root", "ab", "a" * 31, "-abc", "abc.", "a b c", "ünïcode"])
def test_a_username_nobody_can_have_is_not_available(nobody: Person, name: str) -> None:
    answer = nobody.get(f"/username/check?username={in_path(name)}").expect(200)
    assert answer["available"] is False
    assert answer["reason"]


def test_checking_no_username_is_a_bad_request(nobody: Person) -> None:
    nobody.get("/username/check").expect(400)


# --- the profile ---------------------------------------------------------------------------------------------


def test_a_saved_profile_comes_back_whole(people: People) -> None:
    app = ProLynk(people.new("ada"))
    answer = app.save(**ADA).expect(200)
    assert answer["message"] == "Profile saved successfully"
    assert answer["profile"]["username"] == app.person.name
    assert {name: answer["profile"].get(name) for name in ADA} == ADA


def test_only_what_is_given_changes(ada: ProLynk) -> None:
    before = ada.seen_by(ada.person)
    ada.save(title="Countess").expect(200)
    after = ada.seen_by(ada.person)
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    assert changed == {"title", "updated_at"}
    assert after["title"] == "Countess"


def test_arrays_are_replaced_whole(ada: ProLynk) -> None:
    ada.save(skills=["poetry"]).expect(200)
    assert ada.seen_by(ada.person)["skills"] == ["poetry"]


def test_a_field_set_to_null_is_removed(ada: ProLynk) -> None:
    ada.save(bio=None).expect(200)
    assert ada.seen_by(ada.person).get("bio") is None


def test_a_profile_needs_its_username(ada: ProLynk) -> None:
    refused = ada.person.post("/profiles", {"title": "x"})
    assert refused.status == 400
    assert "username" in refused.json["fields"]


def test_two_people_cannot_have_one_username(ada: ProLynk, bob: ProLynk) -> None:
    before = ada.seen_by(ada.person), bob.seen_by(bob.person)
    refused = bob.person.post("/profiles", {"username": ada.person.name, "title": "thief"})
    assert (refused.status, refused.code) == (409, "username_taken")
    assert (ada.seen_by(ada.person), bob.seen_by(bob.person)) == before


def test_another_username_renames_and_frees_the_old_one(ada: ProLynk, nobody: Person) -> None:
    old, new = ada.person.name, f"{ada.person.name}-x"
    ada.person.post("/profiles", {"username": new}).expect(200)
    assert nobody.get(f"/profiles/{new}").expect(200)["full_name"] == ADA["full_name"]
    assert nobody.get(f"/profiles/{old}").status == 404
    assert nobody.get(f"/username/check?username={old}").expect(200)["available"] is True
    assert ada.person.get("/users/me").expect(200)["username"] == new


def test_everyone_sees_the_public_profile_as_documented(ada: ProLynk, nobody: Person) -> None:
    ada.save(
        projects=[
            {"id": "p1", "title": "Engine", "link": "https://engine.example/", "tech_stack": ["brass"], "order": 1}
        ]
    )
    profile = ada.seen_by(nobody)
    for name in (
        "username",
        "full_name",
        "title",
        "bio",
        "skills",
        "social_links",
        "show_email",
        "show_phone",
        "show_resume",
    ):
        assert profile[name] == ({"username": ada.person.name} | ADA)[name], name
    shown = {"id": "p1", "title": "Engine", "link": "https://engine.example/", "tech_stack": ["brass"], "order": 1}
    assert shown.items() <= profile["projects"][0].items()
    assert profile["links"] == []
    assert {profile[name] for name in ("avatar_url", "profile_image_url", "avatar_urls")} == {None}


def test_the_profile_of_nobody_is_404(nobody: Person) -> None:
    assert nobody.get("/profiles/nobody-has-this").code == "not_found"


@pytest.mark.parametrize("field", ["email", "phone"])
def test_contact_is_shown_only_where_its_flag_says(ada: ProLynk, bob: ProLynk, nobody: Person, field: str) -> None:
    assert ADA[field] not in ada.seen_by(nobody).values()
    assert ADA[field] not in ada.seen_by(bob.person).values()
    assert ada.seen_by(ada.person)[field] == ADA[field]
    ada.save(**{f"show_{field}": True}).expect(200)
    assert ada.seen_by(nobody)[field] == ADA[field]
    ada.save(**{f"show_{field}": False}).expect(200)
    assert ADA[field] not in ada.seen_by(nobody).values()


def test_a_date_of_birth_is_never_public(ada: ProLynk, nobody: Person) -> None:
    ada.save(show_email=True, show_phone=True, show_resume=True).expect(200)
    assert str(ADA["date_of_birth"]) not in json.dumps(ada.seen_by(nobody))


# --- the picture ---------------------------------------------------------------------------------------------

# What an app of this kind may post after the PUT, and that all of it means "this is my picture now".
POSTED: dict[str, Callable[[Any], dict[str, str]]] = {
    "avatar_key": lambda place: {"avatar_key": place["key"]},
    "profile_image_url = the public URL": lambda place: {"profile_image_url": place["url"]},
    "profile_image_url = the PUT URL": lambda place: {"profile_image_url": place["upload_url"]},
    "profile_image_url = the PUT URL without its query": lambda place: {
        "profile_image_url": place["upload_url"].partition("?")[0]
    },
    "avatar_key = the path of the PUT URL": lambda place: {
        "avatar_key": urlsplit(place["upload_url"]).path.lstrip("/")
    },
    "both": lambda place: {"avatar_key": place["key"], "profile_image_url": place["url"]},
}


def test_the_answer_to_upload_url_has_what_the_app_reads(ada: ProLynk) -> None:
    asked = {"file_type": "profile_image", "content_type": "image/jpeg", "file_extension": ".jpg"}
    place = ada.person.post("/upload-url", asked).expect(200)
    user_id = ada.person.get("/users/me").expect(200)["user_id"]
    assert place["key"].startswith(f"users/{user_id}/profile/")
    assert place["content_type"] == "image/jpeg"
    assert place["expires_in"] == 300
    assert "X-Amz-Signature=" in place["upload_url"]
    assert place["url"].endswith(place["key"])


@pytest.mark.parametrize("posted", POSTED)
def test_a_picture_that_was_put_and_posted_is_current(ada: ProLynk, nobody: Person, posted: str) -> None:
    place = ada.picture()
    ada.save(**POSTED[posted](place)).expect(200)
    profile = ada.seen_by(nobody)
    assert profile["avatar_url"] == profile["profile_image_url"]
    shown = fetched(profile["avatar_url"])
    assert shown.status == 200, f"{shown}: the picture is current, and cannot be seen"
    assert looked_at(shown.body) == ("JPEG", (640, 480))
    assert is_near(colour_of(shown.body), RED)


@pytest.mark.parametrize(("content_type", "extension", "kind"), PICTURES)
def test_each_allowed_type_of_picture_is_taken(
    ada: ProLynk, nobody: Person, content_type: str, extension: str, kind: str
) -> None:
    place = ada.uploads("profile_image", a_picture(kind=kind), content_type, extension)
    assert place["content_type"] == content_type
    ada.save(avatar_key=place["key"]).expect(200)
    assert looked_at(fetched(ada.seen_by(nobody)["avatar_url"]).body) == ("JPEG", (640, 480))


def test_the_address_given_with_the_url_serves_the_picture(ada: ProLynk) -> None:
    place = ada.picture()
    ada.save(avatar_key=place["key"]).expect(200)
    shown = fetched(place["url"])
    assert shown.status == 200, f"{shown}: `url` is the public URL after the upload"
    assert is_near(colour_of(shown.body), RED)


def test_the_picture_is_there_in_three_sizes(ada: ProLynk, nobody: Person) -> None:
    ada.save(avatar_key=ada.picture()["key"]).expect(200)
    addresses = ada.seen_by(nobody)["avatar_urls"]
    sizes = {size: looked_at(fetched(address).body)[1] for size, address in addresses.items()}
    assert sizes == {"150": (150, 150), "400": (400, 400), "800": (640, 480)}


def test_a_second_picture_takes_the_place_of_the_first(ada: ProLynk, nobody: Person) -> None:
    first, second = ada.picture(), ada.picture(colour=GREEN)
    ada.save(avatar_key=first["key"]).expect(200)
    ada.save(avatar_key=second["key"]).expect(200)
    assert is_near(colour_of(fetched(ada.seen_by(nobody)["avatar_url"]).body), GREEN)
    assert eventually(lambda: fetched(first["url"]).status == 404, SWEEP_SECONDS), "the old picture is still served"


def test_a_null_avatar_key_removes_the_picture(ada: ProLynk, nobody: Person) -> None:
    ada.save(avatar_key=ada.picture()["key"]).expect(200)
    ada.save(avatar_key=None).expect(200)
    profile = ada.seen_by(nobody)
    assert (profile["avatar_url"], profile["profile_image_url"], profile["avatar_urls"]) == (None, None, None)


def test_a_key_whose_bytes_never_came_changes_nothing(ada: ProLynk) -> None:
    asked = {"file_type": "profile_image", "content_type": "image/jpeg", "file_extension": ".jpg"}
    place = ada.person.post("/upload-url", asked).expect(200)
    before = ada.seen_by(ada.person)
    refused = ada.save(avatar_key=place["key"], title="New")
    assert (refused.status, refused.code) == (409, "upload_not_received")
    assert ada.seen_by(ada.person) == before


def test_a_put_of_another_type_is_refused_by_s3(ada: ProLynk) -> None:
    asked = {"file_type": "profile_image", "content_type": "image/jpeg", "file_extension": ".jpg"}
    place = ada.person.post("/upload-url", asked).expect(200)
    assert send("PUT", place["upload_url"], a_picture(kind="PNG"), {"Content-Type": "image/png"}).status == 403


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"file_type": "virus", "content_type": "image/png"}, "unsupported_file_type"),
        ({"file_type": "resume", "content_type": "image/png"}, "unsupported_content_type"),
        ({"file_type": "profile_image", "content_type": "image/svg+xml"}, "unsupported_content_type"),
        ({"file_type": "profile_image", "content_type": "image/png", "file_extension": ".pdf"}, "extension_mismatch"),
    ],
)
def test_a_file_of_the_wrong_kind_is_refused_before_signing(ada: ProLynk, asked: dict[str, str], code: str) -> None:
    refused = ada.person.post("/upload-url", asked)
    assert (refused.status, refused.code) == (400, code)
    assert "upload_url" not in refused.json


# --- projects ------------------------------------------------------------------------------------------------


def a_project(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "title": name.title(), "link": f"https://{name}.example/", "tech_stack": ["brass"]} | more


@pytest.mark.parametrize("posted", ["image_key", "image_url"])
def test_a_project_shows_its_image_to_everyone(ada: ProLynk, nobody: Person, posted: str) -> None:
    place = ada.picture("project_image", GREEN)
    assert "/projects/" in place["key"]
    given = {"image_key": place["key"]} if posted == "image_key" else {"image_url": place["upload_url"]}
    ada.save(projects=[a_project("engine", **given)]).expect(200)
    shown = fetched(ada.seen_by(nobody)["projects"][0]["image_url"])
    assert shown.status == 200, f"{shown}: a project's image is public"
    assert is_near(colour_of(shown.body), GREEN)


def test_each_project_keeps_its_own_image(ada: ProLynk, nobody: Person) -> None:
    red, green = ada.picture("project_image", RED), ada.picture("project_image", GREEN)
    projects = [a_project("one", image_key=red["key"], order=1), a_project("two", image_key=green["key"], order=2)]
    ada.save(projects=projects).expect(200)
    shown = {project["id"]: fetched(project["image_url"]).body for project in ada.seen_by(nobody)["projects"]}
    assert is_near(colour_of(shown["one"]), RED)
    assert is_near(colour_of(shown["two"]), GREEN)


def test_a_profile_posted_back_as_it_came_keeps_its_pictures(ada: ProLynk, nobody: Person) -> None:
    keys = ada.picture()["key"], ada.picture("project_image")["key"], ada.resume()["key"]
    project = a_project("engine", image_key=keys[1])
    ada.save(avatar_key=keys[0], projects=[project], resume_key=keys[2], show_resume=True).expect(200)
    before = ada.seen_by(nobody)
    # The app's form is filled from the public profile, which has addresses and no keys.
    ada.save(**{name: value for name, value in before.items() if name != "username"}).expect(200)
    after = ada.seen_by(nobody)
    for name in ("avatar_url", "avatar_urls", "profile_image_url", "projects"):
        assert after[name] == before[name], name
    assert urlsplit(after["resume_url"]).path == urlsplit(before["resume_url"]).path


def test_an_image_no_project_shows_any_more_is_deleted(ada: ProLynk) -> None:
    place = ada.picture("project_image")
    ada.save(projects=[a_project("engine", image_key=place["key"])]).expect(200)
    assert fetched(place["url"]).status == 200
    ada.save(projects=[]).expect(200)
    assert eventually(lambda: fetched(place["url"]).status == 404, SWEEP_SECONDS), "the image is still served"


# --- the resume ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("posted", ["resume_key", "resume_url"])
def test_a_shown_resume_can_be_read_by_everyone(ada: ProLynk, nobody: Person, posted: str) -> None:
    place = ada.resume()
    given = {"resume_key": place["key"]} if posted == "resume_key" else {"resume_url": place["upload_url"]}
    ada.save(show_resume=True, **given).expect(200)
    shown = fetched(ada.seen_by(nobody)["resume_url"])
    assert (shown.status, shown.body) == (200, a_pdf()), shown
    assert shown.headers["content-type"] == "application/pdf"
    assert shown.headers["content-disposition"].startswith("attachment")


def test_a_resume_that_is_not_shown_is_its_owners_alone(ada: ProLynk, bob: ProLynk, nobody: Person) -> None:
    place = ada.resume()
    ada.save(resume_key=place["key"]).expect(200)
    for reader in (nobody, bob.person):
        assert not ada.seen_by(reader).get("resume_url")
        assert place["key"] not in json.dumps(ada.seen_by(reader))
        assert reader.get(f"/media/{place['key']}").status == 404
    assert fetched(ada.seen_by(ada.person)["resume_url"]).body == a_pdf()


def test_a_resume_hidden_again_is_not_found_again(ada: ProLynk, nobody: Person) -> None:
    place = ada.resume()
    ada.save(resume_key=place["key"], show_resume=True).expect(200)
    assert nobody.get(f"/media/{place['key']}").status == 302
    ada.save(show_resume=False).expect(200)
    assert nobody.get(f"/media/{place['key']}").status == 404
    assert not ada.seen_by(nobody).get("resume_url")
    assert fetched(ada.seen_by(ada.person)["resume_url"]).status == 200


def test_a_resume_replaced_while_shown_is_shown_anew(ada: ProLynk, nobody: Person) -> None:
    first, second = ada.resume(), ada.resume()
    ada.save(resume_key=first["key"], show_resume=True).expect(200)
    ada.save(resume_key=second["key"]).expect(200)
    assert second["key"] in ada.seen_by(nobody)["resume_url"]
    assert fetched(ada.seen_by(nobody)["resume_url"]).status == 200


# --- links ---------------------------------------------------------------------------------------------------


def test_a_link_is_saved_and_shown(ada: ProLynk, nobody: Person) -> None:
    answer = ada.person.post("/links", {"title": "Notes", "url": "https://notes.example/", "order": 2}).expect(200)
    assert answer["message"] == "Link saved successfully"
    link = answer["link"]
    names = {"user_id", "link_id", "title", "url", "order", "is_deleted", "created_at", "updated_at"}
    assert names <= set(link)
    assert (link["title"], link["url"], link["order"], link["is_deleted"]) == (
        "Notes",
        "https://notes.example/",
        2,
        False,
    )
    assert uuid.UUID(link["link_id"]).version == 4
    [shown] = ada.seen_by(nobody)["links"]
    assert {"title": "Notes", "url": "https://notes.example/"}.items() <= shown.items()


def test_a_link_is_changed_by_its_id(ada: ProLynk) -> None:
    made = ada.person.post("/links", {"title": "Old", "url": "https://old.example/"}).expect(200)["link"]
    changed = {"link_id": made["link_id"], "title": "New", "url": "https://new.example/"}
    ada.person.post("/links", changed).expect(200)
    [link] = ada.person.get("/links").expect(200)["links"]
    assert changed.items() <= link.items()
    assert link["created_at"] == made["created_at"]


def test_links_come_in_their_order(ada: ProLynk, nobody: Person) -> None:
    for title, order in (("third", 3), ("first", 1), ("second", 2)):
        ada.person.post("/links", {"title": title, "url": "https://x.example/", "order": order}).expect(200)
    assert [link["title"] for link in ada.seen_by(nobody)["links"]] == ["first", "second", "third"]


def test_a_deleted_link_is_gone_but_kept_as_deleted(stack: Runner, ada: ProLynk, nobody: Person) -> None:
    link = ada.person.post("/links", {"title": "Old", "url": "https://old.example/"}).expect(200)["link"]
    answer = ada.person.delete(f"/links/{link['link_id']}").expect(200)
    assert answer["message"] == "Link deleted successfully"
    assert ada.seen_by(nobody)["links"] == []
    assert ada.person.get("/links").expect(200)["links"] == []
    row_key = {"user_id": {"S": link["user_id"]}, "link_id": {"S": link["link_id"]}}
    table = stack.deployment.client("dynamodb")
    row = table.get_item(TableName="countersign-links", Key=row_key)["Item"]
    assert row["is_deleted"] == {"BOOL": True}


def test_deleting_a_link_twice_is_404(ada: ProLynk) -> None:
    link = ada.person.post("/links", {"title": "Old", "url": "https://old.example/"}).expect(200)["link"]
    ada.person.delete(f"/links/{link['link_id']}").expect(200)
    assert ada.person.delete(f"/links/{link['link_id']}").code == "not_found"


# --- the browser's conditions --------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://localhost:8080"])
@pytest.mark.parametrize("path", ["/profiles", "/upload-url", "/links", "/users/me"])
def test_the_api_lets_the_apps_origins_in(nobody: Person, origin: str, path: str) -> None:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    answer = nobody.call("OPTIONS", path, headers=asked)
    assert answer.status in (200, 204)
    assert answer.headers["access-control-allow-origin"] == origin
    assert answer.headers["access-control-allow-credentials"] == "true"
    allowed = answer.headers["access-control-allow-headers"].lower()
    assert "authorization" in allowed
    assert "content-type" in allowed


def test_errors_can_be_read_by_the_app_too(nobody: Person) -> None:
    answer = nobody.get("/users/me", headers={"Origin": "http://localhost:3000"})
    assert answer.status == 401
    assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"


def test_the_bucket_lets_the_app_put(ada: ProLynk) -> None:
    place = ada.person.asks("profile_image")
    asked = {
        "Origin": "http://localhost:3000",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "content-type",
    }
    answer = send("OPTIONS", place["upload_url"], headers=asked)
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
    put = send(
        "PUT", place["upload_url"], a_picture(), {"Content-Type": "image/jpeg", "Origin": "http://localhost:3000"}
    )
    assert "etag" in put.headers["access-control-expose-headers"].lower()
