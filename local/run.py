"""`make run`: the whole stack on this machine, until Ctrl-C.

Whatever ends this program ends all of the stack: a signal, the death of any process, or its own (see watchdog.py).
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType

from botocore.exceptions import BotoCoreError, ClientError

from local import launch, layout, machine, ports, settings, tour, walls
from local.console import Console
from local.deploy import DeploymentFailed
from local.processes import STOPPING_SIGNALS, NotInTime, ProcessDied, Processes
from local.stack import Stack

CHECK_SECONDS = 0.2
DRAIN_SECONDS = 2.0

Failures = (ProcessDied, NotInTime, DeploymentFailed, ClientError, BotoCoreError, OSError, ValueError)


class Stopped(BaseException):
    """Somebody asked us to stop. Not an Exception: nothing on the way may take it for a failure."""


def main() -> int:
    """Run the stack; answers the exit status: 0 after a stop, 1 after a failure, 2 where it could not begin."""
    os.umask(0o077)
    _die_with_make()
    try:
        wanted = settings.from_environment(os.environ)
        programs = machine.programs()
        wanted.state_dir.mkdir(parents=True, exist_ok=True)
        lock = ports.lock(wanted.state_dir)
        ports.check(wanted)
    except (settings.BadSettings, machine.Unsuitable, ports.Taken, OSError) as refusal:
        print(*(f"make run: {line}" for line in str(refusal).splitlines()), sep="\n", file=sys.stderr)
        return 2
    return _run(wanted, programs, lock)


def _run(wanted: settings.Settings, programs: machine.Programs, lock: int) -> int:
    console = Console()
    possible = walls.to_be_had()
    place = layout.of(wanted.state_dir, has_mounts=possible.mounts)
    processes = Processes(place, possible, console)
    try:
        _on_signals(_stop)
        processes.watch_over(lock)
        layout.make(place)
        for line in possible.missing():
            console.say(f"wall missing: {line}")
        Stack(wanted, place, processes, console).start(programs.engine_venv, programs.nginx)
        _announce(console, wanted)
        _wait_for_a_death(processes, console)
    except Stopped:
        status = 0
    except Failures as failure:
        console.fail(_cause(failure, processes))
        status = 1
    finally:
        _on_signals(lambda *_: processes.kill())
        console.say("stopping")
        processes.stop()
        console.drain(DRAIN_SECONDS)
        place.stack_file.unlink(missing_ok=True)
        layout.clear(place)
    console.say("nothing is left running")
    return status


def _cause(failure: Exception, processes: Processes) -> str:
    """The death behind a failure, where there is one: a call to a dead engine only says that nobody answered."""
    try:
        processes.check()
    except ProcessDied as death:
        return str(death)
    return str(failure)


def _announce(console: Console, wanted: settings.Settings) -> None:
    for line in tour.text(wanted).splitlines():
        console.plain(line)
    console.plain("ready")


def _wait_for_a_death(processes: Processes, console: Console) -> None:
    """Until a process ends (ProcessDied), a signal comes (Stopped), or nobody reads what we print."""
    while not console.is_gone:
        processes.check()
        time.sleep(CHECK_SECONDS)
    raise Stopped


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped


def _on_signals(handler: Callable[[int, FrameType | None], object]) -> None:
    for number in STOPPING_SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup means it
            signal.signal(number, handler)


def _die_with_make() -> None:
    """A make that was killed cannot pass a signal on; without this its stack would stay."""
    if os.environ.get("MAKELEVEL"):
        launch.die_with(os.getppid())


if __name__ == "__main__":
    sys.exit(main())
