"""Asks for uploads of an internal service in a process of its own, and is killed (SIGKILL): python -m … STEP COUNT.

STEP: `idempotency.get` and `uploads.begin_together` die after the first call, `signing_each.answers` before it.
"""

import os
import sys

from metadata_service import signing_each
from metadata_service.store import idempotency, uploads
from tests.integration.metadata.uploads_killed import dying
from tests.integration.uploads_stack import make_app


def main(step: str, count: str) -> None:
    if step == "signing_each.answers":
        signing_each.answers = dying(signing_each.answers, before=True)
    elif step == "uploads.begin_together":
        uploads.begin_together = dying(uploads.begin_together, before=False)
    else:
        idempotency.get = dying(idempotency.get, before=False)
    items = [{"op": "put", "file_type": "project_image", "content_type": "image/jpeg"}] * int(count)
    headers = {"Authorization": f"Bearer {os.environ['SERVICE_TOKEN']}", "Idempotency-Key": "killed"}
    answer = (
        make_app(dict(os.environ))
        .test_client()
        .post("/internal/v1/signed-urls", json={"items": items}, headers=headers)
    )
    print(answer.status_code)


if __name__ == "__main__":
    main(*sys.argv[1:])
