"""Rows straight at S3, DynamoDB and IAM, past every service of ours."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from local.blast_radius.attempts.attempt import Actor, Attempt, Cast, Try
from local.blast_radius.inside import Act, act
from local.blast_radius.people import Person
from local.blast_radius.stage import Stage

DENIED = "403 AccessDenied"
DENIED_RECORDS = "403 AccessDeniedException"
SCRATCH = "countersign-blast-radius"
# What is done at S3 itself, and what each of the signer's identities is for; nobody lists.
SAYS = {
    "GET": "read the victim's private file from S3 itself",
    "PUT": "write an object to S3 itself",
    "DELETE": "delete an object from S3 itself",
    "PART": "send a part of an upload to S3 itself",
    "ABORT": "abort an upload in parts at S3 itself",
    "LIST": "list the bucket",
    "UPLOADS": "list the uploads in parts",
}
HOLDERS = {"reader": ("GET",), "uploader": ("PUT", "PART", "ABORT"), "remover": ("DELETE",)}
TABLES = {
    "users": ("user_id",),
    "profiles": ("username",),
    "links": ("user_id", "link_id"),
    "photos": ("userId", "uploadedAt"),
}
TABLES["media"] = ("UserId", "EntityType")


def s3(stage: Stage, verb: str, holds: str = "own") -> Act:
    """A call of S3's."""
    method = {"PART": "PUT", "ABORT": "DELETE"}.get(verb, "GET" if verb in ("LIST", "UPLOADS") else verb)
    body = "spoils" if method == "PUT" else ""
    target = lambda: _target(stage, verb)  # noqa: E731 - asked for anew each time that it is tried
    return act("s3", method=method, target=target, endpoint=stage.running.engine, holds=holds, body=body)


def _target(stage: Stage, verb: str) -> str:
    if verb in ("LIST", "UPLOADS"):
        return f"/{stage.running.deployment.bucket}?{'list-type=2' if verb == 'LIST' else 'uploads='}"
    if verb in ("PART", "ABORT"):
        upload = stage.begun()
        named = f"uploadId={quote(upload['upload_id'], safe='~')}"
        return f"{stage.path(upload)}?{'partNumber=2&' if verb == 'PART' else ''}{named}"
    return stage.path({"GET": stage.resume, "DELETE": stage.spoils}.get(verb) or stage.fresh())


def s3_by_holder(stage: Stage, cast: Cast, verb: str) -> Try:
    """The same by the identity that it is for, or by the operator where it is nobody's."""
    for holder, verbs in HOLDERS.items():
        if verb in verbs:
            return cast.signer_abroad.does(s3(stage, verb, holder))
    return cast.operator.does(s3(stage, verb))


def on_s3(stage: Stage, cast: Cast, actor: Actor) -> list[Attempt]:
    """A row for each of S3's verbs."""
    return [
        actor.attempt(f"s3-{verb.lower()}", says, DENIED, [s3(stage, verb)], s3_by_holder(stage, cast, verb))
        for verb, says in SAYS.items()
    ]


def record(stage: Stage, operation: str, table: str, holds: str = "own") -> Act:
    """A call of DynamoDB's on a table. What is written is nobody's; what is read is named by the victim's subject."""
    partition, *more = TABLES[table]
    is_read = operation in ("GetItem", "Query")
    row: dict[str, Any] = {partition: {"S": stage.victim.sub if is_read else SCRATCH}}
    row |= {name: {"N": "1"} if name == "uploadedAt" else {"S": "1"} for name in more}
    arguments: dict[str, dict[str, Any]] = {
        "GetItem": {"Key": row},
        "PutItem": {"Item": row},
        "UpdateItem": {
            "Key": row,
            "UpdateExpression": "SET spoils = :it",
            "ExpressionAttributeValues": {":it": {"S": "x"}},
        },
        "DeleteItem": {"Key": row},
        "Query": _of(partition, stage.victim.sub),
    }
    return _call(stage, operation, table, arguments.get(operation, {}), holds=holds)


def records(stage: Stage, operations: Iterable[str], tables: Iterable[str]) -> list[Act]:
    """Each of these calls on each of these tables."""
    return [record(stage, operation, table) for operation in operations for table in tables]


def files_of(stage: Stage, person: Person) -> Act:
    """Which objects the media table has of somebody, if any."""
    condition = "UserId = :it AND begins_with(EntityType, :objects)"
    values = {":it": {"S": person.sub}, ":objects": {"S": "OBJECT#"}}
    asked = {"KeyConditionExpression": condition, "ExpressionAttributeValues": values}
    return _call(stage, "Query", "media", asked, at_least=1)


def _of(partition: str, value: str) -> dict[str, Any]:
    return {"KeyConditionExpression": f"{partition} = :it", "ExpressionAttributeValues": {":it": {"S": value}}}


def _call(stage: Stage, operation: str, table: str, arguments: dict[str, Any], **more: Any) -> Act:
    named = {"TableName": stage.running.deployment.table_prefix + table, **arguments}
    return act("dynamodb", operation=operation, endpoint=stage.running.engine, arguments=named, **more)


def scratch_table(stage: Stage) -> list[Act]:
    """A table made and deleted, to show that deleting works for whoever may."""
    made = {
        "TableName": SCRATCH,
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    where = {"endpoint": stage.running.engine}
    return [
        act("dynamodb", operation="CreateTable", arguments=made, **where),
        act("dynamodb", operation="DeleteTable", arguments={"TableName": SCRATCH}, **where),
    ]


def on_iam(stage: Stage, cast: Cast, actor: Actor) -> Attempt:
    """A row: giving oneself more rights."""
    allow = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
    where, prefix = {"endpoint": stage.running.engine}, stage.running.deployment.table_prefix
    policy = {"PolicyName": "more", **where}
    more = [
        act("iam", action="CreateAccessKey", UserName=f"{prefix}uploader", **where),
        act("iam", action="PutUserPolicy", UserName=f"{prefix}{actor.name}", PolicyDocument=allow, **policy),
    ]
    control = [
        act("iam", action="CreateUser", UserName=SCRATCH, **where),
        act("iam", action="PutUserPolicy", UserName=SCRATCH, PolicyDocument=allow, **policy),
        act("iam", action="DeleteUserPolicy", UserName=SCRATCH, **policy),
        act("iam", action="DeleteUser", UserName=SCRATCH, **where),
    ]
    says = "mint itself an access key of the uploader's, or a policy, by IAM"
    return actor.attempt("iam", says, DENIED, more, cast.operator.does(*control))
