"""The walls that docker-compose.yml puts up, before any container runs."""

import pytest

from local.compose_setup import READERS
from tests.unit.deploy.compose_file import OURS, RUNNING, compose, service, volumes

EVERY = (*RUNNING, "setup")
OWN = {"engine", "keys", "signer_service", "metadata_service", "sweeper", "gateway"}
SOCKETS = {"signer-socket": "signer_service", "image-socket": "image_service", "metadata-socket": "metadata_service"}
CLIENTS = {
    "signer-socket": {"metadata_service", "sweeper", "gateway"},
    "image-socket": {"metadata_service"},
    "metadata-socket": {"gateway"},
}


def uid(name):
    user, _, group = service(name)["user"].partition(":")
    assert user == group
    return user


def test_there_are_no_other_services():
    assert set(compose()["services"]) == set(EVERY)


@pytest.mark.parametrize("name", EVERY)
def test_a_container_is_read_only_and_has_no_capability(name):
    walls = service(name)
    assert walls["read_only"] is True
    assert walls["cap_drop"] == ["ALL"]
    assert walls["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "devices", "pid", "ipc", "extra_hosts", "env_file"} & set(walls)


def test_every_container_has_a_user_of_its_own_and_none_is_root():
    users = [uid(name) for name in EVERY]
    assert len(set(users)) == len(users)
    assert all(10000 <= int(user) < 20000 for user in users)


@pytest.mark.parametrize("name", ["signer_service", "image_service"])
def test_who_needs_no_network_has_none(name):
    assert service(name)["network_mode"] == "none"
    assert "networks" not in service(name)


def test_who_keeps_records_is_on_the_internal_network_alone():
    assert compose()["networks"]["records"] == {"internal": True}
    for name in ("keys", "metadata_service", "sweeper", "setup"):
        assert service(name)["networks"] == ["records"]
    assert service("gateway")["networks"] == ["gateway-door"]


def test_ports_are_published_on_loopback_by_the_gateway_and_the_engine_alone():
    published = {name: service(name)["ports"] for name in EVERY if "ports" in service(name)}
    assert set(published) == {"gateway", "engine"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


@pytest.mark.parametrize("name", sorted(OWN))
def test_a_folder_of_secrets_is_mounted_by_its_process_read_only_and_by_setup(name):
    volume = f"own-{name.removesuffix('_service')}"
    assert {one for one in EVERY if volume in volumes(one)} == {name, "setup"}
    assert volumes(name)[volume] == ("/run/countersign/own", False)
    assert volumes("setup")[volume] == (f"/run/countersign/own/{name}", True)


def test_the_group_that_reads_a_folder_is_its_process_s_alone():
    for process, group in READERS.items():
        assert {one for one in EVERY if str(group) in service(one).get("group_add", [])} == {process, "setup"}


@pytest.mark.parametrize("volume", SOCKETS)
def test_a_socket_is_reached_by_its_clients_alone(volume):
    server = SOCKETS[volume]
    assert {one for one in EVERY if volume in volumes(one)} == CLIENTS[volume] | {server}
    assert {one for one in EVERY if volumes(one).get(volume, ("", False))[1]} == {server}
    members = {one for one in EVERY if uid(server) in service(one).get("group_add", [])}
    assert members == CLIENTS[volume]


def test_the_decoder_has_the_memory_of_two_decodes_and_itself():
    assert service("image_service")["mem_limit"] == "2560m"
    assert service("image_service")["environment"]["DECODERS"] == "2"


@pytest.mark.parametrize("name", OURS)
def test_a_stack_s_images_can_be_told_from_another_s(name):
    assert service(name)["image"].endswith(":${IMAGE_TAG:-local}")
