"""`make bench`: measures every row and prints one table; exits 1 where a row misses what it must reach."""

import sys

from benchmarks import completing, micro
from benchmarks.rounds import ROUNDS, Row, line, measure
from benchmarks.running import running


def main() -> int:
    """Print a line a row as it is measured."""
    print(f"CPU time, {ROUNDS} rounds interleaved, median (range); absolute numbers are for orientation only\n")
    print(f"{'':<44} {'ratio':<27} {'must':<8} {'':<7} {'theirs µs':>10} {'ours µs':>10}")
    missed = [row for row in micro.rows() if not _holds(row)]
    print("starting the stack for the rows that need it …", file=sys.stderr)
    with running() as stack:
        missed += [row for row in completing.rows(stack) if not _holds(row)]
    return int(bool(missed))


def _holds(row: Row) -> bool:
    measured = measure(row)
    print(line(measured), flush=True)
    return measured.holds


if __name__ == "__main__":
    sys.exit(main())
