"""What code that runs in a decode could do: nothing. Tried with the service's own walls, in a program of the test's."""

import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import hostile
import pytest
from image_process import ROOT, Service, dialled, eventually, started

CAPTIVE = Path(__file__).with_name("captive.py")
on_x86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="the attempt is made by its number on x86-64")


def captive(wall: str, *attempts: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, CAPTIVE, wall, *attempts],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=30,
        check=False,
    )


def outcomes(wall: str, *attempts: str) -> dict[str, str]:
    ran = captive(wall, *attempts)
    assert ran.returncode == 0, ran.stderr.decode()
    return dict(json.loads(ran.stdout))


@pytest.mark.parametrize("wall", ["service", "child"])
@pytest.mark.parametrize("attempt", ["socket", "unix_socket", "socketpair", "connect", "exec"])
def test_s03_there_is_no_way_out(wall: str, attempt: str) -> None:
    assert outcomes(wall, attempt) == {attempt: "EPERM"}


@on_x86
@pytest.mark.parametrize("wall", ["service", "child"])
@pytest.mark.parametrize(
    "attempt", ["ptrace", "io_uring_setup", "process_vm_readv", "bpf", "keyctl", "userfaultfd", "unshare"]
)
def test_s03_there_is_no_way_round(wall: str, attempt: str) -> None:
    assert outcomes(wall, attempt) == {attempt: "EPERM"}


@pytest.mark.parametrize(
    "attempt", ["open", "create", "look_at_files", "fork", "kill_parent", "raise_limits", "deafen", "accept"]
)
def test_s03_a_decode_reads_no_file_makes_no_process_and_signals_nobody(attempt: str) -> None:
    assert outcomes("child", attempt) == {attempt: "EPERM"}


@on_x86
def test_s03_a_decode_cannot_make_itself_readable_again() -> None:
    assert outcomes("child", "set_dumpable") == {"set_dumpable": "EPERM"}


def test_s03_what_the_service_needs_still_works() -> None:
    assert outcomes("service", "accept", "fork", "open") == {"accept": "worked", "fork": "worked", "open": "worked"}


def test_s03_what_a_decode_needs_still_works() -> None:
    assert outcomes("child", "read_own") == {"read_own": "worked"}


@on_x86
@pytest.mark.parametrize("wall", ["service", "child"])
def test_s03_the_x32_numbers_of_the_same_calls_kill(wall: str) -> None:
    assert captive(wall, "x32").returncode == -signal.SIGSYS


def test_s13_a_decode_gets_no_more_than_its_memory() -> None:
    assert outcomes("child", "two_gibibytes") == {"two_gibibytes": "MemoryError"}


def test_s13_a_decode_gets_no_more_than_its_time() -> None:
    assert captive("child", "spin").returncode == -signal.SIGXCPU


# --- the running service


def status_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def test_s03_the_service_runs_behind_its_filter(service: Service) -> None:
    status = status_of(service.pid)
    assert (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1")


def test_s03_a_child_has_both_filters_its_limits_and_only_its_own_descriptors(service: Service) -> None:
    with dialled(service.path), dialled(service.path):
        first, second = eventually(lambda: two_confined(service), "two children behind two filters")
        for pid in (first, second):
            limits = Path(f"/proc/{pid}/limits").read_text()
            assert [line.split()[-3:-1] for line in limits.splitlines() if "address space" in line] == [
                ["1073741824"] * 2
            ]
            assert [line.split()[-3:-1] for line in limits.splitlines() if "cpu time" in line] == [["5", "6"]]
            kinds = sorted(
                os.readlink(f"/proc/{pid}/fd/{name}").split(":")[0] for name in os.listdir(f"/proc/{pid}/fd")
            )
            assert kinds == ["/dev/null"] * 3 + ["pipe"] * 2 + ["socket"]


def two_confined(service: Service) -> list[int]:
    confined = [pid for pid in service.children() if status_of(pid).get("Seccomp_filters") == "2"]
    return confined if len(confined) == 2 else []


def _own_folder(outside: str, user: int) -> Path:
    folder = Path(outside) / "own"
    folder.mkdir()
    if os.geteuid() == 0:
        Path(outside).chmod(0o755)
        os.chown(folder, user, user)
    return folder


def test_s03_nobody_of_the_same_user_reads_its_environment() -> None:
    user = 65_534 if os.geteuid() == 0 else os.geteuid()
    # Not below pytest's own folder: each run of pytest closes that to other users anew.
    with tempfile.TemporaryDirectory(dir="/var/tmp") as outside, started(_own_folder(outside, user), user=user) as own:
        for name in ("environ", "mem", "maps"):
            seen = subprocess.run(["/bin/cat", f"/proc/{own.pid}/{name}"], user=user, capture_output=True, check=False)
            assert (seen.returncode, seen.stdout) == (1, b""), name


@pytest.mark.skipif(platform.machine() != "x86_64", reason="personality by setarch is x86's")
def test_s03_without_a_filter_it_does_not_start(tmp_path: Path) -> None:
    """On a machine that the filter does not know (setarch says so), it says why and goes."""
    ran = subprocess.run(
        ["/usr/bin/setarch", "i686", sys.executable, "-m", "image_service.app"],
        cwd=ROOT,
        env={"BIND": f"unix:{tmp_path}/image.sock"},
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert ran.returncode == 2
    assert b"no filter is known for i686" in ran.stderr
    assert not (tmp_path / "image.sock").exists()


def test_s03_a_file_that_is_refused_leaves_no_child(service: Service) -> None:
    assert service.image(hostile.HTML).status == 422
    eventually(lambda: not service.children(), "no child")
