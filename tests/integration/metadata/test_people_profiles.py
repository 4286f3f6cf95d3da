"""Profiles, as their owners keep them and others see them, on the real engine."""

import uuid
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from tests.integration.uploads_stack import Person, Stack, a_picture, make_app, sizes_of

PLACEHOLDER = "http://pictures.example"
EVERYTHING: dict[str, Any] = {
    "full_name": "Alice Example",
    "title": "Engineer",
    "bio": "One\n\ttwo",
    "skills": ["python", "sailing"],
    "social_links": {"github": "alice", "site": "https://example.com"},
    "projects": [{"id": "1", "title": "Boat", "link": "https://example.com/boat", "tech_stack": ["wood"], "order": 2}],
    "email": "alice@example.com",
    "phone": "+41 79 123 45 67",
    "date_of_birth": "1990-12-31",
}


def save(person: Person, name: str, **fields: Any) -> dict[str, Any]:
    answer = person.ask("POST", "/profiles", json={"username": name, **fields})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    spoken: dict[str, Any] = answer.json
    assert spoken["message"] == "Profile saved successfully"
    profile: dict[str, Any] = spoken["profile"]
    return profile


def own(person: Person, name: str) -> dict[str, Any]:
    answer = person.ask("GET", f"/profiles/{name}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    spoken: dict[str, Any] = answer.json
    return spoken


def public(person: Person, name: str) -> dict[str, Any]:
    answer = person.look(f"/profiles/{name}")
    assert answer.status_code == 200, answer.text
    spoken: dict[str, Any] = answer.json
    return spoken


def a_pdf() -> bytes:
    written = BytesIO()
    document = pikepdf.new()
    document.add_blank_page()
    document.save(written)
    return written.getvalue()


def test_what_was_saved_is_read_back(alice: Person, name: str) -> None:
    saved = save(alice, name, **EVERYTHING)
    assert {field: saved[field] for field in EVERYTHING if field != "projects"} == {
        field: value for field, value in EVERYTHING.items() if field != "projects"
    }
    assert saved["projects"] == [EVERYTHING["projects"][0] | {"image_url": None}]
    assert (saved["username"], saved["user_id"], saved["links"]) == (name, alice.sub, [])
    assert own(alice, name) == saved


def test_only_what_is_given_changes_and_null_removes(alice: Person, name: str) -> None:
    save(alice, name, **EVERYTHING)
    save(alice, name, title="Captain", skills=["rust"], social_links={"x": "a"}, bio=None, projects=None)
    saved = own(alice, name)
    assert (saved["title"], saved["full_name"], saved["skills"]) == ("Captain", "Alice Example", ["rust"])
    assert saved["social_links"] == {"x": "a"}
    assert "bio" not in saved
    assert "projects" not in saved


def test_s16_private_fields_show_only_as_their_flags_say(alice: Person, bob: Person, name: str) -> None:
    save(alice, name, **EVERYTHING)
    for others in (public(alice, name), own_view_by(bob, name)):
        assert {"email", "phone", "date_of_birth", "resume_url", "resume_key", "user_id"}.isdisjoint(others)
        assert (others["show_email"], others["show_phone"], others["show_resume"]) == (False, False, False)
    save(alice, name, show_email=True)
    assert public(alice, name)["email"] == EVERYTHING["email"]
    assert "phone" not in public(alice, name)
    save(alice, name, show_phone=True, show_email=None)
    assert public(alice, name)["phone"] == EVERYTHING["phone"]
    assert {"email", "date_of_birth"}.isdisjoint(public(alice, name))


def own_view_by(person: Person, name: str) -> dict[str, Any]:
    spoken: dict[str, Any] = person.ask("GET", f"/profiles/{name}").json
    return spoken


def test_a_bad_token_on_a_public_route_counts_as_none(alice: Person, name: str) -> None:
    save(alice, name, **EVERYTHING)
    answer = alice.client.get(f"/profiles/{name}", headers={"Authorization": "Bearer x.y.z"})
    assert (answer.status_code, answer.json) == (200, public(alice, name))
    assert answer.headers["Vary"] == "Authorization"
    assert answer.headers["Cache-Control"].startswith("private")


def test_without_a_token_nothing_is_saved(alice: Person, name: str) -> None:
    answer = alice.look("/profiles", "POST")
    assert (answer.status_code, answer.json["error"]) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert alice.look(f"/profiles/{name}").status_code == 404


def test_validation_names_the_fields_and_changes_nothing(alice: Person, name: str) -> None:
    save(alice, name, title="Engineer")
    answer = alice.ask("POST", "/profiles", json={"username": name, "title": "x" * 201, "skills": [7], "age": 5})
    assert (answer.status_code, answer.json["error"]) == (400, "validation_failed")
    assert set(answer.json["fields"]) == {"title", "skills", "age"}
    assert own(alice, name)["title"] == "Engineer"


@pytest.mark.parametrize("body", [{}, {"title": "x"}, {"username": "ab"}, {"username": "Admin"}, {"username": "root"}])
def test_a_username_that_cannot_be_had_is_named(alice: Person, body: dict[str, Any]) -> None:
    answer = alice.ask("POST", "/profiles", json=body)
    assert (answer.status_code, list(answer.json["fields"])) == (400, ["username"])


def test_a_username_is_one_persons(alice: Person, bob: Person, name: str) -> None:
    save(alice, name, title="first")
    answer = bob.ask("POST", "/profiles", json={"username": name.upper(), "title": "second"})
    assert (answer.status_code, answer.json["error"]) == (409, "username_taken")
    assert public(alice, name.upper())["title"] == "first"
    assert bob.ask("GET", "/users/me").status_code == 404


def test_a_rename_takes_everything_along_and_frees_the_old_name(alice: Person, bob: Person, name: str) -> None:
    save(alice, name, **EVERYTHING)
    before = own(alice, name)
    renamed = save(alice, name + "-2")
    assert renamed == before | {"username": name + "-2", "updated_at": renamed["updated_at"]}
    assert alice.look(f"/profiles/{name}").status_code == 404
    assert alice.ask("GET", "/users/me").json["username"] == name + "-2"
    assert save(bob, name)["username"] == name


def test_a_rename_to_a_taken_name_changes_nothing(alice: Person, bob: Person, name: str) -> None:
    save(alice, name, title="mine")
    save(bob, name + "-2")
    answer = alice.ask("POST", "/profiles", json={"username": name + "-2", "title": "other"})
    assert (answer.status_code, answer.json["error"]) == (409, "username_taken")
    assert own(alice, name)["title"] == "mine"


def test_a_profile_posted_back_is_the_same(alice: Person, name: str) -> None:
    save(alice, name, **EVERYTHING)
    alice.has(a_picture())
    alice.ask("POST", "/links", json={"title": "Mine", "url": "https://example.com"})
    got = own(alice, name)
    answer = alice.ask("POST", "/profiles", json=got)
    assert answer.status_code == 200, answer.text
    assert answer.json["profile"] == got | {"updated_at": answer.json["profile"]["updated_at"]}
    assert alice.ask("POST", "/profiles", json=public(alice, name)).status_code == 200


def test_the_account_comes_with_the_first_profile(alice: Person, name: str) -> None:
    missing = alice.ask("GET", "/users/me")
    assert (missing.status_code, missing.json["error"]) == (404, "not_found")
    save(alice, name)
    me = {
        "user_id": alice.sub,
        "username": name,
        "email": None,
        "profile_complete": False,
        "date_of_birth": None,
        "fullname": None,
    }
    assert alice.ask("GET", "/users/me").json == me
    save(alice, name, **EVERYTHING)
    assert alice.ask("GET", "/users/me").json == me | {
        "profile_complete": True,
        "date_of_birth": "1990-12-31",
        "fullname": "Alice Example",
    }


def test_a_pending_picture_is_completed_on_the_spot(alice: Person, name: str) -> None:
    begun = alice.upload(a_picture())
    saved = save(alice, name, avatar_key=begun["key"])
    assert saved["avatar_key"] == begun["key"]
    assert saved["avatar_url"] == saved["profile_image_url"] == f"{PLACEHOLDER}/media/{begun['key']}"
    assert set(saved["avatar_urls"]) == {"150", "400", "800"}
    assert public(alice, name)["avatar_urls"] == saved["avatar_urls"]
    assert "avatar_key" not in public(alice, name)


@pytest.mark.parametrize("field", ["profile_image_url", "avatar_url"])
def test_an_address_that_names_a_pending_upload_counts_as_its_key(alice: Person, name: str, field: str) -> None:
    begun = alice.upload(a_picture())
    assert save(alice, name, **{field: begun["upload_url"]})["avatar_key"] == begun["key"]


def test_any_other_address_is_ignored(alice: Person, bob: Person, name: str) -> None:
    theirs = bob.has(a_picture())
    for url in (theirs["url"], "https://example.com/me.jpg", "nonsense"):
        saved = save(alice, name, profile_image_url=url, resume_url=url, projects=[{"title": "a", "image_url": url}])
        assert saved["avatar_url"] is None
        assert "resume_url" not in saved
        assert saved["projects"][0]["image_url"] is None


def test_a_null_avatar_key_removes_the_picture(alice: Person, name: str) -> None:
    alice.has(a_picture())
    save(alice, name, title="x", profile_image_url=None, avatar_url=None)
    assert own(alice, name)["avatar_url"] is not None
    saved = save(alice, name, avatar_key=None)
    assert (saved["avatar_url"], saved["avatar_urls"], saved["profile_image_url"]) == (None, None, None)


@pytest.mark.parametrize("field", ["avatar_key", "resume_key"])
def test_a_key_that_is_not_ones_own_is_unknown_and_changes_nothing(
    alice: Person, bob: Person, name: str, field: str
) -> None:
    save(alice, name, title="before")
    theirs = bob.has(a_picture())["key"]
    of_another_kind = alice.has(a_picture(), file_type="project_image")["key"]
    made_up = f"users/{alice.sub}/profile/{uuid.uuid4()}.jpg"
    for posted in (theirs, of_another_kind, made_up, "", "x"):
        answer = alice.ask("POST", "/profiles", json={"username": name, "title": "after", field: posted})
        assert (answer.status_code, answer.json["error"], answer.json["field"]) == (400, "unknown_key", field)
    assert own(alice, name)["title"] == "before"


def test_a_key_of_ones_own_is_unknown_in_a_field_of_another_category(alice: Person, name: str) -> None:
    """Also where the profile has it already: a resume is no project's image, which everybody may see."""
    resume = alice.upload(a_pdf(), file_type="resume", content_type="application/pdf")["key"]
    image = alice.upload(a_picture(), file_type="project_image")["key"]
    kept = save(alice, name, resume_key=resume, projects=[{"id": "a", "title": "a", "image_key": image}])
    other_way = [{"title": "b", "image_key": resume}]
    for field, posted in (("projects[0].image_key", {"projects": other_way}), ("resume_key", {"resume_key": image})):
        for more in ({}, {"show_resume": True}):
            answer = alice.ask("POST", "/profiles", json={"username": name, **posted, **more})
            assert (answer.status_code, answer.json["error"], answer.json["field"]) == (400, "unknown_key", field)
    seen = own(alice, name)
    assert (seen["resume_key"], seen["projects"]) == (resume, kept["projects"])
    assert alice.look(f"/media/{resume}").status_code == 404


def test_a_key_whose_bytes_never_came_is_a_conflict_and_changes_nothing(alice: Person, name: str) -> None:
    begun = alice.begin()
    answer = alice.ask("POST", "/profiles", json={"username": name, "avatar_key": begun["key"]})
    assert (answer.status_code, answer.json["error"]) == (409, "upload_not_received")
    assert alice.look(f"/profiles/{name}").status_code == 404


def test_project_images_are_public_used_and_let_go(alice: Person, name: str) -> None:
    first, second = (alice.upload(a_picture(), file_type="project_image")["key"] for _ in range(2))
    projects = [{"id": "a", "title": "a", "image_key": first}, {"id": "b", "title": "b", "image_key": second}]
    saved = save(alice, name, projects=projects)
    assert [project["image_key"] for project in saved["projects"]] == [first, second]
    shown = public(alice, name)["projects"]
    assert [project["image_url"] for project in shown] == [f"{PLACEHOLDER}/media/{key}" for key in (first, second)]
    assert all("image_key" not in project for project in shown)
    assert alice.look(f"/media/{first}").status_code == 302

    save(alice, name, projects=[projects[1]])
    assert alice.look(f"/media/{first}").status_code == 404
    alice.stack.let_everything_be_due(alice.sub)
    alice.stack.sweep()
    assert sizes_of(first).isdisjoint(alice.keys)
    assert sizes_of(second) <= alice.keys


def test_a_resume_is_its_owners_until_it_is_shown(alice: Person, bob: Person, name: str) -> None:
    begun = alice.upload(a_pdf(), file_type="resume", content_type="application/pdf")
    saved = save(alice, name, resume_key=begun["key"])
    assert "X-Amz-Signature" in saved["resume_url"]
    assert "resume_url" not in public(bob, name)
    assert bob.ask("GET", f"/media/{begun['key']}").status_code == 404

    save(alice, name, show_resume=True)
    assert public(bob, name)["resume_url"] == f"{PLACEHOLDER}/media/{begun['key']}"
    assert bob.look(f"/media/{begun['key']}").status_code == 302

    save(alice, name, show_resume=False)
    assert "resume_url" not in public(bob, name)
    assert bob.look(f"/media/{begun['key']}").status_code == 404


def test_a_resume_that_is_replaced_or_removed_goes(alice: Person, name: str) -> None:
    old, new = (alice.upload(a_pdf(), file_type="resume", content_type="application/pdf")["key"] for _ in range(2))
    save(alice, name, resume_key=old, show_resume=True)
    save(alice, name, resume_key=new)
    assert public(alice, name)["resume_url"].endswith(new)
    assert alice.look(f"/media/{old}").status_code == 404
    saved = save(alice, name, resume_key=None)
    assert {"resume_key", "resume_url"}.isdisjoint(saved)
    assert alice.look(f"/media/{new}").status_code == 404


def test_several_people_at_once(alice: Person, bob: Person, name: str) -> None:
    alice.has(a_picture())
    save(alice, name, full_name="Alice", title="Engineer", email="a@example.com", show_email=True)
    save(bob, name + "-b")
    answer = bob.client.get(f"/profiles?usernames={name}-b,nobody-at-all,{name.upper()},!,{name}")
    avatars = own(alice, name)["avatar_urls"]
    assert answer.json == {
        "profiles": [
            {"username": name + "-b", "full_name": None, "title": None, "avatar_urls": None},
            {"username": name, "full_name": "Alice", "title": "Engineer", "avatar_urls": avatars},
        ]
    }


def test_a_list_with_the_callers_own_signed_addresses_is_kept_by_nobody(
    alice: Person, bob: Person, stack: Stack, tmp_path: Path, name: str
) -> None:
    rules = files("metadata_service").joinpath("kinds.toml").read_text("utf-8")
    private = rules.replace('visibility = "public"', 'visibility = "private"')
    (tmp_path / "kinds.toml").write_text(private)
    client = make_app(stack.metadata_environment | {"KINDS_FILE": str(tmp_path / "kinds.toml")}).test_client()
    alone = Person(alice.sub, stack, client)
    alone.has(a_picture())
    save(alone, name)

    mine, others = alone.ask("GET", f"/profiles?usernames={name}"), alone.look(f"/profiles?usernames={name}")

    assert "X-Amz-Signature" in mine.json["profiles"][0]["avatar_urls"]["150"]
    assert mine.headers["Cache-Control"] == "no-store"
    assert others.json["profiles"][0]["avatar_urls"] is None
    assert (others.headers["Cache-Control"], others.headers["Vary"]) == ("private, no-cache", "Authorization")


@pytest.mark.parametrize(
    "query", ["", "?usernames=" + ",".join(f"u{n}x" for n in range(51)), "?usernames=a&usernames=b"]
)
def test_several_people_take_one_list_of_at_most_fifty(alice: Person, query: str) -> None:
    assert alice.look("/profiles" + query).status_code == 400


def test_whether_a_username_can_be_had(alice: Person, name: str) -> None:
    check = "/username/check?username="
    assert alice.client.get(check + name.upper()).json == {"available": True, "username": name}
    save(alice, name)
    assert alice.look(check + name).json == {"available": False, "username": name, "reason": "taken"}
    assert alice.look(check + "admin").json["reason"] == "reserved"
    for asked in ("A!", "Ab", "\u212aelvin", ".Alice"):
        said = alice.client.get("/username/check", query_string={"username": asked}).json
        assert said == {"available": False, "username": asked, "reason": "invalid"}
    assert alice.look(check).json["available"] is False
    assert alice.look("/username/check").status_code == 400


def test_links_show_in_the_profile(alice: Person, name: str) -> None:
    save(alice, name)
    made = alice.ask("POST", "/links", json={"title": "Mine", "url": "https://example.com", "order": 3}).json["link"]
    shown = {field: made[field] for field in ("link_id", "title", "url", "order")}
    assert public(alice, name)["links"] == [shown]
    assert own(alice, name)["links"] == [made]


def test_many_objects_change_in_steps_that_each_are_whole(alice: Person, name: str) -> None:
    """More images than one transaction may have; the sweep then finds nothing left over, and nothing missing."""
    from tests.integration.metadata.people_objects import ready_images

    first, second = ready_images(alice, 50), ready_images(alice, 50)
    save(alice, name, projects=[{"title": "a", "image_key": key} for key in first])
    saved = save(alice, name, projects=[{"title": "b", "image_key": key} for key in second])
    assert [project["image_key"] for project in saved["projects"]] == second
    rows = alice.rows
    assert {row["EntityType"]["S"] for row in rows.values() if "OBJECT#" in row["EntityType"]["S"]} == {
        f"OBJECT#projects#{key.split('/')[-1][:36]}" for key in second
    }
    assert sum(name.startswith("CLEANUP#users#") for name in rows) == 50
    save(alice, name, projects=[])
    assert not [name for name in alice.rows if name.startswith("OBJECT#")]
