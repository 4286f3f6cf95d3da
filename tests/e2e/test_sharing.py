"""A share link by the gateway: made, opened by whoever has it, in no log, and over when its owner says so."""

import pytest

from tests.e2e.client import People, Person, a_pdf, a_picture, fetched, looked_at
from tests.e2e.local_stack import Runner


@pytest.fixture
def person(stack: Runner) -> Person:
    return People(stack).new("sharer")


def test_a_link_opens_one_file_to_whoever_has_it_until_it_is_ended(stack: Runner, person: Person) -> None:
    nobody = Person(stack.gateway)
    photo, resume = person.uploads("photo", a_picture(1200, 600)), person.uploads("resume", a_pdf(), "application/pdf")
    link, document = (
        person.post("/share-links", {"key": done["key"], "expires_in": 600}).expect(200) for done in (photo, resume)
    )
    assert link["url"] == f"{stack.gateway}/shared/{link['id']}"
    opened = nobody.get(f"/shared/{link['id']}?size=400")
    assert (opened.status, opened.headers["cache-control"]) == (302, "no-store")
    assert opened.headers["referrer-policy"] == "no-referrer"
    assert looked_at(fetched(opened.headers["location"]).body) == ("JPEG", (400, 400))
    read = fetched(nobody.get(f"/shared/{document['id']}").headers["location"])
    assert (read.headers["content-type"], read.headers["content-disposition"][:10]) == ("application/pdf", "attachment")

    for wrong in (f"/shared/{link['id']}x", f"/shared/{link['id']}/", f"/SHARED/{link['id']}", "/shared/", "/shared"):
        assert nobody.get(wrong).status == 404, wrong
    assert nobody.call("DELETE", f"/share-links/{link['id']}").status == 401
    assert People(stack).new("other").delete(f"/share-links/{link['id']}").status == 404
    assert nobody.get(f"/shared/{link['id']}").status == 302

    person.delete(f"/share-links/{link['id']}").expect(200)
    assert nobody.get(f"/shared/{link['id']}").code == "not_found"
    assert "/shared/..." in stack.text()
    assert link["id"][:24] not in stack.text(), "whoever reads the log could open what is shared"
    assert nobody.get(f"/shared/{document['id']}").status == 302
