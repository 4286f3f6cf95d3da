"""`make token` and `make service-token`: print a token of the running stack, and nothing else, on stdout."""

import argparse
import os
import sys
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from local import service_tokens, users
from local.deploy import Deployment
from local.settings import state_dir


class NoStack(Exception):
    """There is nothing in STATE_DIR that could give a token."""


def _of_user(secrets: Path, name: str) -> str:
    try:
        return users.token(Deployment.read(secrets / "deployment.json"), name)
    except FileNotFoundError:
        raise NoStack(f"there is no stack in {secrets.parent}: start it with `make run`") from None
    except (BotoCoreError, ClientError) as fault:
        raise NoStack(f"the user pool does not answer ({fault}); is `make run` running?") from None


def _of_service(secrets: Path, name: str, scope: str) -> str:
    if not secrets.is_dir():
        raise NoStack(f"there is no stack in {secrets.parent}: start it with `make run`")
    return service_tokens.mint(secrets, name, scope or None)


def main() -> int:
    """Print the token; answers 2, and says why on stderr, where there can be none."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("whose", choices=("user", "service"))
    parser.add_argument("name")
    parser.add_argument("scope", nargs="?", default="", help="of a service, separated by spaces; all where empty")
    wanted = parser.parse_args()
    secrets = state_dir(os.environ) / "secrets"
    try:
        is_user = wanted.whose == "user"
        print(_of_user(secrets, wanted.name) if is_user else _of_service(secrets, wanted.name, wanted.scope))
    except (NoStack, users.InvalidName, service_tokens.UnknownService) as fault:
        print(f"make: {fault}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
