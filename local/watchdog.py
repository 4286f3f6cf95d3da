"""Stops what the runner started when the runner dies without having done so: `watchdog.py RUN_FOLDER STACK_FILE`.

Reads lines from the runner on stdin, `+PGID` for a process group that was started and `-PGID` for one that ended.
The end of the input is the runner's end: what is left is told to stop, and killed when it does not;
then the processes' copies of their secrets go, and the file that says that a stack runs.
A group outlives its leader (nginx's workers outlive a killed master), so a signal to each child is not enough.
"""

import os
import shutil
import signal
import sys
import time
from pathlib import Path

GRACE_SECONDS = 5.0


def signalled(group: int, number: int) -> bool:
    """Signal a process group; False where none of it is left."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def stop(groups: set[int]) -> None:
    """Ask every group to stop, and kill what has not stopped within the grace."""
    deadline = time.monotonic() + GRACE_SECONDS
    left = {group for group in groups if signalled(group, signal.SIGTERM)}
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = {group for group in left if signalled(group, 0)}
    for group in left:
        signalled(group, signal.SIGKILL)


def clear(run_folder: Path, stack_file: Path) -> None:
    """Remove what only a running stack has."""
    shutil.rmtree(run_folder, ignore_errors=True)
    stack_file.unlink(missing_ok=True)


def main() -> None:
    """Keep the list until the runner is gone."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the terminal's Ctrl-C is the runner's to answer
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line[0] == "+":
            groups.add(group)
        else:
            groups.discard(group)
    if groups:  # else the runner has done all this itself
        stop(groups)
        clear(Path(sys.argv[1]), Path(sys.argv[2]))


if __name__ == "__main__":
    main()
