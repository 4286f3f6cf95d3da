"""Deploys `deploy/cloudformation/core.yaml` to the embedded engine, and keeps what came of it.

Running it again keeps every record, object and access key. What the engine's CloudFormation leaves out (lifecycle,
encryption, ownership, time to live, point-in-time recovery) is set through its API, from the same template.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import yaml
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError

from local.engine import REGION, AccessKey

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_iam.client import IAMClient

TEMPLATE = Path(__file__).parent.parent / "deploy" / "cloudformation" / "core.yaml"
STACK = "countersign"
IDENTITIES = ("uploader", "reader", "remover", "metadata", "sweeper")


class DeploymentFailed(Exception):
    """The engine did not take the template; the message has its reasons."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """What stands on the engine, and the keys to it.

    `access_keys` are those of the identities by name; `root` may do anything, and is for set-up and tests alone.
    """

    endpoint: str
    region: str
    bucket: str
    table_prefix: str
    pool_id: str
    client_id: str
    issuer: str
    root: AccessKey
    access_keys: Mapping[str, AccessKey]

    @property
    def jwks_url(self) -> str:
        """Where the engine serves the pool's keys. The issuer names an address of AWS's instead."""
        return f"{self.endpoint}/{self.pool_id}/.well-known/jwks.json"

    def client(self, service: Any, identity: str | None = None) -> Any:
        """A boto3 client for the engine, as root or as one of the identities."""
        signer = self.root if identity is None else self.access_keys[identity]
        return client(service, self.endpoint, signer)

    def write(self, path: Path) -> None:
        """Write the deployment, keys included, to a file that only its owner can read; all of it or nothing."""
        draft = path.with_name(path.name + ".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(asdict(self), file, indent=1)
        draft.replace(path)

    @classmethod
    def read(cls, path: Path) -> "Deployment":
        """The deployment that `write` wrote; raises FileNotFoundError where there is none."""
        fields = json.loads(path.read_text())
        fields["root"] = AccessKey(**fields["root"])
        fields["access_keys"] = {name: AccessKey(**pair) for name, pair in fields["access_keys"].items()}
        return cls(**fields)


@lru_cache(maxsize=64)  # making one costs half a second; they may be shared between threads
def client(service: Any, endpoint: str, signer: AccessKey) -> Any:
    """A boto3 client for the engine that signs with `signer`: SigV4, path style, no proxy, nothing from ~/.aws."""
    session = boto3.Session(signer.access_key_id, signer.secret_access_key, region_name=REGION)
    config = Config(signature_version="s3v4", s3={"addressing_style": "path"}, proxies={})
    return session.client(service, endpoint_url=endpoint, config=config if service == "s3" else Config(proxies={}))


def deploy(
    endpoint: str,
    root: AccessKey,
    record: Path,
    *,
    cors_origins: Sequence[str],
    prefix: str = "countersign-",
    template: Path = TEMPLATE,
) -> Deployment:
    """Bring the engine at `endpoint` to what the template says, and return what stands there.

    `record` is the file that keeps the access keys from one run to the next. Raises DeploymentFailed.
    """
    body = template.read_text()
    outputs = _stack_outputs(client("cloudformation", endpoint, root), body, prefix, cors_origins)
    deployment = Deployment(
        endpoint=endpoint,
        region=REGION,
        bucket=outputs["BucketName"],
        table_prefix=outputs["TablePrefix"],
        pool_id=outputs["UserPoolId"],
        client_id=outputs["UserPoolClientId"],
        issuer=outputs["TokenIssuer"],
        root=root,
        access_keys=_access_keys(client("iam", endpoint, root), outputs, _kept_keys(record)),
    )
    _set_what_the_engine_ignores(deployment, template_properties(body))
    deployment.write(record)
    return deployment


def _stack_outputs(
    stacks: "CloudFormationClient", body: str, prefix: str, cors_origins: Sequence[str]
) -> dict[str, str]:
    parameters = {
        "Prefix": prefix,
        "CorsOrigins": ",".join(cors_origins),
        "RequireTls": "false",
        "UsernamesAreEmails": "false",
    }
    wanted: dict[str, Any] = {
        "StackName": STACK,
        "TemplateBody": body,
        "Parameters": [{"ParameterKey": name, "ParameterValue": text} for name, text in parameters.items()],
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
    }
    try:
        _create_or_update(stacks, wanted)
    except ClientError as error:
        raise DeploymentFailed(f"the engine does not take the template: {error}") from error
    stack = stacks.describe_stacks(StackName=STACK)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def _create_or_update(stacks: "CloudFormationClient", wanted: dict[str, Any]) -> None:
    if _stack_exists(stacks):
        _update(stacks, wanted)
    else:
        stacks.create_stack(**wanted)
        _wait(stacks, "stack_create_complete")


def _stack_exists(stacks: "CloudFormationClient") -> bool:
    try:
        stacks.describe_stacks(StackName=STACK)
    except ClientError as error:
        if "does not exist" in str(error):
            return False
        raise
    return True


def _update(stacks: "CloudFormationClient", wanted: dict[str, Any]) -> None:
    try:
        stacks.update_stack(**wanted)
    except ClientError as error:
        if "No updates are to be performed" in str(error):
            return
        raise
    _wait(stacks, "stack_update_complete")


def _wait(stacks: "CloudFormationClient", state: Any) -> None:
    try:
        stacks.get_waiter(state).wait(StackName=STACK, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})
    except WaiterError:
        events = stacks.describe_stack_events(StackName=STACK)["StackEvents"]
        reasons = [event["ResourceStatusReason"] for event in events if event.get("ResourceStatusReason")]
        raise DeploymentFailed(f"the stack did not reach {state}: {'; '.join(reasons)}") from None


def _kept_keys(record: Path) -> Mapping[str, AccessKey]:
    try:
        return Deployment.read(record).access_keys
    except FileNotFoundError:
        return {}


def _access_keys(iam: "IAMClient", outputs: Mapping[str, str], kept: Mapping[str, AccessKey]) -> dict[str, AccessKey]:
    return {name: _access_key(iam, outputs[f"{name.title()}Name"], kept.get(name)) for name in IDENTITIES}


def _access_key(iam: "IAMClient", user: str, kept: AccessKey | None) -> AccessKey:
    known = {entry["AccessKeyId"] for entry in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]}
    if kept is not None and kept.access_key_id in known:
        return kept
    # Keys whose secrets were lost with the record are of no use to anybody but a thief.
    for access_key_id in known:
        iam.delete_access_key(UserName=user, AccessKeyId=access_key_id)
    made = iam.create_access_key(UserName=user)["AccessKey"]
    return AccessKey(made["AccessKeyId"], made["SecretAccessKey"])


class _TemplateLoader(yaml.SafeLoader):
    """Reads a template's plain values; what only CloudFormation can work out (!Sub, !Ref …) becomes None."""


_TemplateLoader.add_multi_constructor("!", lambda loader, suffix, node: None)


def template_properties(body: str) -> dict[str, dict[str, Any]]:
    """The properties of each resource in a template, by its logical name."""
    resources = yaml.load(body, _TemplateLoader)["Resources"]  # noqa: S506 - a subclass of SafeLoader
    return {name: resource["Properties"] for name, resource in resources.items()}


def _set_what_the_engine_ignores(deployment: Deployment, properties: dict[str, dict[str, Any]]) -> None:
    _set_bucket_rules(deployment.client("s3"), deployment.bucket, properties["Bucket"])
    tables = deployment.client("dynamodb")
    for short_name in ("users", "profiles", "links", "photos", "media"):
        _set_table_rules(tables, deployment.table_prefix + short_name, properties[f"{short_name.title()}Table"])


def _set_bucket_rules(s3: Any, bucket: str, properties: dict[str, Any]) -> None:
    s3.put_bucket_lifecycle_configuration(
        Bucket=bucket,
        LifecycleConfiguration={
            "Rules": [lifecycle_rule(rule) for rule in properties["LifecycleConfiguration"]["Rules"]]
        },
    )
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=properties["OwnershipControls"])
    encryption = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    s3.put_bucket_encryption(
        Bucket=bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [
                {"ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"]} for rule in encryption
            ]
        },
    )


def lifecycle_rule(declared: Mapping[str, Any]) -> dict[str, Any]:
    """A lifecycle rule as the S3 API spells it, from one as CloudFormation does."""
    rule: dict[str, Any] = {
        "ID": declared["Id"],
        "Status": declared["Status"],
        "Filter": {"Prefix": declared.get("Prefix", "")},
    }
    expiration = {
        "Days": declared.get("ExpirationInDays"),
        "ExpiredObjectDeleteMarker": declared.get("ExpiredObjectDeleteMarker"),
    }
    if expiration := {name: value for name, value in expiration.items() if value is not None}:
        rule["Expiration"] = expiration
    for name in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
        if name in declared:
            rule[name] = declared[name]
    return rule


def _set_table_rules(tables: Any, name: str, properties: dict[str, Any]) -> None:
    tables.update_continuous_backups(
        TableName=name, PointInTimeRecoverySpecification=properties["PointInTimeRecoverySpecification"]
    )
    lifetime = properties.get("TimeToLiveSpecification")
    now = tables.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"]
    if lifetime and now == "DISABLED":  # switching it on twice is an error
        tables.update_time_to_live(TableName=name, TimeToLiveSpecification=lifetime)
