"""`make blast-radius` against a whole stack: every attempt held, and a wall that is down is seen."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from local.blast_radius import inside, protections, stage, trial
from local.blast_radius.attempts import table
from local.blast_radius.attempts.attempt import Try
from local.blast_radius.outcomes import CAME_THROUGH
from local.blast_radius.running import Running
from local.blast_radius.second import Faulty, Patch, started
from local.blast_radius.trial import Row, Verdict
from tests.e2e.conftest import stack  # noqa: F401 - the fixture
from tests.e2e.local_stack import Runner

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root can take on another process's user")

REPOSITORY = Path(__file__).resolve().parents[2]
# Of each promise, the process whose rows show it.
PROMISES = {
    "s01": "metadata_service",
    "s02": "signer_service",
    "s03": "image_service",
    "s04": "gateway",
    "s06": "keys",
    "s25": "sweeper",
}


@pytest.fixture(scope="module")
def running(stack: Runner) -> Running:  # noqa: F811 - the fixture
    return Running.at(stack.state_dir)


@pytest.fixture(scope="module")
def rows(running: Running) -> list[Row]:
    """The whole table, tried once for all tests."""
    with inside.intruder(running) as intruder:
        on = stage.built(running, intruder)
        try:
            return trial.rows(intruder, table.rows(on))
        finally:
            on.tidy()


def blast_radius(running: Running, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "local.blast_radius", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "STATE_DIR": str(running.state_dir)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize("process", PROMISES.values(), ids=PROMISES.keys())
def test_s01_s02_s03_s04_s06_s25_nothing_comes_through_from_a_process(rows: list[Row], process: str) -> None:
    bad = [row for row in rows if row.attempt.process == process and row.verdict is not Verdict.HELD]
    assert not [(row.attempt.name, row.verdict, row.outcome, row.control) for row in bad]
    assert sum(row.attempt.process == process for row in rows) >= 12


def test_s05_an_identity_carried_out_of_the_signer_has_its_one_verb(rows: list[Row]) -> None:
    abroad = {row.attempt.name: row for row in rows if row.attempt.name.startswith("signer-abroad-")}
    assert {name.rpartition("-")[2] for name in abroad} == {"uploader", "reader", "remover", "records"}
    assert all(row.verdict is Verdict.HELD for row in abroad.values())


def test_s26_nothing_of_an_erased_account_comes_through(rows: list[Row]) -> None:
    erased = {row.attempt.name: row for row in rows if "-erased" in row.attempt.name}
    assert set(erased) == {"metadata-erased", "metadata-erased-records", "gateway-erased-token"}
    assert all(row.verdict is Verdict.HELD for row in erased.values())


def test_s25_a_services_token_ends_where_its_time_scope_and_space_do(rows: list[Row]) -> None:
    services = [row for row in rows if "-service-" in row.attempt.name or row.attempt.name == "gateway-public-listener"]
    assert len(services) == 11
    assert all(row.verdict is Verdict.HELD for row in services)


def test_s01_every_attempt_has_a_control_that_succeeded_and_a_name_of_its_own(rows: list[Row]) -> None:
    assert len(rows) >= 25
    assert all(row.attempt.controls and row.control.kind == CAME_THROUGH for row in rows)
    assert len({row.attempt.name for row in rows}) == len(rows)


def test_s02_the_command_exits_0_and_prints_what_happened(running: Running) -> None:
    ended = blast_radius(running, "--only", "signer-network", "signer-grant")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert re.search(r"^held +signer_service +reach S3.* ENETUNREACH +ENETUNREACH +ok", ended.stdout, re.MULTILINE)
    assert "3 attempts, 3 held" in ended.stdout
    assert "\033" not in ended.stdout


def test_s06_the_command_exits_1_when_a_wall_is_down(running: Running) -> None:
    own = Path(running.members["signer_service"].own)
    secrets = [own, own / "receipt-keys.json"]
    modes = [path.stat().st_mode & 0o777 for path in secrets]
    try:
        for path, mode in zip(secrets, modes, strict=True):
            path.chmod(mode | 0o055)
        ended = blast_radius(running, "--only", "keys-files-of-signer", "keys-trust")
    finally:
        for path, mode in zip(secrets, modes, strict=True):
            path.chmod(mode)
    assert ended.returncode == 1
    assert re.search(r"^CAME THROUGH +keys +read the 4 files", ended.stdout, re.MULTILINE)
    assert re.search(r"^held +keys +change which grant keys", ended.stdout, re.MULTILINE)


def test_s03_an_attempt_that_cannot_be_made_is_no_pass(running: Running, rows: list[Row]) -> None:
    attempt = next(row.attempt for row in rows if row.attempt.name == "decoder-fork")
    broken = [replace(attempt, tried=Try(attempt.tried.place, (inside.act(name),))) for name in ("no_such_act", "read")]
    with inside.intruder(running) as intruder:
        tried = trial.rows(intruder, broken)
    assert [row.verdict for row in tried] == [Verdict.NOT_MADE, Verdict.NOT_MADE]
    assert not trial.are_held(tried)


def test_s01_a_refusal_by_anything_else_than_the_wall_is_no_pass(running: Running, rows: list[Row]) -> None:
    attempt = next(row.attempt for row in rows if row.attempt.name == "keys-search")
    expecting = replace(attempt, expected="EACCES")
    with inside.intruder(running) as intruder:
        (row,) = trial.rows(intruder, [expecting])
    assert row.verdict is Verdict.OTHERWISE


def test_s01_s02_s03_protections_that_are_taken_down_turn_rows_red(running: Running) -> None:
    ended = blast_radius(running, "--here", "--breaks", "user", "network", "decoder", "owner")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "4 protections taken down; 4 of them turned all their rows red" in ended.stdout


def test_s02_a_weakening_whose_text_is_gone_is_a_fault(running: Running) -> None:
    with pytest.raises(Faulty, match="no longer"), started(running, "signer_service", [Patch("policy.py", "no", "")]):
        pass


def test_s01_at_least_ten_protections_name_rows_that_there_are(rows: list[Row]) -> None:
    names = {row.attempt.name for row in rows}
    assert len(protections.ALL) >= 10
    assert all(one.rows and set(one.rows) <= names for one in protections.ALL)
