"""`make bench`: measures every row and prints one table; exits 1 where a row misses what it must reach."""

import sys

from benchmarks import micro
from benchmarks.rounds import ROUNDS, line, measure


def main() -> int:
    """Print a line a row as it is measured."""
    print(f"CPU time, {ROUNDS} rounds interleaved, median (range); absolute numbers are for orientation only\n")
    print(f"{'':<44} {'ratio':<26} {'must':<8} {'':<9} {'theirs µs':>9} {'ours µs':>8}")
    missed = False
    for row in micro.rows():
        measured = measure(row)
        missed = missed or not measured.holds
        print(line(measured), flush=True)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
