"""Internal services by the gateway's internal listener, as a service calls it; the public one knows nothing of them."""

import json
import uuid
from typing import Any

import pytest

from tests.e2e.client import Answer, People, a_picture, fetched, looked_at, send
from tests.e2e.local_stack import Runner

ROUTES = (
    "/internal/v1/signed-urls",
    "/internal/v1/uploads/5f0c3c1e-6f0f-4d0e-9b1a-2f6f3b1c2d4e/complete",
    "/internal/v1/objects/block",
    "/internal/v1/objects/unblock",
)


def ask(stack: Runner, path: str, body: Any, scope: str | None = None, **headers: str) -> Answer:
    sent = {"Authorization": f"Bearer {stack.service_token('demo', scope)}", "Content-Type": "application/json"}
    sent |= {name.replace("_", "-"): text for name, text in headers.items()}
    return send("POST", stack.internal + path, json.dumps(body).encode(), sent)


def test_a_service_stores_reads_and_blocks(stack: Runner) -> None:
    alice = People(stack).new()
    hers = alice.uploads("photo", a_picture())
    items = [
        {"op": "put", "file_type": "project_image", "content_type": "image/jpeg"},
        {"op": "get", "key": hers["key"], "size": 150},
    ]
    key = str(uuid.uuid4())
    begun, reading = ask(stack, "/internal/v1/signed-urls", {"items": items}, Idempotency_Key=key).expect(200)["items"]
    assert looked_at(fetched(reading["url"]).body) == ("JPEG", (150, 150))
    [again, _] = ask(stack, "/internal/v1/signed-urls", {"items": items}, Idempotency_Key=key).expect(200)["items"]
    assert (again["upload_id"], again["key"]) == (begun["upload_id"], begun["key"])
    assert (
        ask(stack, "/internal/v1/signed-urls", {"items": items[:1]}, Idempotency_Key=key).code == "idempotency_conflict"
    )
    assert ask(stack, "/internal/v1/signed-urls", {"items": items}).code == "idempotency_key_required"

    send("PUT", begun["upload_url"], a_picture(), begun["headers"])
    done = ask(stack, f"/internal/v1/uploads/{begun['upload_id']}/complete", {}).expect(200)
    assert done["key"].startswith("users/s-demo/projects/")
    assert fetched(done["url"]).status == 200

    told = {"key": done["key"], "reason": "Reported."}
    assert ask(stack, "/internal/v1/objects/block", told, "media:read").code == "insufficient_scope"
    ask(stack, "/internal/v1/objects/block", told).expect(200)
    assert fetched(done["url"]).status == 404
    ask(stack, "/internal/v1/objects/unblock", {"key": done["key"]}).expect(200)
    assert fetched(done["url"]).status == 200


@pytest.mark.parametrize("path", ROUTES)
def test_s18_the_public_listener_has_no_such_route(stack: Runner, path: str) -> None:
    headers = {"Authorization": f"Bearer {stack.service_token()}"}
    unknown = send("POST", f"{stack.gateway}/nothing-of-the-kind", b"{}", headers)
    refused = send("POST", stack.gateway + path, b"{}", headers)
    assert (refused.status, refused.json) == (unknown.status, unknown.json)
    assert refused.status == 404
