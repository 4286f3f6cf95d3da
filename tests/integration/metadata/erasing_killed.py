"""Erases, and is killed (SIGKILL) after so many writes to the records: python -m … request|sweep WRITES.

`request`: DELETE /users/me by CALLER_TOKEN; `sweep`: one round of the sweeper.
"""

import os
import sys

from metadata_service.commands import sweep
from metadata_service.store.dynamodb import Dynamodb
from tests.integration.metadata.uploads_killed import dying
from tests.integration.uploads_stack import make_app


def main(who: str, writes: int) -> None:
    Dynamodb.transact = dying(Dynamodb.transact, before=False, on_call=writes)  # type: ignore[method-assign] # the fault
    if who == "sweep":
        sweep.main(["--once"])
        return
    headers = {"Authorization": f"Bearer {os.environ['CALLER_TOKEN']}"}
    make_app(dict(os.environ)).test_client().delete("/users/me", headers=headers)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
