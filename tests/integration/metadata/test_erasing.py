"""An account that is erased is gone everywhere; only a tombstone is left, and old versions of files."""

import time
from typing import Any

from tests.integration.uploads_stack import Person, Stack, a_picture, send


def versions_of(stack: Stack, owner: str) -> dict[str, list[Any]]:
    """What the bucket holds of a person: versions that are current, that are old, and markers of deletes."""
    found: dict[str, list[Any]] = {"current": [], "old": [], "markers": []}
    for prefix in (f"users/{owner}/", f"incoming/users/{owner}/"):
        listed = stack.deployment.client("s3").list_object_versions(Bucket=stack.deployment.bucket, Prefix=prefix)
        for each in listed.get("Versions", []):
            found["current" if each["IsLatest"] else "old"].append(each["Key"])
        found["markers"] += [each["Key"] for each in listed.get("DeleteMarkers", [])]
    return found


def rows_about(stack: Stack, owner: str) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table in which this person's id occurs anywhere."""
    tables, found = stack.deployment.client("dynamodb"), {}
    for table in ("users", "profiles", "links", "photos", "media"):
        pages = tables.get_paginator("scan").paginate(TableName=stack.deployment.table_prefix + table)
        rows = [row for page in pages for row in page["Items"] if owner in str(row)]
        if rows:
            found[table] = rows
    return found


def only_the_tombstone_is_left(person: Person) -> None:
    found = rows_about(person.stack, person.sub)
    assert list(found) == ["users"], found
    [tombstone] = found["users"]
    assert set(tombstone) == {"user_id", "erased_at", "ttl"}
    assert versions_of(person.stack, person.sub)["current"] == []


def all_swept(person: Person) -> None:
    """At once, and once more as if every URL had ended by then."""
    person.stack.sweep()
    for sort_key in person.rows:
        person.stack.set_numbers(person.sub, sort_key, due=int(time.time()) - 1, again_at=0)
    person.stack.sweep()


def a_full_account(person: Person, name: str) -> None:
    """Somebody with all that one may have."""
    image = person.has(a_picture("green"), file_type="project_image")
    projects = [{"title": "Glass", "image_key": image["key"]}]
    profile = {"username": name, "full_name": "Alice", "email": "alice@example.com", "projects": projects}
    assert person.ask("POST", "/profiles", json=profile).status_code == 200
    person.has(a_picture("red"))
    person.has(a_picture("blue"))  # the first one is replaced
    person.has(a_picture("white"), file_type="photo")
    for number in range(3):
        link = {"title": f"Link {number}", "url": "https://alice.example"}
        saved = person.ask("POST", "/links", json=link).json["link"]
    assert person.ask("DELETE", f"/links/{saved['link_id']}").status_code == 200
    person.upload(a_picture())  # sent, never completed
    person.begin("photo")  # never sent


def test_an_erased_account_is_gone_everywhere(alice: Person, stack: Stack, name: str) -> None:
    a_full_account(alice, name)
    picture = alice.ask("GET", "/users/me/picture").json["key"]

    answer = alice.ask("DELETE", "/users/me")

    assert (answer.status_code, answer.json.keys()) == (202, {"message"})
    assert "30 days" in answer.json["message"]
    assert alice.look(f"/profiles/{name}").status_code == 404
    assert alice.look(f"/media/{picture}").status_code == 404
    assert alice.look(f"/username/check?username={name}").json["available"] is True
    assert {row.partition("#")[0] for row in alice.rows} == {"CLEANUP"}
    all_swept(alice)
    only_the_tombstone_is_left(alice)
    assert len(versions_of(stack, alice.sub)["markers"]) >= len(set(versions_of(stack, alice.sub)["old"]))


def test_the_bytes_go_with_the_next_sweep_and_again_when_no_url_can_write_them(alice: Person, stack: Stack) -> None:
    begun = alice.upload(a_picture())
    alice.ask("DELETE", "/users/me")
    stack.sweep()
    assert alice.keys == set()
    [waiting] = alice.rows.values()
    assert int(waiting["due"]["N"]) > time.time()
    assert send(begun, a_picture("blue")).ok  # the URL lives on
    all_swept(alice)
    only_the_tombstone_is_left(alice)


def test_an_account_that_never_was_leaves_a_tombstone_too(alice: Person) -> None:
    assert alice.ask("DELETE", "/users/me").status_code == 202
    only_the_tombstone_is_left(alice)


def test_asked_again_it_is_410_and_changes_nothing(alice: Person, stack: Stack) -> None:
    alice.ask("DELETE", "/users/me")
    before = rows_about(stack, alice.sub)
    again = alice.ask("DELETE", "/users/me")
    assert (again.status_code, again.json["error"]) == (410, "account_erased")
    assert rows_about(stack, alice.sub) == before
