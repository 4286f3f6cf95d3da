"""`python -m metadata_service.commands.sweep`: sweeps every SWEEP_SECONDS until it is told to stop.

`--once`: one round. `--dry-run`: one round that shows what is due and changes nothing.
"""

from __future__ import annotations

import argparse
import ctypes
import dataclasses
import logging
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Final

from .. import logs
from ..bucket import Bucket
from ..config import SweeperConfig, from_environment_or_exit
from ..connections import Address
from ..delete_budget import MINUTE, DeleteBudget
from ..errors import Unavailable
from ..grants import FaultyGrantKey, GrantKey
from ..s3 import S3
from ..signer import Replica, Signer
from ..store import credentials, dynamodb
from ..store.dynamodb import Dynamodb
from ..sweeping import Sweep, Tally

log = logging.getLogger("metadata")
ISSUER: Final = "sweeper"
PR_SET_DUMPABLE: Final = 4


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; the exit status."""
    asked = _arguments(arguments)
    config = from_environment_or_exit(SweeperConfig, "sweeper")
    logs.configure(config.log_level, service="sweeper")
    # So that no other process of this user reads the credentials out of /proc (prctl(2)).
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    try:
        sweep = made(config, is_dry=asked.dry_run)
    except FaultyGrantKey as faulty:
        print(f"sweeper: {faulty}", file=sys.stderr)
        return 2
    if asked.once or asked.dry_run:
        return 0 if swept(sweep) is not None else 1
    _until_stopped(sweep, config.sweep_seconds)
    return 0


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sweep", description="Delete what nothing refers to any more.")
    parser.add_argument("--once", action="store_true", help="one round, and its success as the exit status")
    parser.add_argument("--dry-run", action="store_true", help="one round that only shows what is due")
    return parser.parse_args(arguments)


def made(config: SweeperConfig, *, is_dry: bool) -> Sweep:
    """A sweep with its own ways out. Raises FaultyGrantKey."""
    source = credentials.source(config.shared_credentials_file)
    dynamodb.use(Dynamodb(config.region, config.dynamodb_endpoint, config.table_prefix, source))
    bucket = Bucket.at(config.s3_bucket, config.region, config.s3_public_endpoint)
    replicas = [Replica(name, Address.parse(address)) for name, address in config.signers]
    signer = Signer(replicas, GrantKey.read(config.grant_key_file, ISSUER), bucket, _note_audit)
    return Sweep(signer, S3(config.s3_dial), DeleteBudget(config.deletes_per_minute), is_dry=is_dry)


def _until_stopped(sweep: Sweep, seconds: int) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    while not stop.is_set():
        tally = swept(sweep)
        is_cut_short = tally is not None and tally.is_cut_short
        stop.wait(min(seconds, MINUTE) if is_cut_short else seconds)


def swept(sweep: Sweep) -> Tally | None:
    """One round and its line in the log; None where it had to stop: what is left waits for the next."""
    try:
        tally = sweep.round()
    except Unavailable as unavailable:
        log.warning("stopped_early", extra={"reason": str(unavailable.__cause__ or unavailable)[:500]})
        return None
    except Exception:
        log.exception("unexpected")
        return None
    counts = dataclasses.asdict(tally)
    log.log(logging.INFO if any(counts.values()) else logging.DEBUG, "swept", extra=counts)
    return tally


def _note_audit(line: Mapping[str, Any]) -> None:
    log.info("signed", extra={"audit": [line]})


if __name__ == "__main__":
    sys.exit(main())
