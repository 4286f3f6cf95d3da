"""What the attempts are about: a victim with a private and a public file, receipts, secrets, and things to spoil."""

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local import service_tokens
from local.blast_radius import people, receipts
from local.blast_radius.inside import Intruder, Place, act
from local.blast_radius.intruder.signing import CONTENT
from local.blast_radius.outcomes import CAME_THROUGH
from local.blast_radius.people import Person, StageFailed
from local.blast_radius.running import Running

Item = dict[str, Any]
SERVICE = "demo"
GONE_SECONDS = 60.0
# Whose secret is in which place of the stack's own: (file, path of names in it, or the number of a line).
SECRETS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "root's key": ("engine-root.json", ("secret_access_key",)),
    **{
        f"the {name} identity": ("deployment.json", ("access_keys", name, "secret_access_key"))
        for name in ("uploader", "reader", "remover", "metadata", "sweeper")
    },
    "metadata's grant key": ("grant-key-metadata.json", ("d",)),
    "the sweeper's grant key": ("grant-key-sweeper.json", ("d",)),
    "the receipt key": ("receipt-keys.json", ("keys", 0, "secret")),
    "a service's key": (f"service-{SERVICE}.pem", (1,)),
}
HELD = {
    "metadata_service": {"the metadata identity", "metadata's grant key"},
    "sweeper": {"the sweeper identity", "the sweeper's grant key"},
    "signer_service": {"the uploader identity", "the reader identity", "the remover identity", "the receipt key"},
}


@dataclass(frozen=True, slots=True)
class Erased:
    """Somebody whose account is no more: their token, and what a break-in before had copied of their picture."""

    person: Person
    picture: Item
    receipt: str


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that an attempt may need to name. `receipts`: of the picture and (`link`, `ended_link`) the resume."""

    running: Running
    victim: Person
    mallory: Person
    erased: Erased
    expired: str = field(repr=False)
    ended_service_token: str = field(repr=False)
    public_pem: str
    upload_id: str
    resume: Item
    picture: Item
    hers: str
    receipts: Mapping[str, str]
    spoils: Item
    secrets: Mapping[str, str] = field(repr=False)
    made: list[Item] = field(default_factory=list)

    def service_token(self, scope: str | None = None) -> str:
        """A token of an internal service; it lives for a minute, so ask again."""
        return service_tokens.mint(self.running.secrets, SERVICE, scope)

    def fresh(self, **changed: str) -> Item:
        """An object, the victim's where nothing else is said, that is not there yet; `tidy` removes it."""
        self.made.append(self.picture | {"id": str(uuid.uuid4())} | changed)
        return self.made[-1]

    def begun(self, **changed: str) -> Item:
        """An upload in parts, of which the first has come; `tidy` removes it."""
        item, s3 = self.fresh(area="incoming", category="photos", **changed), self.running.deployment.client("s3")
        where = self.place(item)
        upload_id = s3.create_multipart_upload(**where)["UploadId"]
        s3.upload_part(**where, UploadId=upload_id, PartNumber=1, Body=CONTENT.encode())
        return item | {"upload_id": upload_id}

    def tidy(self) -> None:
        """Remove what controls made, and what an attempt would have that came through."""
        s3, bucket = self.running.deployment.client("s3"), self.running.deployment.bucket
        for person in (self.victim, self.mallory):
            begun = s3.list_multipart_uploads(Bucket=bucket, Prefix=f"incoming/users/{person.sub}/")
            for upload in begun.get("Uploads", ()):
                s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        for one in self.made:
            s3.delete_object(**self.place(one))

    def not_held_by(self, name: str) -> dict[str, str]:
        """Every secret of the stack but those that the process must hold."""
        return {what: text for what, text in self.secrets.items() if what not in HELD.get(name, set())}

    def place(self, item: Item) -> dict[str, str]:
        """Where S3 has the object."""
        return _place(self.running, item)

    def path(self, item: Item) -> str:
        """The object's path at the engine."""
        return "/{Bucket}/{Key}".format(**self.place(item))


def built(running: Running, intruder: Intruder) -> Stage:
    """Everything in its place, by the ways that honest clients and services go. Raises StageFailed."""
    victim, mallory = people.of(running, "blast-radius-victim"), people.of(running, "blast-radius-mallory")
    erased = _erased(running, mallory)
    resume = victim.uploads("resume", "application/pdf", people.pdf())
    private = _item_of(resume["key"])
    picture = _item_of(victim.uploads("profile_image", "image/jpeg", people.picture())["key"])
    spoils = picture | {"id": str(uuid.uuid4())}
    running.deployment.client("s3").put_object(**_place(running, spoils), Body=b"spoils")
    token = service_tokens.mint(running.secrets, SERVICE)
    _await_gone(running, erased)
    return Stage(
        running=running,
        victim=victim,
        mallory=mallory,
        erased=erased,
        expired=people.expired(running, victim),
        ended_service_token=people.ended(token, service_tokens.service_key(running.secrets, SERVICE)),
        public_pem=people.public_pem(running),
        upload_id=resume["upload_id"],
        resume=private,
        picture=picture,
        hers=mallory.uploads("profile_image", "image/jpeg", people.picture())["key"],
        receipts={
            "public": _stored_receipt(running, picture),
            "signed_in": _published(running, intruder, victim, picture, visibility="signed_in", until=0),
            "link": _published(running, intruder, victim, private, visibility="link", until_in=3_000),
            "ended_link": _ended_link(running, private),
        },
        spoils=spoils,
        secrets={name: _secret(running, *where) for name, where in SECRETS.items()},
        made=[spoils],
    )


def _item_of(object_key: str) -> Item:
    area, owner, category, name = object_key.split("/")
    stem, _, ext = name.rpartition(".")
    return {"area": area, "owner": owner, "category": category, "id": stem, "ext": ext}


def _place(running: Running, item: Item) -> dict[str, str]:
    prefix = "users" if item["area"] == "users" else "incoming/users"
    object_key = f"{prefix}/{item['owner']}/{item['category']}/{item['id']}.{item['ext']}"
    return {"Bucket": running.deployment.bucket, "Key": object_key}


def _erased(running: Running, like: Person) -> Erased:
    person = people.passing(running, like)
    picture = _item_of(person.uploads("profile_image", "image/jpeg", people.picture())["key"])
    erased = Erased(person, picture, _stored_receipt(running, picture))
    person.erases()
    return erased


def _await_gone(running: Running, erased: Erased) -> None:
    """Until the sweeper has deleted the picture."""
    s3, place, deadline = running.deployment.client("s3"), _place(running, erased.picture), time.monotonic()
    while s3.list_objects_v2(Bucket=place["Bucket"], Prefix=place["Key"])["KeyCount"]:
        if time.monotonic() > deadline + GONE_SECONDS:
            raise StageFailed(f"an erased account's picture is still there after {GONE_SECONDS:.0f} s")
        time.sleep(0.1)


def _published(running: Running, intruder: Intruder, victim: Person, item: Item, **terms: Any) -> str:
    """A receipt of the signer's, asked for as metadata asks, with the victim's token."""
    asked = act("sign", items=[{"op": "publish", **item, **terms}], **victim.in_flight)
    (outcome,) = intruder.attempts(Place(running.members["metadata_service"]), [asked])
    if outcome.kind != CAME_THROUGH:
        raise StageFailed(f"no receipt: {outcome.kind}: {outcome.told}")
    return str(outcome.got)


def _stored_receipt(running: Running, picture: Item) -> str:
    """The picture's publication receipt, from where metadata keeps it."""
    deployment = running.deployment
    row = {"UserId": {"S": picture["owner"]}, "EntityType": {"S": f"OBJECT#{picture['category']}#{picture['id']}"}}
    table = deployment.client("dynamodb", "metadata")
    item = table.get_item(TableName=f"{deployment.table_prefix}media", Key=row).get("Item", {})
    if "receipt" not in item:
        raise StageFailed("the public picture has no receipt")
    return str(item["receipt"]["S"])


def _ended_link(running: Running, item: Item) -> str:
    """A link's receipt as it will be when it has ended: by the signer's real key, which root can read."""
    kid, secret = (_secret(running, "receipt-keys.json", ("keys", 0, name)) for name in ("kid", "secret"))
    return receipts.made(item, "link", int(time.time()) - 60, kid, secret)


def _secret(running: Running, file: str, path: tuple[Any, ...]) -> str:
    text = (running.secrets / file).read_text()
    content = text.splitlines() if file.endswith(".pem") else json.loads(text)
    for part in path:
        content = content[part]
    return str(content)
