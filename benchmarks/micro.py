"""The rows that need no server: presigning in this process, boto3's way and ours, on operations already checked."""

import uuid

import boto3
from botocore.config import Config

from benchmarks.rounds import Row, Side
from signer_service.presign import Bucket, Identity, Presigner
from signer_service.schemas import Item, item

REGION, BUCKET, BATCH = "eu-central-1", "countersign-media", 100
ACCESS_KEY, SECRET = "AKIABENCHMARKXXXXXXX", "not/a/secret/for/benchmarks/only/EXAMPLE"
ISSUED_AT, LIFE = 1_790_000_000, 300


def reading(owner: str = "alice") -> Item:
    """A reading of one picture, checked as the signer checks it."""
    named = {"area": "users", "owner": owner, "category": "photos", "id": str(uuid.uuid4()), "ext": "jpg"}
    return item({"op": "get", **named, "expires_at": ISSUED_AT + LIFE})


def rows() -> list[Row]:
    """One URL, and a hundred."""
    # Regional and SigV4, as the signer signs; without these boto3 takes SigV2, and a host that redirects.
    settings = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
    client = boto3.client(
        "s3",
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET,
        config=settings,
        endpoint_url=f"https://s3.{REGION}.amazonaws.com",
    )
    presigner = Presigner(Identity(ACCESS_KEY, SECRET), Bucket.at(BUCKET, REGION, ""))
    by_grant = f"x-countersign-grant={uuid.uuid4()}"
    one, hundred = reading(), [reading() for _ in range(BATCH)]

    def theirs(wanted: Item) -> str:
        named = {"Bucket": BUCKET, "Key": wanted.object_key()}
        url: str = client.generate_presigned_url("get_object", Params=named, ExpiresIn=LIFE)
        return url

    def ours(wanted: Item) -> str:
        return presigner.url("GET", wanted.object_key(), at=ISSUED_AT, expires=LIFE, headers={}, query=by_grant)

    return [
        Row("presign one, boto3's to ours", Side(lambda: theirs(one)), Side(lambda: ours(one)), 1_000, 30),
        Row(
            "presign 100, boto3's to ours",
            Side(lambda: [theirs(wanted) for wanted in hundred]),
            Side(lambda: [ours(wanted) for wanted in hundred]),
            10,
            50,
        ),
    ]
