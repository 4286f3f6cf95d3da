"""Rows straight at S3, DynamoDB and IAM, past every service of ours."""

from local.blast_radius.attempts.attempt import Actor, Attempt, Cast, Try
from local.blast_radius.inside import Act, act
from local.blast_radius.stage import Stage

DENIED = "403 AccessDenied"
DENIED_RECORDS = "403 AccessDeniedException"
SCRATCH = "countersign-blast-radius"
# S3's four verbs, and the one identity that each is for; nobody lists.
HOLDERS = {"GET": "reader", "PUT": "uploader", "DELETE": "remover"}
SAYS = {
    "GET": "read the victim's private file from S3 itself",
    "PUT": "write an object to S3 itself",
    "DELETE": "delete an object from S3 itself",
    "LIST": "list the bucket",
}


def s3(stage: Stage, verb: str, holds: str = "own") -> Act:
    """A call of S3's."""
    if verb == "LIST":
        target = f"/{stage.running.deployment.bucket}?list-type=2"
        return act("s3", method="GET", target=target, endpoint=stage.running.engine, holds=holds)
    targets = {"GET": lambda: stage.path(stage.resume), "DELETE": lambda: stage.path(stage.spoils)}
    target_of = targets.get(verb, lambda: stage.path(stage.fresh()))
    body = "spoils" if verb == "PUT" else ""
    return act("s3", method=verb, target=target_of, endpoint=stage.running.engine, holds=holds, body=body)


def s3_by_holder(stage: Stage, cast: Cast, verb: str) -> Try:
    """The same by the identity that it is for, or by the operator where it is nobody's."""
    if verb == "LIST":
        return cast.operator.does(s3(stage, verb))
    return cast.signer_abroad.does(s3(stage, verb, HOLDERS[verb]))


def on_s3(stage: Stage, cast: Cast, actor: Actor, holds: str = "own") -> list[Attempt]:
    """A row for each of S3's verbs."""
    return [
        actor.attempt(
            f"s3-{verb.lower()}", SAYS[verb], DENIED, [s3(stage, verb, holds)], s3_by_holder(stage, cast, verb)
        )
        for verb in SAYS
    ]


def record(stage: Stage, operation: str, table: str, holds: str = "own") -> Act:
    """A call of DynamoDB's on a table: GetItem, Scan, DeleteTable."""
    keys = {
        "users": {"user_id": {"S": stage.victim.sub}},
        "profiles": {"username": {"S": "victim"}},
        "links": {"user_id": {"S": stage.victim.sub}, "link_id": {"S": "1"}},
        "photos": {"userId": {"S": stage.victim.sub}, "uploadedAt": {"N": "1"}},
        "media": {"UserId": {"S": stage.victim.sub}, "EntityType": {"S": "PROFILE_PICTURE"}},
    }
    arguments: dict[str, object] = {"TableName": stage.running.deployment.table_prefix + table}
    if operation == "GetItem":
        arguments |= {"Key": keys[table]}
    return act("dynamodb", operation=operation, endpoint=stage.running.engine, arguments=arguments, holds=holds)


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
