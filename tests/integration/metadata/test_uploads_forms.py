"""Presigned forms: by the policy that was signed S3 itself, here the real engine, refuses what was not declared."""

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.integration.uploads_stack import Person, Stack, a_picture, make_app, wait_until

PICTURE = a_picture()
MAX = 5 * 2**20
Fields = dict[str, str]


def posts(begun: dict[str, Any], octets: bytes = PICTURE, fields: Fields | None = None, name: str = "me.jpg") -> int:
    """Send the form with its fields, or others in their place, and the file last; the status that S3 answers."""
    sent = begun["fields"] if fields is None else fields
    files = {"file": (name, octets, "application/octet-stream")}
    return requests.post(begun["upload_url"], data=sent, files=files, timeout=10).status_code


def with_kinds(person: Person, stack: Stack, folder: Path, **changed: str) -> Person:
    """The same person at a stack whose profile images have other rules."""
    rules = {
        "category": '"profile"',
        "accepts": '["image/jpeg"]',
        "max_bytes": str(MAX),
        "max_pixels": "4_000_000",
        "max_side": "2_000",
        "quality": "85",
        "upload_expiry": "300",
        "reading_expiry": "300",
        "sign_type": "true",
        "require_length": "false",
        "visibility": '"public"',
    }
    lines = [f"{name} = {text}\n" for name, text in (rules | changed).items()]
    (folder / "kinds.toml").write_text("[profile_image]\n" + "".join(lines))
    app = make_app(stack.metadata_environment | {"KINDS_FILE": str(folder / "kinds.toml")})
    return Person(person.sub, stack, app.test_client())


def never_came(person: Person, begun: dict[str, Any]) -> bool:
    return person.complete(begun).json["error"] == "upload_not_received"


@pytest.fixture
def form(alice: Person) -> dict[str, Any]:
    return alice.begin(method="POST", content_length=len(PICTURE))


def test_a_form_says_all_that_is_to_be_sent_with_the_file(form: dict[str, Any]) -> None:
    assert set(form["fields"]) == {
        "key",
        "Content-Type",
        "success_action_status",
        "policy",
        "x-amz-algorithm",
        "x-amz-credential",
        "x-amz-date",
        "x-amz-signature",
    }
    assert (form["method"], form["headers"]) == ("POST", {})
    policy = json.loads(base64.b64decode(form["fields"]["policy"]))
    exact = {name: text for name, text in form["fields"].items() if name not in ("policy", "x-amz-signature")}
    given = [condition for condition in policy["conditions"] if isinstance(condition, dict)]
    assert {name: text for condition in given for name, text in condition.items() if name != "bucket"} == exact
    listed = [condition for condition in policy["conditions"] if isinstance(condition, list)]
    assert listed == [["content-length-range", len(PICTURE), len(PICTURE)]]


def test_s10_a_form_as_it_was_signed_is_taken(alice: Person, form: dict[str, Any]) -> None:
    assert posts(form) == 201
    assert alice.complete(form).status_code == 200


OTHER_FIELDS: dict[str, Callable[[Fields], Fields]] = {
    "another key of one's own": lambda f: f | {"key": f["key"].replace(f["key"][-10:], "abcdef.jpg")},
    "a key that is served": lambda f: f | {"key": f["key"].removeprefix("incoming/")},
    "somebody else's key": lambda f: f | {"key": "incoming/users/bob/" + f["key"].split("/", 3)[3]},
    "a key with the file's name": lambda f: f | {"key": f["key"].rpartition("/")[0] + "/${filename}"},
    "the file's name behind the key": lambda f: f | {"key": f["key"] + "${filename}"},
    "no key": lambda f: {name: text for name, text in f.items() if name != "key"},
    "another type": lambda f: f | {"Content-Type": "text/html"},
    "an empty type": lambda f: f | {"Content-Type": ""},
    "no type": lambda f: {name: text for name, text in f.items() if name != "Content-Type"},
    "another success status": lambda f: f | {"success_action_status": "200"},
    "no success status": lambda f: {name: text for name, text in f.items() if name != "success_action_status"},
    "a redirect": lambda f: f | {"success_action_redirect": "https://evil.example/"},
    "an acl": lambda f: f | {"acl": "public-read"},
    "metadata": lambda f: f | {"x-amz-meta-a": "b"},
    "a tag": lambda f: f | {"tagging": "<Tagging><TagSet/></Tagging>"},
    "another place to go": lambda f: f | {"x-amz-website-redirect-location": "https://evil.example/"},
    "a cache rule": lambda f: f | {"Cache-Control": "public"},
    "a checksum": lambda f: f | {"x-amz-checksum-sha256": "A" * 43 + "="},
    "a wider policy": lambda f: f | {"policy": widened(f["policy"])},
    "no policy": lambda f: {name: text for name, text in f.items() if name != "policy"},
    "no signature": lambda f: {name: text for name, text in f.items() if name != "x-amz-signature"},
    "another day": lambda f: f | {"x-amz-date": "20990101T000000Z"},
}


def widened(policy: str) -> str:
    """The policy with a larger range, its signature left as it was."""
    read = json.loads(base64.b64decode(policy))
    for condition in read["conditions"]:
        if isinstance(condition, list):
            condition[1:] = [0, 2**30]
    return base64.b64encode(json.dumps(read).encode()).decode()


@pytest.mark.parametrize("change", OTHER_FIELDS)
def test_s10_a_form_with_other_fields_is_refused(alice: Person, form: dict[str, Any], change: str) -> None:
    fields = OTHER_FIELDS[change](form["fields"])
    assert fields != form["fields"]
    assert posts(form, fields=fields) in (400, 403)
    assert never_came(alice, form)
    assert alice.keys == set()
    assert posts(form) == 201


@pytest.mark.parametrize("octets", [PICTURE + b"!", PICTURE[:-1], b""], ids=["one more", "one less", "none"])
def test_s10_a_declared_length_is_exact(alice: Person, form: dict[str, Any], octets: bytes) -> None:
    assert posts(form, octets) == 400
    assert never_came(alice, form)


def test_s10_without_a_length_the_kinds_most_is_the_most(alice: Person) -> None:
    begun = alice.begin(method="POST")
    assert posts(begun, PICTURE.ljust(MAX + 1, b"\0")) == 400
    assert never_came(alice, begun)
    assert posts(begun, PICTURE.ljust(MAX, b"\0")) == 201
    assert alice.complete(begun).status_code == 200


def test_a_file_without_a_byte_is_rejected_as_empty(alice: Person) -> None:
    begun = alice.begin(method="POST")
    assert posts(begun, b"") == 201
    assert alice.complete(begun).json["reason"] == "empty"


def test_the_files_own_name_and_type_do_not_matter(alice: Person, form: dict[str, Any]) -> None:
    assert posts(form, name="../../evil.html") == 201
    assert {form["fields"]["key"]} == alice.keys


def test_until_it_is_complete_a_form_takes_another_file_of_that_length(alice: Person, form: dict[str, Any]) -> None:
    # As with a PUT: whoever has the form may send it again while it lives, and the last file is what is completed.
    other = a_picture("blue")
    assert posts(form) == 201
    assert posts(form, other.ljust(len(PICTURE), b"\0")[: len(PICTURE)]) == 201
    assert posts(form) == 201
    assert alice.complete(form).status_code == 200


def test_s11_what_is_sent_after_it_is_complete_changes_nothing_that_is_served(
    alice: Person, form: dict[str, Any], stack: Stack
) -> None:
    assert posts(form) == 201
    done = alice.complete(form).json

    def served() -> bytes:
        location = alice.look(f"/media/{done['key']}").headers["Location"]
        return requests.get(location, timeout=5).content

    before = served()
    assert posts(form, b"\0" * len(PICTURE)) == 201
    assert alice.complete(form).json == done
    assert served() == before
    stack.let_everything_be_due(alice.sub)
    stack.sweep()
    assert not any(object_key.startswith("incoming/") for object_key in alice.keys)


def test_a_declared_checksum_is_compared_on_complete(alice: Person) -> None:
    # A policy has no condition that S3 would hold to the file's checksum: what S3 takes, complete rejects.
    declared = {"content_length": len(PICTURE), "checksum_sha256": sha256(PICTURE)}
    wrong, right = alice.begin(method="POST", **declared), alice.begin(method="POST", **declared)
    assert posts(wrong, PICTURE[:-1] + b"!") == 201
    assert alice.complete(wrong).json["reason"] == "checksum_mismatch"
    assert posts(right) == 201
    assert alice.complete(right).status_code == 200


def sha256(octets: bytes) -> str:
    return base64.b64encode(hashlib.sha256(octets).digest()).decode()


def test_where_the_type_is_left_open_the_form_has_none(alice: Person, stack: Stack, tmp_path: Path) -> None:
    person = with_kinds(alice, stack, tmp_path, sign_type="false")
    begun = person.begin(method="POST")
    assert "Content-Type" not in begun["fields"]
    # Each field has to be in the policy: one that names a type is a field too many.
    assert posts(begun, fields=begun["fields"] | {"Content-Type": "image/jpeg"}) == 403
    assert posts(begun) == 201
    assert person.complete(begun).status_code == 200


def test_a_kind_may_want_forms_where_nothing_is_said(alice: Person, stack: Stack, tmp_path: Path) -> None:
    person = with_kinds(alice, stack, tmp_path, method='"POST"')
    assert person.begin()["method"] == "POST"
    assert person.begin(method="PUT")["method"] == "PUT"
    assert "X-Amz-Signature" in person.begin(method="PUT")["upload_url"]


def test_s10_a_form_ends_when_it_says(alice: Person, stack: Stack, tmp_path: Path) -> None:
    person = with_kinds(alice, stack, tmp_path, upload_expiry="2")
    begun = person.begin(method="POST")
    assert posts(begun) == 201
    wait_until(lambda: posts(begun) == 403, 20, "the form's end")
