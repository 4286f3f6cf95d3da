"""The signer, S3, the decoder or the records out of reach: 503, the upload stays, and asking again works."""

import pytest

from tests.integration.uploads_stack import Person, Stack, a_picture, make_app

NOBODY = "127.0.0.1:1"
MISSING = [
    {"SIGNERS": "a=unix:/nonexistent/signer.sock"},
    {"IMAGE_SOCKET": "/nonexistent/image.sock"},
    {"S3_DIAL": NOBODY},
]


@pytest.mark.parametrize("missing", MISSING, ids=lambda missing: next(iter(missing)))
def test_an_upload_outlasts_what_cannot_be_reached(alice: Person, stack: Stack, missing: dict[str, str]) -> None:
    begun = alice.upload(a_picture())
    crippled = Person(alice.sub, stack, make_app(stack.metadata_environment | missing).test_client())

    answer = crippled.complete(begun)

    assert (answer.status_code, answer.json["error"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert alice.ask("GET", f"/uploads/{begun['upload_id']}").json["state"] == "requested"
    assert alice.complete(begun).status_code == 200


def test_records_are_read_while_the_signer_is_gone_and_nothing_pends_that_has_no_url(
    alice: Person, stack: Stack
) -> None:
    done = alice.has(a_picture())
    crippled = Person(alice.sub, stack, make_app(stack.metadata_environment | MISSING[0]).test_client())

    assert crippled.ask("GET", "/users/me/picture").json["key"] == done["key"]
    assert crippled.ask("GET", f"/uploads/{done['upload_id']}").json["state"] == "ready"
    assert crippled.look(f"/media/{done['key']}").status_code == 503
    asked = {"file_type": "profile_image", "content_type": "image/jpeg"}
    assert crippled.ask("POST", "/upload-url", json=asked).status_code == 503
    assert alice.rows["QUOTA"]["pending"] == {"N": "0"}
