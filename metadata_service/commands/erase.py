"""`python -m metadata_service.commands.erase USER_ID`: an operator erases an account, and gets a report.

USER_ID is a token's `sub`, or its form in keys (`h-…`), or `s-` and an internal service's name. It needs metadata's
way to the records (AWS_REGION, DYNAMODB_ENDPOINT, TABLE_PREFIX and credentials) and nothing else: the files are deleted
by the sweeper, which must be running, and is waited for. Run again, it goes on, or only reports.

Exit status: 0 when nothing is left but what the report says will go by itself, 1 otherwise, 2 for a wrong USER_ID.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Final

from .. import clock, erasing
from ..config import InvalidConfig, Reader
from ..errors import AccountErased, Unavailable
from ..object_keys import is_owner
from ..owners import owner_of
from ..store import credentials, dynamodb, erasures, links
from ..store.dynamodb import Dynamodb
from ..store.erasures import Erasure
from .erasure_report import Report, files_of, held_by, rows_of

LONGEST_SUB: Final = 256
PATIENCE: Final = 600
"""Seconds that the sweeper has for the files, where nobody says otherwise."""
LOOK_EVERY: Final = 1.0
_REGION: Final = re.compile(r"[a-z]{2,}(?:-[a-z]+)+-\d")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; the exit status."""
    asked = _arguments(arguments)
    try:
        owner = owner_named(asked.user_id)
        dynamodb.use(_records(os.environ))
    except (ValueError, InvalidConfig) as wrong:
        print(f"erase: {wrong}", file=sys.stderr)
        return 2
    try:
        report = _shown(owner) if asked.dry_run else _erased(owner, asked.wait)
    except Unavailable as unavailable:
        print(f"erase: {unavailable}: it goes on where it was when asked again", file=sys.stderr)
        return 1
    print(json.dumps(report.spoken(), indent=2) if asked.json else report.text())
    return 0 if report.is_dry or report.is_complete else 1


def owner_named(text: str) -> str:
    """Whose rows and keys an operator means. Raises ValueError."""
    if is_owner(text):
        return text
    if not 0 < len(text) <= LONGEST_SUB or text != text.strip() or not text.isprintable():
        raise ValueError(f"USER_ID must be a token's sub, of 1 to {LONGEST_SUB} printable characters")
    if re.match(r"h-|s-", text):
        raise ValueError("USER_ID begins like the form in keys: h- and 40 hex digits, or s- and a service's name")
    return owner_of(text)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="erase", description="Erase an account, and report.")
    parser.add_argument(
        "user_id", metavar="USER_ID", help="a token's sub, its form in keys, or s- and a service's name"
    )
    parser.add_argument("--dry-run", action="store_true", help="only show what is held")
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    parser.add_argument("--wait", type=int, default=PATIENCE, metavar="SECONDS", help="for the sweeper (default: 600)")
    return parser.parse_args(arguments)


def _records(environment: Mapping[str, str]) -> Dynamodb:
    read = Reader(environment)
    region = read.text("AWS_REGION", _REGION, "a region, such as eu-central-1")
    source = credentials.source(read.text("AWS_SHARED_CREDENTIALS_FILE", default=""))
    found = Dynamodb(
        region, read.text("DYNAMODB_ENDPOINT", default=""), read.text("TABLE_PREFIX", default="countersign-"), source
    )
    if read.faults:
        raise InvalidConfig(read.faults)
    return found


def _shown(owner: str) -> Report:
    return Report(owner, rows_of(owner), files_of(owner, clock.now(), is_begun=False), is_dry=True)


def _erased(owner: str, patience: int) -> Report:
    found, held = rows_of(owner), held_by(owner)
    for removed in erasing.steps(_begun(owner)):
        _progress(", ".join(f"{count} {what}" for what, count in removed.items() if count) + " gone")
    files = files_of(owner, clock.now(), is_begun=True)
    until = time.monotonic() + patience
    while files.now and time.monotonic() < until:
        _progress(f"{files.now.total()} files wait for the sweeper")
        time.sleep(LOOK_EVERY)
        files = files_of(owner, clock.now(), is_begun=True)
    return Report(owner, found, files, deleted=held - files.missed, left=rows_of(owner))


def _begun(owner: str) -> Erasure:
    """The erasure, begun now or by somebody before."""
    try:
        return erasing.begin(owner)[0]
    except AccountErased:
        return erasures.get(owner) or Erasure(owner, clock.now(), links.of(owner).row_ids)


def _progress(text: str) -> None:
    print(f"erase: {text}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
