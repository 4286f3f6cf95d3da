"""`make run`: what it starts, how it says what is wrong, and that nothing of it stays."""

import itertools
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.local_stack import REPOSITORY, Runner, alive, eventually

PROCESSES = {"engine", "keys", "signer_service", "image_service", "metadata_service", "sweeper", "gateway"}
WATCHDOG_SECONDS = 15.0

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can give each process a user of its own")

RunnerMaker = Callable[..., Runner]


def call(method: str, url: str, token: str | None = None, body: object = None) -> tuple[int, dict[str, object]]:
    request = urllib.request.Request(url, method=method)
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.load(refusal)


def status_fields(pid: int) -> dict[str, list[str]]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {line.partition(":")[0]: line.partition(":")[2].split() for line in lines}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def none_left(pids: set[int]) -> bool:
    return not any(alive(pid) for pid in pids)


# --- starting ------------------------------------------------------------------------------------------------


def test_it_prints_the_page_a_tour_and_ready(stack: Runner) -> None:
    assert stack.lines.count("ready") == 1
    before = stack.lines[: stack.lines.index("ready")]
    assert any(f"{stack.gateway}/" in line for line in before)
    assert any("curl" in line for line in before)


def test_every_process_is_recorded_and_runs(stack: Runner) -> None:
    assert set(stack.record()["processes"]) == PROCESSES
    assert all(alive(stack.pid(name)) for name in PROCESSES)


def test_output_to_a_pipe_has_no_colours(stack: Runner) -> None:
    assert "\x1b" not in stack.text()


def test_a_second_start_keeps_what_was_stored(a_runner: RunnerMaker) -> None:
    runner = a_runner().start().wait_ready()
    made, _ = call("POST", f"{runner.gateway}/profiles", runner.token("alice"), {"username": "alice", "full_name": "A"})
    assert made == 200
    started = runner.processes()
    assert runner.stop(signal.SIGINT) == 0, runner.text()
    assert none_left(started)
    runner.start().wait_ready()
    found, profile = call("GET", f"{runner.gateway}/profiles/alice")
    assert (found, profile["full_name"]) == (200, "A")


def test_two_stacks_side_by_side_are_strangers(stack: Runner, a_runner: RunnerMaker) -> None:
    other = a_runner().start().wait_ready()
    route = "/users/me"
    assert call("GET", stack.gateway + route, stack.token("alice"))[0] != 401
    assert call("GET", other.gateway + route, stack.token("alice"))[0] == 401
    if os.getuid() == 0:
        ids = [{process["uid"] for process in runner.record()["processes"].values()} for runner in (stack, other)]
        assert not ids[0] & ids[1]


def test_the_printed_tour_can_be_taken(stack: Runner) -> None:
    handles = {
        "STATE_DIR": str(stack.state_dir),
        "GATEWAY_PORT": str(stack.gateway_port),
        "INTERNAL_PORT": str(stack.internal_port),
        "ENGINE_PORT": str(stack.engine_port),
        "COUNTERSIGN_VENV": sys.prefix,
    }
    taken = subprocess.run(
        [sys.executable, "-m", "local.tour", "--run"],
        cwd=REPOSITORY,
        env=os.environ | handles,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert taken.returncode == 0, taken.stderr
    assert '"state":"ready"' in taken.stdout.replace(" ", "")
    assert re.search(r"200 image/jpeg [1-9][0-9]+ bytes", taken.stdout)


# --- refusing to start ---------------------------------------------------------------------------------------


def test_every_bad_value_is_named_at_once(a_runner: RunnerMaker) -> None:
    bad = {"RATE_LIMIT": "many", "KINDS_FILE": "nowhere.toml", "CORS_ORIGINS": "*", "CLAMD_SOCKET": "none.ctl"}
    bad["GATEWAY_PORT"] = "80x"
    runner = a_runner(**bad).start()
    assert runner.wait_ended() == 2
    assert all(name in runner.text() for name in bad)


def test_a_taken_port_is_named(a_runner: RunnerMaker) -> None:
    runner = a_runner()
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", runner.internal_port))
        holder.listen()
        runner.start()
        assert runner.wait_ended() == 2
    assert f"INTERNAL_PORT: port {runner.internal_port} is taken" in runner.text()
    assert "GATEWAY_PORT:" not in runner.text()


def test_a_state_folder_has_one_runner(stack: Runner, a_runner: RunnerMaker) -> None:
    second = a_runner()
    second.state_dir = stack.state_dir
    second.start()
    assert second.wait_ended() == 2
    assert f"STATE_DIR {stack.state_dir} is held by a running stack" in second.text()
    assert call("GET", f"{stack.gateway}/readyz")[0] == 200


# --- stopping ------------------------------------------------------------------------------------------------


def test_the_death_of_one_is_named_and_stops_the_rest(a_runner: RunnerMaker) -> None:
    runner = a_runner().start().wait_ready()
    started = runner.processes()
    os.kill(runner.pid("sweeper"), signal.SIGKILL)
    assert runner.wait_ended() == 1
    assert "sweeper was ended by SIGKILL" in runner.text()
    assert none_left(started)


def test_after_a_kill_of_the_runner_nothing_stays_and_it_starts_again(a_runner: RunnerMaker) -> None:
    runner = a_runner().start().wait_ready()
    started = runner.processes()
    run_folder = Path(runner.record()["run_dir"])
    runner.stop(signal.SIGKILL)
    assert eventually(lambda: none_left(started), WATCHDOG_SECONDS)
    assert not run_folder.exists()  # the processes' copies of their secrets
    runner.start().wait_ready()


# --- the walls -----------------------------------------------------------------------------------------------


def test_secrets_are_readable_for_one(stack: Runner) -> None:
    assert mode(stack.state_dir) == 0o700
    kept = [*(stack.state_dir / "secrets").iterdir(), stack.state_dir / "stack.json"]
    assert {mode(path) for path in kept} == {0o600}
    for name, process in stack.record()["processes"].items():
        own = Path(process["own"])
        assert (mode(own), own.stat().st_uid) == (0o700, process["uid"]), name
        if name != "gateway":  # its configuration is no secret, and is its own to write
            held = {(mode(path), path.stat().st_uid) for path in own.rglob("*") if path.is_file()}
            assert held <= {(0o400, process["uid"])}, name


def test_a_process_is_given_what_its_list_names_and_nothing_else(stack: Runner) -> None:
    system = {"PATH", "LANG", "PYTHONPATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}
    for name in PROCESSES - {"engine"}:
        listed = (REPOSITORY / "deploy" / "env" / f"{name}.env.example").read_text()
        allowed = set(re.findall(r"^([A-Z][A-Z0-9_]*)=", listed, re.MULTILINE)) | system
        environ = (stack.state_dir / "env" / f"{name}.env").read_text()
        assert set(re.findall(r"^([A-Z][A-Z0-9_]*)=", environ, re.MULTILINE)) <= allowed, name


def test_a_process_sees_its_own_service_alone(stack: Runner) -> None:
    code = Path(stack.record()["run_dir"]) / "code"
    assert [path.name for path in (code / "signer_service").iterdir()] == ["signer_service"]
    assert [path.name for path in (code / "metadata_service").iterdir()] == ["metadata_service"]
    assert [path.name for path in (code / "image_service").iterdir()] == ["image_service"]


@needs_root
def test_each_process_has_a_user_of_its_own_and_no_power(stack: Runner) -> None:
    seen = set()
    for name in PROCESSES:
        fields = status_fields(stack.pid(name))
        assert len(set(fields["Uid"])) == 1, name
        assert fields["NoNewPrivs"] == ["1"], name
        assert set(fields["CapEff"]) == {"0000000000000000"}, name
        seen.add(fields["Uid"][0])
    assert len(seen) == len(PROCESSES)
    assert "0" not in seen


@needs_root
def test_signer_and_image_service_have_no_network(stack: Runner) -> None:
    ours = os.readlink("/proc/self/ns/net")
    apart = {os.readlink(f"/proc/{stack.pid(name)}/ns/net") for name in ("signer_service", "image_service")}
    assert len(apart | {ours}) == 3
    for name in ("signer_service", "image_service"):
        devices = Path(f"/proc/{stack.pid(name)}/net/dev").read_text().splitlines()[2:]
        assert [line.partition(":")[0].strip() for line in devices] == ["lo"]


@needs_root
@pytest.mark.parametrize("thief", sorted(PROCESSES))
def test_no_process_reads_what_another_holds(stack: Runner, thief: str) -> None:
    described = stack.record()["processes"]
    held = {
        name: [str(path) for path in Path(process["own"]).rglob("*") if path.is_file()]
        for name, process in described.items()
    }
    read = (
        "import json, os, sys\nprint(json.dumps([path for path in json.load(sys.stdin) if os.access(path, os.R_OK)]))"
    )
    loot = subprocess.run(
        ["/usr/bin/python3", "-I", "-c", read],
        input=json.dumps([*itertools.chain(*held.values()), str(stack.state_dir / "stack.json")]),
        user=described[thief]["uid"],
        group=described[thief]["gid"],
        extra_groups=described[thief]["groups"],
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    assert held["signer_service"]
    assert set(json.loads(loot.stdout)) == set(held[thief])


@needs_root
def test_only_its_clients_reach_a_socket(stack: Runner) -> None:
    described = stack.record()["processes"]
    may_connect = {
        "signer_service": {"signer_service", "metadata_service", "sweeper", "gateway"},
        "image_service": {"image_service", "metadata_service"},
        "metadata_service": {"metadata_service", "gateway"},
    }
    attempt = "import socket, sys\nsocket.socket(socket.AF_UNIX).connect(sys.argv[1])"
    for server, clients in may_connect.items():
        reached = {
            name
            for name, process in described.items()
            if subprocess.run(
                ["/usr/bin/python3", "-I", "-c", attempt, described[server]["socket"]],
                user=process["uid"],
                group=process["gid"],
                extra_groups=process["groups"],
                cwd="/",
                capture_output=True,
            ).returncode
            == 0
        }
        assert reached == clients, server
