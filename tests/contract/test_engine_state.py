"""What the engine keeps over a kill -9, and what deploying makes and keeps."""

import json
import os
import shutil
import stat
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
import yaml

from local import deploy as deploying
from local import users
from local.deploy import Deployment, deploy
from local.engine import Engine
from tests.contract.engine_wire import JPEG, ORIGIN, Wire, an_object_key


class Kept:
    """An engine that is killed and started again, with what is deployed to it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.start()
        self.deployment = self.deploy()
        self.wire = Wire(self.deployment, engine.port)

    def start(self) -> None:
        self.engine.start()
        self.engine.wait_ready()

    def deploy(self, template: Path = deploying.TEMPLATE) -> Deployment:
        record, root = self.engine.state_dir / "deployment.json", self.engine.root_credentials
        return deploy(self.engine.endpoint, root, record, cors_origins=[ORIGIN], template=template)

    def crash(self) -> None:
        """kill -9, and a start."""
        self.engine.kill()
        self.start()

    def saved(self, name: str, change: Callable[[], object]) -> None:
        """Make a change, and wait until it is saved: within the second that is promised."""
        path = self.engine.state_dir / "state" / f"{name}.json"
        before = path.stat().st_mtime_ns if path.exists() else 0
        change()
        deadline = time.monotonic() + 1.0
        while not path.exists() or path.stat().st_mtime_ns == before:
            assert time.monotonic() < deadline, f"{name} was not saved within a second"
            time.sleep(0.01)

    def put(self, number: int) -> None:
        item = {"user_id": {"S": f"u{number}"}, "n": {"N": str(number)}}
        self.tables.put_item(TableName="countersign-users", Item=item)

    @property
    def tables(self) -> Any:
        return self.deployment.client("dynamodb", "metadata")

    def users(self) -> set[int]:
        pages = self.deployment.client("dynamodb").get_paginator("scan").paginate(TableName="countersign-users")
        return {int(item["n"]["N"]) for page in pages for item in page["Items"]}


@pytest.fixture(scope="module")
def kept(new_engine: Callable[..., Engine]) -> Kept:
    return Kept(new_engine())


def test_every_answered_write_to_a_table_survives_a_kill(kept: Kept) -> None:
    base, answered = 1000, list[int]()

    def write(first: int) -> None:
        try:
            for number in range(first, first + 1000):
                kept.put(number)
                answered.append(number)
        except Exception:  # the engine was killed in the middle
            return

    threads = [threading.Thread(target=write, args=(base + 1000 * index,)) for index in range(3)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 20
    while len(answered) < 60:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    kept.engine.kill()
    for thread in threads:
        thread.join()
    kept.start()
    missing = set(answered) - kept.users()
    assert not missing


def test_updates_deletes_and_transactions_are_done_again_in_order(kept: Kept) -> None:
    name, item = "countersign-media", {"UserId": {"S": str(uuid.uuid4())}, "EntityType": {"S": "PROFILE_PICTURE"}}
    gone = {**item, "EntityType": {"S": "CLEANUP#1"}}
    add = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    kept.tables.put_item(TableName=name, Item=item)
    kept.tables.put_item(TableName=name, Item=gone)
    for _ in range(5):
        kept.tables.update_item(TableName=name, Key=item, **add)
    kept.tables.delete_item(TableName=name, Key=gone)
    writes = [{"Update": {"TableName": name, "Key": item, **add}}]
    kept.tables.transact_write_items(TransactItems=writes, ClientRequestToken=str(uuid.uuid4()))
    for _ in range(2):  # a journal is done once, however often the engine dies
        kept.crash()
    assert kept.tables.get_item(TableName=name, Key=item)["Item"]["n"] == {"N": "6"}
    assert "Item" not in kept.tables.get_item(TableName=name, Key=gone)


def test_a_torn_end_of_the_journal_costs_that_entry_alone(kept: Kept) -> None:
    kept.put(1)
    kept.put(2)
    kept.engine.kill()
    journal = kept.engine.state_dir / "state" / "dynamodb.journal"
    os.truncate(journal, journal.stat().st_size - 3)
    kept.start()
    assert kept.users() & {1, 2} == {1}


def test_a_journal_of_another_snapshot_is_not_done(kept: Kept) -> None:
    kept.put(10)
    kept.engine.kill()
    snapshot = kept.engine.state_dir / "state" / "dynamodb.json"
    shutil.copyfile(snapshot, snapshot.with_name("copy"))
    snapshot.with_name("copy").replace(snapshot)
    kept.start()
    assert 10 not in kept.users()


def test_objects_versions_and_the_buckets_settings_survive_a_kill(kept: Kept) -> None:
    object_key, gone = an_object_key(), an_object_key()
    for name in (object_key, gone):
        assert kept.wire.use(kept.wire.presign("PUT", name), JPEG).status == 200
    assert kept.wire.use(kept.wire.presign("DELETE", gone, identity="remover")).status == 204
    s3, bucket = kept.deployment.client("s3"), kept.deployment.bucket
    before = [read(s3, bucket) for read in BUCKET_SETTINGS.values()]
    kept.crash()
    assert [read(s3, bucket) for read in BUCKET_SETTINGS.values()] == before
    assert kept.wire.use(kept.wire.presign("GET", object_key, identity="reader")).body == JPEG
    assert kept.wire.use(kept.wire.presign("GET", gone, identity="reader")).status == 404
    assert len(s3.list_object_versions(Bucket=bucket, Prefix=gone)["Versions"]) == 1


def test_people_and_the_pools_keys_survive_a_kill(kept: Kept) -> None:
    pool, name = kept.deployment, f"user-{uuid.uuid4()}"
    kept.saved("cognito", lambda: users.token(pool, name))
    token = users.token(pool, name)
    keys = jwt.PyJWKClient(pool.jwks_url)
    kept.crash()
    claims = jwt.decode(token, keys.get_signing_key_from_jwt(token), algorithms=["RS256"])
    again = jwt.decode(users.token(pool, name), options={"verify_signature": False})
    assert claims["sub"] == again["sub"]


def test_identities_survive_a_kill(kept: Kept) -> None:
    made = Deployment.read(kept.engine.state_dir / "deployment.json").access_keys
    kept.saved("iam", lambda: kept.deployment.client("iam").create_user(UserName=f"u-{uuid.uuid4()}"))
    kept.crash()
    assert kept.wire.use(kept.wire.presign("PUT", an_object_key(), identity=made["uploader"]), JPEG).status == 200


def test_a_stop_in_good_order_keeps_everything(kept: Kept) -> None:
    kept.put(20)
    users.token(kept.deployment, "stopped")
    kept.engine.stop()
    kept.start()
    assert 20 in kept.users()
    assert users.token(kept.deployment, "stopped")


def test_deploying_again_after_a_kill_changes_nothing(kept: Kept) -> None:
    kept.put(30)
    kept.crash()
    assert kept.deploy() == kept.deployment
    assert 30 in kept.users()


# ---- Deploying


def test_deploying_again_keeps_keys_records_and_objects(kept: Kept) -> None:
    object_key = an_object_key()
    assert kept.wire.use(kept.wire.presign("PUT", object_key), JPEG).status == 200
    kept.put(40)
    record = kept.engine.state_dir / "deployment.json"
    changed = deploy(kept.engine.endpoint, kept.engine.root_credentials, record, cors_origins=["http://other.test"])
    assert changed == kept.deployment
    cors = kept.deployment.client("s3").get_bucket_cors(Bucket=kept.deployment.bucket)
    assert cors["CORSRules"][0]["AllowedOrigins"] == ["http://other.test"]
    assert kept.deploy() == kept.deployment
    assert 40 in kept.users()
    assert kept.wire.use(kept.wire.presign("GET", object_key, identity="reader")).body == JPEG


def test_with_the_record_lost_the_old_keys_end(kept: Kept) -> None:
    record, kept_aside = kept.engine.state_dir / "deployment.json", kept.engine.state_dir / "aside.json"
    record.rename(kept_aside)
    old = kept.deployment.access_keys["reader"]
    kept.deployment = kept.deploy()
    kept.wire = Wire(kept.deployment, kept.engine.port)
    assert kept.wire.use(kept.wire.presign("GET", an_object_key(), identity=old)).status == 403
    assert kept.wire.use(kept.wire.presign("GET", an_object_key(), identity="reader")).status == 404


def test_the_record_is_its_owners_alone_and_reads_back(kept: Kept) -> None:
    record = kept.engine.state_dir / "deployment.json"
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert Deployment.read(record) == kept.deployment
    secrets = [pair.secret_access_key for pair in kept.deployment.access_keys.values()]
    assert not any(secret in repr(kept.deployment) for secret in secrets)


def test_what_the_engine_refuses_is_said(kept: Kept, tmp_path: Path) -> None:
    template = tmp_path / "core.yaml"
    template.write_text(deploying.TEMPLATE.read_text().replace("Type: AWS::DynamoDB::Table", "Type: AWS::Oak::Table"))
    with pytest.raises(deploying.DeploymentFailed, match="AWS::Oak::Table"):
        kept.deploy(template)
    assert kept.deploy() == kept.deployment


# ---- What stands there is what the template says

BUCKET_SETTINGS: dict[str, Callable[[Any, str], Any]] = {
    "versioning": lambda s3, bucket: s3.get_bucket_versioning(Bucket=bucket)["Status"],
    "access": lambda s3, bucket: s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"],
    "ownership": lambda s3, bucket: s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"],
    "encryption": lambda s3, bucket: s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"],
    "lifecycle": lambda s3, bucket: s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"],
    "cors": lambda s3, bucket: s3.get_bucket_cors(Bucket=bucket)["CORSRules"],
    "policy": lambda s3, bucket: json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]),
}


def test_the_bucket_is_private_kept_and_swept(deployment: Deployment) -> None:
    s3 = deployment.client("s3")
    found = {name: read(s3, deployment.bucket) for name, read in BUCKET_SETTINGS.items()}
    assert found["versioning"] == "Enabled"
    assert list(found["access"].values()) == [True] * 4
    assert found["ownership"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert found["encryption"]["Rules"][0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    rules = {rule["ID"]: rule for rule in found["lifecycle"]}
    assert (rules["incoming-expires"]["Filter"], rules["incoming-expires"]["Expiration"]["Days"]) == (
        {"Prefix": "incoming/"},
        1,
    )
    assert rules["old-versions-go"]["NoncurrentVersionExpiration"]["NoncurrentDays"] == 30
    assert rules["old-versions-go"]["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 2
    assert {statement["Effect"] for statement in found["policy"]["Statement"]} == {"Deny"}


TABLES: dict[str, tuple[list[str], list[str]]] = {
    "users": (["user_id"], ["email-index"]),
    "profiles": (["username"], ["user_id-index"]),
    "links": (["user_id", "link_id"], []),
    "photos": (["userId", "uploadedAt"], []),
    "media": (["UserId", "EntityType"], ["due-index"]),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_as_declared(deployment: Deployment, name: str) -> None:
    client = deployment.client("dynamodb")
    table = client.describe_table(TableName=deployment.table_prefix + name)["Table"]
    attributes, indexes = TABLES[name]
    assert [part["AttributeName"] for part in table["KeySchema"]] == attributes
    assert [index["IndexName"] for index in table.get("GlobalSecondaryIndexes", [])] == indexes
    assert table["DeletionProtectionEnabled"] is True
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    backups = client.describe_continuous_backups(TableName=table["TableName"])["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    lifetime = client.describe_time_to_live(TableName=table["TableName"])["TimeToLiveDescription"]
    assert lifetime.get("AttributeName") == ("ttl" if name in ("media", "users") else None)


def test_the_template_makes_no_access_key_and_keeps_what_it_holds() -> None:
    resources = yaml.load(deploying.TEMPLATE.read_text(), deploying._TemplateLoader)["Resources"]
    assert "AWS::IAM::AccessKey" not in {resource["Type"] for resource in resources.values()}
    for resource in resources.values():
        if resource["Type"] in {"AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::Cognito::UserPool"}:
            assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"
