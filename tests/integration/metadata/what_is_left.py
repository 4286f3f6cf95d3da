"""What there is of a person, in every table and in the bucket, and how the sweep takes what is to go."""

import time
from typing import Any

from tests.integration.metadata.multipart_client import Companion, at_s3
from tests.integration.metadata.test_uploads_flow import a_pdf
from tests.integration.uploads_stack import Person, Stack, a_picture


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
    assert at_s3(person) == []


def all_swept(*people: Person) -> None:
    """At once, and once more as if every URL had ended by then."""
    people[0].stack.sweep()
    for person in people:
        for sort_key in person.rows:
            person.stack.set_numbers(person.sub, sort_key, due=int(time.time()) - 1, again_at=0)
    people[0].stack.sweep()


def a_full_account(person: Person, name: str) -> None:
    """Somebody with all that one may have."""
    image = person.has(a_picture("green"), file_type="project_image")
    projects = [{"title": "Glass", "image_key": image["key"]}]
    profile = {"username": name, "full_name": "Alice", "email": "alice@example.com", "projects": projects}
    assert person.ask("POST", "/profiles", json=profile).status_code == 200
    person.has(a_picture("red"))
    person.has(a_picture("blue"))  # the first one is replaced
    photo = person.has(a_picture("white"), file_type="photo")
    for number in range(3):
        link = {"title": f"Link {number}", "url": "https://alice.example"}
        saved = person.ask("POST", "/links", json=link).json["link"]
    assert person.ask("DELETE", f"/links/{saved['link_id']}").status_code == 200
    person.upload(a_picture())  # sent, never completed
    person.begin("photo")  # never sent
    Companion.creates(person).sends(1, a_picture())  # the first of its parts
    resume = person.has(a_pdf(), file_type="resume", content_type="application/pdf")
    assert person.ask("POST", "/profiles", json={"username": name, "resume_key": resume["key"]}).status_code == 200
    shared = {"key": photo["key"], "expires_in": 60}
    assert person.ask("POST", "/share-links", json=shared).status_code == 200
