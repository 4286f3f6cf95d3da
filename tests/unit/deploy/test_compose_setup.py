"""How compose's setup hands each process its own."""

import os
import shutil
import subprocess

import pytest

from local.compose_setup import EngineSilent, Share, hand_over, wait_for_engine

SHARE = Share("signer_service", {"S3_BUCKET": "media", "ODD": "a b'c$d"}, {"identities/reader.json": "{}", "x": "one"})


@pytest.fixture
def own(tmp_path):
    (tmp_path / "signer_service").mkdir()
    return tmp_path


def mode(path):
    return path.stat().st_mode & 0o7777


def test_what_is_handed_over_is_open_to_its_readers_alone(own):
    hand_over(SHARE, own, os.getgid())
    folder = own / "signer_service"
    assert {path.relative_to(folder).as_posix(): mode(path) for path in folder.rglob("*")} == {
        "deployed.env": 0o440,
        "x": 0o440,
        "identities": 0o750,
        "identities/reader.json": 0o440,
    }
    assert mode(folder) == 0o750


def test_a_shell_reads_the_values_as_they_are(own):
    hand_over(SHARE, own, os.getgid())
    shell = shutil.which("sh")
    script = '. "$0"; printf "%s|%s" "$S3_BUCKET" "$ODD"'
    said = subprocess.run([shell, "-c", script, own / "signer_service/deployed.env"], capture_output=True, text=True)
    assert said.stdout == "media|a b'c$d"


def test_what_is_right_already_is_left_alone_and_what_is_not_is_replaced(own):
    hand_over(SHARE, own, os.getgid())
    folder = own / "signer_service"
    before = {name: (folder / name).stat().st_ino for name in ("x", "deployed.env")}
    hand_over(Share("signer_service", SHARE.values, {"x": "two"}), own, os.getgid())
    assert (folder / "deployed.env").stat().st_ino == before["deployed.env"]
    assert (folder / "x").stat().st_ino != before["x"]
    assert (folder / "x").read_text() == "two"


def test_the_process_is_let_go_only_once_every_file_is_there(own):
    blocked = own / "signer_service" / "x"
    blocked.mkdir()  # so that the file cannot be put there
    with pytest.raises(OSError, match="x"):
        hand_over(SHARE, own, os.getgid())
    assert not (own / "signer_service" / "deployed.env").exists()


def test_an_engine_that_does_not_answer_is_waited_for_no_longer_than_said():
    with pytest.raises(EngineSilent):
        wait_for_engine("http://127.0.0.1:1", 0.1)
