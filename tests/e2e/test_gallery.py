"""A photo's whole life by the gateway: asked for, sent, complete, listed, seen in every size, deleted."""

import pytest

from tests.e2e.client import People, Person, a_picture, fetched, looked_at
from tests.e2e.local_stack import Runner


@pytest.fixture
def person(stack: Runner) -> Person:
    return People(stack).new("photographer")


def test_a_photos_life_from_asking_to_being_deleted(person: Person) -> None:
    done = person.uploads("photo", a_picture(1200, 600))
    answer = person.get("/photos")
    [photo] = answer.expect(200)["photos"]
    assert answer.headers["cache-control"] == "no-store"
    assert (photo["imageId"], photo["s3Key"]) == (done["upload_id"], done["key"])
    seen = {size: looked_at(fetched(url).body) for size, url in photo["urls"].items()}
    assert seen == {"150": ("JPEG", (150, 150)), "400": ("JPEG", (400, 400)), "800": ("JPEG", (800, 400))}

    person.delete(f"/photos/{photo['imageId']}").expect(200)

    assert person.get("/photos").expect(200) == {"photos": [], "next_cursor": None}
    assert person.delete(f"/photos/{photo['imageId']}").status == 404
    assert person.get(f"/media/{photo['s3Key']}").status == 404


def test_pages_follow_each_other(person: Person) -> None:
    keys = [person.uploads("photo", a_picture(20, 10))["key"] for _ in range(3)]
    first = person.get("/photos?limit=2").expect(200)
    second = person.get(f"/photos?limit=2&cursor={first['next_cursor']}").expect(200)
    assert [photo["s3Key"] for photo in first["photos"] + second["photos"]] == keys[::-1]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=", "limit"),
        ("limit=%EF%BC%91", "limit"),
        ("limit=5.0", "limit"),
        ("limit=+5", "limit"),
        ("limit=5&limit=5", "limit"),
        ("cursor=", "cursor"),
        (f"cursor={'A' * 32}", "cursor"),
        ("cursor=%00", "cursor"),
        ("before=5", "before"),
    ],
)
def test_a_wrong_query_is_400_and_names_what_is_wrong(person: Person, query: str, field: str) -> None:
    answer = person.get(f"/photos?{query}")
    assert (answer.status, answer.code) == (400, "validation_failed"), answer
    assert list(answer.json["fields"]) == [field]


@pytest.mark.parametrize("image_id", ["x", "00000000-0000-4000-8000-000000000000", "a" * 300, "-", "A%42", "%2e%2e"])
def test_a_photo_that_is_none_is_not_found(person: Person, image_id: str) -> None:
    assert person.delete(f"/photos/{image_id}").status in (400, 404)
