"""Completes one upload in a process of its own, and is killed (SIGKILL) at a named step: python -m … UPLOAD_ID STEP.

STEP is `before:NAME` or `after:NAME`, NAME a function of completing, `put:N` after so many PUTs, or `nowhere`.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from metadata_service import s3
from metadata_service.uploads import completing
from tests.integration.uploads_stack import make_app


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying(function: Callable[..., Any], *, before: bool, on_call: int = 1) -> Callable[..., Any]:
    """The function itself, and the end of this process before or after one of its calls."""
    calls = 0

    def called(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if before and calls == on_call:
            die()
        result = function(*arguments, **named)
        if not before and calls == on_call:
            die()
        return result

    return called


def main(upload_id: str, step: str) -> None:
    kind, _, name = step.partition(":")
    if kind == "put":
        s3.S3.put = dying(s3.S3.put, before=False, on_call=int(name))  # type: ignore[method-assign] # the fault
    elif kind != "nowhere":
        setattr(completing, name, dying(getattr(completing, name), before=kind == "before"))
    app = make_app(dict(os.environ))
    headers = {"Authorization": f"Bearer {os.environ['CALLER_TOKEN']}"}
    answer = app.test_client().post(f"/uploads/{upload_id}/complete", json={}, headers=headers)
    print(answer.status_code)


if __name__ == "__main__":
    main(*sys.argv[1:])
