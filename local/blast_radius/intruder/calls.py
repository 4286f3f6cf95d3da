"""Calls to AWS with credentials that a process holds, signed with Signature Version 4 (by headers)."""

import hashlib
import hmac
import json
import os
import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from local.blast_radius.intruder import wire
from local.blast_radius.intruder.refusals import Refused

Told = tuple[str, Any]


def s3(method: str, target: str, endpoint: str, holds: str = "own", body: str = "") -> Told:
    """A call of S3's: `target` is the path, with the query that lists or not."""
    return _came(_call("s3", method, endpoint, target, body.encode(), {}, holds))


def dynamodb(operation: str, endpoint: str, arguments: dict[str, Any], holds: str = "own", at_least: int = 0) -> Told:
    """A call of DynamoDB's, which a query is only where it finds `at_least` so many items."""
    headers = {"content-type": "application/x-amz-json-1.0", "x-amz-target": f"DynamoDB_20120810.{operation}"}
    answer = _call("dynamodb", "POST", endpoint, "/", json.dumps(arguments).encode(), headers, holds)
    if answer.is_good and at_least > answer.json().get("Count", 0):
        raise Refused("nothing found")
    return _came(answer)


def iam(action: str, endpoint: str, holds: str = "own", **arguments: str) -> Told:
    """A call of IAM's."""
    body = urlencode({"Action": action, "Version": "2010-05-08", **arguments}).encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return _came(_call("iam", "POST", endpoint, "/", body, headers, holds))


def _came(answer: wire.Answer) -> Told:
    if not answer.is_good:
        raise Refused(answer.told)
    return answer.told, None


def _pair(holds: str) -> tuple[str, str]:
    """The access key: this process's `own`, one of the signer's identities by name, or `nothing` to sign with."""
    if holds == "own" and "AWS_ACCESS_KEY_ID" in os.environ:
        return os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
    if holds == "own":
        profile = Path(os.environ["AWS_SHARED_CREDENTIALS_FILE"]).read_text(encoding="utf-8")
        found = dict(re.findall(r"^(\w+) = (\S+)$", profile, re.MULTILINE))
        return found["aws_access_key_id"], found["aws_secret_access_key"]
    identity = json.loads(Path(os.environ["IDENTITIES_DIR"], f"{holds}.json").read_bytes())
    return identity["access_key_id"], identity["secret_access_key"]


def _call(
    service: str, method: str, endpoint: str, target: str, body: bytes, headers: dict[str, str], holds: str
) -> wire.Answer:
    digest, stamp = hashlib.sha256(body).hexdigest(), time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    sent = {**headers, "host": urlsplit(endpoint).netloc, "x-amz-date": stamp, "x-amz-content-sha256": digest}
    if holds != "nothing":
        sent["authorization"] = _authorization(service, method, target, sent, digest, _pair(holds))
    return wire.send(method, endpoint, target, body, sent)


def _authorization(
    service: str, method: str, target: str, sent: dict[str, str], digest: str, pair: tuple[str, str]
) -> str:
    """AWS, "Create a signed AWS API request"; the query is one that needs no sorting."""
    path, _, query = target.partition("?")
    names, stamp = sorted(sent), sent["x-amz-date"]
    lines = [f"{name}:{sent[name]}" for name in names]
    canonical = "\n".join([method, quote(path), query, *lines, "", ";".join(names), digest])
    scope = f"{stamp[:8]}/{os.environ.get('AWS_REGION', 'us-east-1')}/{service}/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    derived = f"AWS4{pair[1]}".encode()
    for part in scope.split("/"):
        derived = hmac.digest(derived, part.encode(), "sha256")
    signature = hmac.digest(derived, to_sign.encode(), "sha256").hex()
    credential = f"{pair[0]}/{scope}"
    return f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={';'.join(names)}, Signature={signature}"
