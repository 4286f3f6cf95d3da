"""What compose gives a process is what its list in deploy/env names, and no secret is among the values."""

import pytest

from local import environments
from local.compose_setup import READERS, engine_share, shares
from local.deploy import Deployment
from local.engine import AccessKey, Engine
from tests.unit.deploy.compose_file import OURS, REPOSITORY, environment, volumes

PAIR = AccessKey("AKIA" + "A" * 16, "s" * 40)
SECRETS = {"IDENTITIES_DIR", "RECEIPT_KEYS_FILE", "GRANT_KEY_FILE", "AWS_SHARED_CREDENTIALS_FILE"}


@pytest.fixture
def deployment():
    keys = dict.fromkeys(("uploader", "reader", "remover", "metadata", "sweeper"), PAIR)
    pool = "us-east-1_abc"
    return Deployment(
        endpoint="http://engine:4566",
        region="us-east-1",
        bucket="countersign-media",
        table_prefix="countersign-",
        pool_id=pool,
        client_id="client",
        issuer=f"https://cognito-idp.us-east-1.amazonaws.com/{pool}",
        root=PAIR,
        access_keys=keys,
    )


def listed(process):
    return {variable.name for variable in environments.listed(process)}


@pytest.mark.parametrize("process", OURS)
def test_compose_gives_a_process_nothing_that_its_list_does_not_name(process):
    assert set(environment(process)) <= listed(process)


def test_setup_hands_out_only_values_that_the_lists_name(deployment, tmp_path):
    for share in shares(deployment, tmp_path):
        assert set(share.values) <= listed(share.process), share.process


def test_setup_hands_out_no_value_that_compose_sets_too(deployment, tmp_path):
    for share in shares(deployment, tmp_path):
        assert not set(share.values) & set(environment(share.process)), share.process


@pytest.mark.parametrize("process", OURS)
def test_a_process_gets_every_value_without_a_default_that_it_needs(process, deployment, tmp_path):
    given = set(environment(process))
    given |= {name for share in shares(deployment, tmp_path) if share.process == process for name in share.values}
    optional = {"TOKEN_AUDIENCES", "TOKEN_ACCESS_CLAIM", "KINDS_FILE", "CLAMD_SOCKET", "TRUSTED_PROXIES"}
    needed = {variable.name for variable in environments.listed(process) if not variable.default}
    assert needed - optional <= given


def test_the_lists_mark_the_secrets_that_this_test_knows():
    assert {
        variable.name for process in OURS for variable in environments.listed(process) if variable.is_secret
    } == SECRETS


@pytest.mark.parametrize("process", OURS)
def test_a_secret_is_a_path_in_the_folder_that_the_process_alone_has(process):
    for variable in environments.listed(process):
        if variable.is_secret:
            assert environment(process)[variable.name].startswith("/run/countersign/own/")
    own = {volume for volume in volumes(process) if volume.startswith("own-")}
    assert own <= {f"own-{process.removesuffix('_service')}"}


@pytest.mark.parametrize("process", OURS)
def test_no_process_is_told_of_another_s_secret(process):
    own = {variable.name for variable in environments.listed(process) if variable.is_secret}
    assert not (SECRETS - own) & set(environment(process))


def test_no_secret_stands_in_a_value_that_compose_gives():
    for process in OURS:
        for name, text in environment(process).items():
            assert name in SECRETS or not name.endswith(("_KEY", "_SECRET", "_TOKEN", "_PASSWORD"))
            assert "-----BEGIN" not in str(text)


def test_the_engine_is_started_as_make_run_starts_it(tmp_path):
    engine = Engine(4566, tmp_path, tmp_path, PAIR, hosts=("engine",), bind="0.0.0.0")
    wanted = engine.environment() | {"S3_DATA_DIR": "/var/lib/engine/objects", "STATE_DIR": "/var/lib/engine/state"}
    del wanted["PATH"]  # the image's own
    assert environment("engine") | dict(engine_share(PAIR).values) == wanted


def test_setup_has_a_reader_for_each_share(deployment, tmp_path):
    assert {share.process for share in shares(deployment, tmp_path)} | {"engine"} == set(READERS)


def test_every_process_that_has_a_list_is_in_compose():
    lists = {path.name.removesuffix(".env.example") for path in (REPOSITORY / "deploy/env").glob("*.env.example")}
    assert lists == set(OURS)
