"""Our signing of DynamoDB requests, held to botocore's over generated inputs."""

import datetime
from unittest import mock

import botocore.auth
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from metadata_service.store.credentials import Credentials
from metadata_service.store.sigv4 import HeaderSigner

SECRETS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)
REGIONS = st.sampled_from(["us-east-1", "eu-central-1", "ap-south-1"])
MOMENTS = st.integers(1_300_000_000, 4_000_000_000)
TARGETS = st.sampled_from(["GetItem", "TransactWriteItems", "Query"])


def botocore_headers(
    credentials: Credentials, region: str, host: str, headers: dict[str, str], body: bytes, now: int
) -> dict[str, str]:
    request = AWSRequest("POST", f"http://{host}/", headers=headers, data=body)
    moment = datetime.datetime.fromtimestamp(now, datetime.UTC)
    held = BotocoreCredentials(credentials.access_key_id, credentials.secret, credentials.token or None)
    with mock.patch.object(botocore.auth, "get_current_datetime", return_value=moment):
        SigV4Auth(held, "dynamodb", region).add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


@given(
    secret=SECRETS,
    token=st.one_of(st.just(""), SECRETS),
    region=REGIONS,
    host=st.sampled_from(["127.0.0.1:4566", "dynamodb.eu-central-1.amazonaws.com"]),
    target=TARGETS,
    body=st.binary(max_size=200),
    moments=st.lists(MOMENTS, min_size=1, max_size=3),
)
def test_headers_are_botocores(
    secret: str, token: str, region: str, host: str, target: str, body: bytes, moments: list[int]
) -> None:
    credentials = Credentials("AKIAIOSFODNN7EXAMPLE", secret, token)
    headers = {"content-type": "application/x-amz-json-1.0", "x-amz-target": f"DynamoDB_20120810.{target}"}
    signer = HeaderSigner("dynamodb", region)
    for now in moments:  # one signer over several days: its kept key must be the day's
        ours = signer.headers(credentials, host, headers, body, now)
        assert ours == botocore_headers(credentials, region, host, headers, body, now)


def test_the_kept_key_goes_with_the_secret() -> None:
    signer = HeaderSigner("dynamodb", "us-east-1")
    first, second = (Credentials("AKIAIOSFODNN7EXAMPLE", secret) for secret in ("one", "two"))
    signer.headers(first, "host", {}, b"", 1_500_000_000)
    assert signer.headers(second, "host", {}, b"", 1_500_000_000) == botocore_headers(
        second, "us-east-1", "host", {}, b"", 1_500_000_000
    )
