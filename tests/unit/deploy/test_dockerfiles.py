"""What gets into an image: its own service's folder, its own lock, and nothing of the others."""

import json

import pytest

from tests.unit.deploy.compose_file import RUNNING, dockerfile, service

BASES = {"python:3.11-slim-bookworm", "debian:bookworm-slim"}
TAKES = {
    "engine": {"requirements/engine.txt", "local/guard.py"},
    "keys": {"requirements/signer.txt", "signer_service"},
    "signer_service": {"requirements/signer.txt", "signer_service"},
    "image_service": {"requirements/image.txt", "image_service"},
    "metadata_service": {"requirements/metadata.txt", "metadata_service"},
    "sweeper": {"requirements/metadata.txt", "metadata_service"},
    "gateway": {"gateway", "clients/browser/countersign.js"},
    "setup": {"requirements/run.txt", "local/*.py", "deploy/cloudformation/core.yaml"},
}


def instructions(name, word):
    return [line.split()[1:] for line in dockerfile(name) if line.split()[0] == word]


@pytest.mark.parametrize("name", TAKES)
def test_an_image_takes_its_own_folder_and_lock_and_nothing_else(name):
    taken = {source for words in instructions(name, "COPY") if words[0][:2] != "--" for source in words[:-1]}
    assert taken == TAKES[name]
    assert not instructions(name, "ADD")


@pytest.mark.parametrize("name", TAKES)
def test_an_image_rests_on_debian_s_or_python_s(name):
    assert {words[0] for words in instructions(name, "FROM")} <= BASES


@pytest.mark.parametrize("name", TAKES)
def test_packages_are_held_to_their_hashes_and_leave_no_cache(name):
    installs = [line for line in dockerfile(name) if "pip install" in line]
    assert len(installs) == (name != "gateway")
    for line in installs:
        assert {"--no-cache-dir", "--require-hashes", "--only-binary"} <= set(line.split())


@pytest.mark.parametrize("name", TAKES)
def test_an_image_s_own_user_is_one_that_compose_gives_too(name):
    (words,) = instructions(name, "USER")
    users = {service(one)["user"] for one in (*RUNNING, "setup") if service(one)["build"] == service(name)["build"]}
    assert words[0] in users


@pytest.mark.parametrize("name", sorted(set(RUNNING) - {"keys", "sweeper", "gateway"}))
def test_compose_repeats_an_image_s_own_command(name):
    (words,) = [line.removeprefix("CMD ") for line in dockerfile(name) if line.startswith("CMD ")]
    if "command" in service(name):
        assert service(name)["command"] == json.loads(words)
