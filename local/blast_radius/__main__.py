"""`make blast-radius`: in each process of the running stack, all that somebody who broke into it would try.

It prints a row for each attempt, beside it the control, and exits 1 when anything came through or could not be tried.
It finds the stack that runs from STATE_DIR; where none does, it starts one of its own, and stops it afterwards.
"""

import argparse
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from local import settings
from local.blast_radius import breaks, inside, own_stack, stage, table, trial
from local.blast_radius.attempts import table as attempts
from local.blast_radius.people import StageFailed
from local.blast_radius.running import NoStack, Running

NEEDS_ROOT = (
    "needs root: an intruder takes on each process's user, and only root can. No attempt was made, and what could not\n"
    "be tried counts as a failure. Say `make blast-radius` as root; where no stack runs, it starts one.\n"
)


class NoRows(Exception):
    """What was asked for is no row: nothing was tried."""


def main() -> int:
    """Try everything, or with `--breaks` take the walls down one by one; answers the exit status."""
    parser = argparse.ArgumentParser(prog="blast_radius", description=__doc__)
    parser.add_argument("--markdown", metavar="FILE", type=Path, help="write the table there, too")
    parser.add_argument("--only", nargs="+", metavar="NAME", default=[], help="try the rows whose names begin so")
    parser.add_argument("--breaks", nargs="*", metavar="NAME", help="weaken these protections, or all, one at a time")
    parser.add_argument("--here", action="store_true", help="weaken the stack that runs, not one made for it")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what is down is put up again, and our stack ends
    if os.getuid() != 0:
        print(NEEDS_ROOT)
        return 1
    try:
        with _stack(is_own=asked.breaks is not None and not asked.here) as running:
            if asked.breaks is not None:
                return _breaks(running, asked.breaks)
            return _table(running, asked.only, asked.markdown)
    except (NoRows, StageFailed, own_stack.NotStarted, NoStack, breaks.Faulty) as fault:
        print(f"blast radius: {fault}", file=sys.stderr)
        return 1


@contextmanager
def _stack(*, is_own: bool) -> Iterator[Running]:
    """The stack that runs, or one of our own for as long as it is needed."""
    with ExitStack() as until:
        try:
            if is_own:
                raise NoStack("what is weakened is made for it")
            running = Running.at(settings.state_dir(os.environ))
        except NoStack as none:
            print(f"{none}; starting a stack for this", flush=True)
            running = Running.at(until.enter_context(own_stack.started()))
        yield running


def _table(running: Running, only: list[str], file: Path | None) -> int:
    with inside.intruder(running) as intruder, _staged(running, intruder) as on:
        wanted = [row for row in attempts.rows(on) if not only or row.name.startswith(tuple(only))]
        if not wanted:
            raise NoRows(f"no row's name begins with {' or '.join(only)}")
        print(table.header())
        tried = trial.rows(intruder, wanted, lambda row: print(table.row_line(row), flush=True))
    print("", table.details(tried), table.by_process(tried), "", table.summary(tried), sep="\n")
    if file:
        file.write_text(table.markdown(tried) + "\n", encoding="utf-8")
    return 0 if trial.are_held(tried) else 1


def _breaks(running: Running, names: list[str]) -> int:
    with inside.intruder(running) as intruder, _staged(running, intruder) as on:
        return breaks.run(on, intruder, names)


@contextmanager
def _staged(running: Running, intruder: inside.Intruder) -> Iterator[stage.Stage]:
    on = stage.built(running, intruder)
    try:
        yield on
    finally:
        on.tidy()


if __name__ == "__main__":
    sys.exit(main())
