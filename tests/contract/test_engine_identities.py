"""The identities of core.yaml: each can do its own work, and nothing else."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.deploy import Deployment
from tests.contract.engine_wire import JPEG, Wire, an_object_key

Call = Callable[[Deployment, str], object]
OBJECT_KEY = "users/ann/profile/11111111-1111-4111-8111-111111111111.jpg"
INCOMING = f"incoming/{OBJECT_KEY}"


@pytest.fixture(scope="module", autouse=True)
def _an_object(wire: Wire) -> None:
    for object_key in (OBJECT_KEY, INCOMING):
        assert wire.use(wire.presign("PUT", object_key), JPEG).status == 200


def s3(operation: str, **arguments: Any) -> Call:
    """A call by boto3, on the deployment's bucket."""

    def call(deployment: Deployment, identity: str) -> object:
        bucket = {} if operation == "list_buckets" else {"Bucket": deployment.bucket}
        return getattr(deployment.client("s3", identity), operation)(**bucket, **arguments)

    return call


def in_parts(operation: str, object_key: str = INCOMING, **arguments: Any) -> Call:
    """A call by boto3, on an upload in parts that root has begun."""

    def call(deployment: Deployment, identity: str) -> object:
        named = {"Bucket": deployment.bucket, "Key": object_key}
        begun = deployment.client("s3").create_multipart_upload(**named)
        return getattr(deployment.client("s3", identity), operation)(**named, UploadId=begun["UploadId"], **arguments)

    return call


def table(operation: str, name: str, **arguments: Any) -> Call:
    """A call by boto3, on one of the deployment's tables."""

    def call(deployment: Deployment, identity: str) -> object:
        client = deployment.client("dynamodb", identity)
        return getattr(client, operation)(TableName=deployment.table_prefix + name, **arguments)

    return call


def transact(*writes: tuple[str, str, dict[str, Any]]) -> Call:
    """A transaction: for each write its kind, its table and its arguments."""

    def call(deployment: Deployment, identity: str) -> object:
        items: Any = [
            {kind: {"TableName": deployment.table_prefix + name, **arguments}} for kind, name, arguments in writes
        ]
        return deployment.client("dynamodb", identity).transact_write_items(TransactItems=items)

    return call


USER = {"user_id": {"S": "ann"}}
PROFILE = {"username": {"S": "ann"}}
LINK = {"user_id": {"S": "ann"}, "link_id": {"S": "1"}}
PHOTO = {"userId": {"S": "ann"}, "uploadedAt": {"N": "1"}}
MEDIA = {"UserId": {"S": "ann"}, "EntityType": {"S": "CLEANUP#1"}}
KEYS = {"users": USER, "profiles": PROFILE, "links": LINK, "photos": PHOTO, "media": MEDIA}
DUE = {
    "IndexName": "due-index",
    "KeyConditionExpression": "#s = :s AND due < :d",
    "ExpressionAttributeNames": {"#s": "shard"},
    "ExpressionAttributeValues": {":s": {"S": "0"}, ":d": {"N": "9"}},
}


def query(attribute: str, **more: Any) -> dict[str, Any]:
    return {"KeyConditionExpression": f"{attribute} = :v", "ExpressionAttributeValues": {":v": {"S": "ann"}}, **more}


MAY: dict[str, dict[str, Call]] = {
    "uploader": {
        "put-users": s3("put_object", Key=OBJECT_KEY, Body=JPEG),
        "put-incoming": s3("put_object", Key=INCOMING, Body=JPEG),
        "multipart-incoming": s3("create_multipart_upload", Key=INCOMING),
        "part-incoming": in_parts("upload_part", PartNumber=1, Body=JPEG),
        "parts-incoming": in_parts("list_parts"),
        "abort-incoming": in_parts("abort_multipart_upload"),
        "abort-users": in_parts("abort_multipart_upload", OBJECT_KEY),
    },
    "reader": {
        "get-users": s3("get_object", Key=OBJECT_KEY),
        "get-incoming": s3("get_object", Key=INCOMING),
        "head": s3("head_object", Key=OBJECT_KEY),
    },
    "remover": {
        "delete-users": s3("delete_object", Key="users/ann/profile/none.jpg"),
        "delete-incoming": s3("delete_object", Key="incoming/users/ann/profile/none.jpg"),
    },
    "metadata": {
        **{f"get-{name}": table("get_item", name, Key=item) for name, item in KEYS.items()},
        **{f"put-{name}": table("put_item", name, Item=item) for name, item in KEYS.items()},
        **{f"delete-{name}": table("delete_item", name, Key=item) for name, item in KEYS.items()},
        "query-links": table("query", "links", **query("user_id")),
        "query-photos": table("query", "photos", **query("userId")),
        "query-media": table("query", "media", **query("UserId")),
        "query-email-index": table("query", "users", **query("email", IndexName="email-index")),
        "query-user-id-index": table("query", "profiles", **query("user_id", IndexName="user_id-index")),
        "transact": transact(
            ("Put", "media", {"Item": MEDIA}),
            ("Update", "photos", {"Key": PHOTO, "UpdateExpression": "REMOVE a"}),
            ("Delete", "links", {"Key": LINK}),
            ("ConditionCheck", "users", {"Key": USER, "ConditionExpression": "attribute_not_exists(nothing)"}),
        ),
    },
    "sweeper": {
        "query-due": table("query", "media", **DUE),
        "get-media": table("get_item", "media", Key=MEDIA),
        "put-media": table("put_item", "media", Item=MEDIA),
        "delete-media": table("delete_item", "media", Key=MEDIA),
        "query-media": table("query", "media", **query("UserId")),
        "delete-photos": table("delete_item", "photos", Key=PHOTO),
        "delete-links": table("delete_item", "links", Key=LINK),
        "transact": transact(("Delete", "media", {"Key": MEDIA}), ("Delete", "photos", {"Key": PHOTO})),
    },
}

# Nobody's, whoever asks.
NEVER: dict[str, Call] = {
    "list-objects": s3("list_objects_v2"),
    "list-versions": s3("list_object_versions"),
    "list-uploads": s3("list_multipart_uploads"),
    "list-parts-users": in_parts("list_parts", OBJECT_KEY),
    "list-buckets": s3("list_buckets"),
    "put-elsewhere": s3("put_object", Key="elsewhere.jpg", Body=JPEG),
    "get-elsewhere": s3("get_object", Key="elsewhere.jpg"),
    "delete-elsewhere": s3("delete_object", Key="elsewhere.jpg"),
    "put-prefix-lookalike": s3("put_object", Key="usersann/x.jpg", Body=JPEG),
    "delete-version": s3("delete_object", Key=OBJECT_KEY, VersionId="null"),
    "get-policy": s3("get_bucket_policy"),
    "put-policy": s3("put_bucket_policy", Policy='{"Version": "2012-10-17", "Statement": []}'),
    "delete-policy": s3("delete_bucket_policy"),
    "put-versioning": s3("put_bucket_versioning", VersioningConfiguration={"Status": "Suspended"}),
    "put-acl": s3("put_object_acl", Key=OBJECT_KEY, ACL="public-read"),
    "tag": s3("put_object_tagging", Key=OBJECT_KEY, Tagging={"TagSet": []}),
    "delete-bucket": s3("delete_bucket"),
    **{f"scan-{name}": table("scan", name) for name in KEYS},
    **{f"delete-table-{name}": table("delete_table", name) for name in KEYS},
    "update-table": table("update_table", "media", DeletionProtectionEnabled=False),
    "backups-off": table(
        "update_continuous_backups", "media", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
    ),
    "list-tables": lambda on, who: on.client("dynamodb", who).list_tables(),
    "create-key": lambda on, who: on.client("iam", who).create_access_key(UserName="countersign-reader"),
    "list-users": lambda on, who: on.client("iam", who).list_users(),
    "pool-admin": lambda on, who: on.client("cognito-idp", who).list_users(UserPoolId=on.pool_id),
    "stacks": lambda on, who: on.client("cloudformation", who).describe_stacks(),
}

UPLOADS = {
    "put": s3("put_object", Key=OBJECT_KEY, Body=JPEG),
    "multipart": s3("create_multipart_upload", Key=INCOMING),
    "part": in_parts("upload_part", PartNumber=1, Body=JPEG),
    "parts": in_parts("list_parts"),
    "complete": in_parts("complete_multipart_upload", MultipartUpload={"Parts": [{"ETag": "0", "PartNumber": 1}]}),
    "abort": in_parts("abort_multipart_upload"),
}
READS = {"get": s3("get_object", Key=OBJECT_KEY), "head": s3("head_object", Key=OBJECT_KEY)}
REMOVALS = {"delete": s3("delete_object", Key=OBJECT_KEY), "delete-incoming": s3("delete_object", Key=INCOMING)}
RECORDS = {
    f"{do}-{name}": table(f"{do}_item", name, Key=item) for name, item in KEYS.items() for do in ("get", "delete")
}
COPY: dict[str, Call] = {
    "copy": lambda on, who: on.client("s3", who).copy_object(
        Bucket=on.bucket, Key=an_object_key(), CopySource={"Bucket": on.bucket, "Key": OBJECT_KEY}
    )
}

MAY_NOT: dict[str, dict[str, Call]] = {
    "uploader": {**READS, **REMOVALS, **RECORDS, **COPY, **NEVER},
    "reader": {**UPLOADS, **REMOVALS, **RECORDS, **COPY, **NEVER},
    "remover": {**UPLOADS, **READS, **RECORDS, **COPY, **NEVER},
    "metadata": {
        **UPLOADS,
        **READS,
        **REMOVALS,
        **COPY,
        **NEVER,
        "query-due": table("query", "media", **DUE),
        "query-users": table("query", "users", **query("user_id")),
    },
    "sweeper": {
        **UPLOADS,
        **READS,
        **REMOVALS,
        **COPY,
        **NEVER,
        **{f"get-{name}": table("get_item", name, Key=KEYS[name]) for name in KEYS if name != "media"},
        **{f"put-{name}": table("put_item", name, Item=KEYS[name]) for name in KEYS if name != "media"},
        **{f"delete-{name}": table("delete_item", name, Key=KEYS[name]) for name in ("users", "profiles")},
        "query-links": table("query", "links", **query("user_id")),
        "query-photos": table("query", "photos", **query("userId")),
        "query-email-index": table("query", "users", **query("email", IndexName="email-index")),
        "transact-profiles": transact(("Delete", "media", {"Key": MEDIA}), ("Delete", "profiles", {"Key": PROFILE})),
        "transact-users": transact(("ConditionCheck", "users", {"Key": USER, "ConditionExpression": "size(a) > 0"})),
    },
}


def rows(table_: dict[str, dict[str, Call]]) -> list[Any]:
    return [
        pytest.param(who, call, id=f"{who}-{name}") for who, calls in table_.items() for name, call in calls.items()
    ]


@pytest.mark.parametrize(("identity", "call"), rows(MAY))
def test_an_identity_can_do_its_work(deployment: Deployment, identity: str, call: Call) -> None:
    call(deployment, identity)


@pytest.mark.parametrize(("identity", "call"), rows(MAY_NOT))
def test_an_identity_can_do_nothing_else(deployment: Deployment, identity: str, call: Call) -> None:
    with pytest.raises(ClientError) as refusal:
        call(deployment, identity)
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] in {400, 403}
    assert refusal.value.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException", "403"}


def test_a_refused_transaction_writes_nothing(deployment: Deployment) -> None:
    item = {**MEDIA, "EntityType": {"S": "CLEANUP#refused"}}
    with pytest.raises(ClientError):
        transact(("Put", "media", {"Item": item}), ("Put", "users", {"Item": USER}))(deployment, "sweeper")
    found = deployment.client("dynamodb").get_item(TableName=deployment.table_prefix + "media", Key=item)
    assert "Item" not in found


def test_a_deactivated_key_is_refused(deployment: Deployment, wire: Wire) -> None:
    iam, pair = deployment.client("iam"), deployment.access_keys["reader"]
    signed = wire.presign("GET", OBJECT_KEY, identity="reader")
    user = deployment.table_prefix + "reader"
    iam.update_access_key(UserName=user, AccessKeyId=pair.access_key_id, Status="Inactive")
    try:
        assert wire.use(signed).status == 403
    finally:
        iam.update_access_key(UserName=user, AccessKeyId=pair.access_key_id, Status="Active")
    assert wire.use(signed).status == 200
