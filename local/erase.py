"""`python -m local.erase USER_ID`: the operator's erasure, on the running local stack, as metadata's identity."""

import os
import sys

from local.deploy import Deployment
from local.settings import state_dir


def main() -> None:
    """Become the command; exit 2 where no stack was ever started."""
    place = state_dir(os.environ) / "secrets" / "deployment.json"
    try:
        deployment = Deployment.read(place)
    except FileNotFoundError:
        print(f"erase: there is no stack in {place.parents[1]}: start it with `make run`", file=sys.stderr)
        sys.exit(2)
    pair = deployment.access_keys["metadata"]
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "AWS_REGION": deployment.region,
        "DYNAMODB_ENDPOINT": deployment.endpoint,
        "TABLE_PREFIX": deployment.table_prefix,
        "AWS_ACCESS_KEY_ID": pair.access_key_id,
        "AWS_SECRET_ACCESS_KEY": pair.secret_access_key,
    }
    command = [sys.executable, "-m", "metadata_service.commands.erase", *sys.argv[1:]]
    os.execve(sys.executable, command, environment)  # noqa: S606 - our own command, without a shell


if __name__ == "__main__":
    main()
