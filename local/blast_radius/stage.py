"""What the attempts are about: a victim with a private and a public file, receipts, secrets, and things to spoil."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local import service_tokens
from local.blast_radius import people
from local.blast_radius.inside import Act, Intruder, Place, act
from local.blast_radius.outcomes import CAME_THROUGH
from local.blast_radius.people import Person, StageFailed
from local.blast_radius.running import OPERATOR, Running

Item = dict[str, Any]
# Whose secret is in which place of the stack's own: (file, path of names in it).
SECRETS = {
    "root's key": ("engine-root.json", ("secret_access_key",)),
    **{
        f"the {name} identity": ("deployment.json", ("access_keys", name, "secret_access_key"))
        for name in ("uploader", "reader", "remover", "metadata", "sweeper")
    },
    "metadata's grant key": ("grant-key-metadata.json", ("d",)),
    "the sweeper's grant key": ("grant-key-sweeper.json", ("d",)),
    "the receipt key": ("receipt-keys.json", ("keys", 0, "secret")),
}
HELD = {
    "metadata_service": {"the metadata identity", "metadata's grant key"},
    "sweeper": {"the sweeper identity", "the sweeper's grant key"},
    "signer_service": {"the uploader identity", "the reader identity", "the remover identity", "the receipt key"},
}


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that an attempt may need to name."""

    running: Running
    victim: Person
    mallory: Person
    expired: str = field(repr=False)
    public_pem: str
    upload_id: str
    resume: Item
    picture: Item
    receipt: str
    signed_in_receipt: str
    spoils: Item
    secrets: Mapping[str, str] = field(repr=False)
    made: list[Item] = field(default_factory=list)

    def service_token(self) -> str:
        """A token of an internal service; it lives for a minute, so ask again."""
        return service_tokens.mint(self.running.secrets, "demo")

    def fresh(self) -> Item:
        """An object of the victim's that is not there yet; `tidy` removes it."""
        self.made.append(self.picture | {"id": str(uuid.uuid4())})
        return self.made[-1]

    def tidy(self, intruder: Intruder) -> None:
        """Remove what controls made, and what an attempt would have that came through."""
        endpoint = self.running.engine
        removals = [act("s3", method="DELETE", target=self.path(one), endpoint=endpoint) for one in self.made]
        intruder.attempts(Place(self.running.members[OPERATOR]), removals)

    def not_held_by(self, name: str) -> dict[str, str]:
        """Every secret of the stack but those that the process must hold."""
        return {what: text for what, text in self.secrets.items() if what not in HELD.get(name, set())}

    def path(self, item: Item) -> str:
        """The object's path at the engine."""
        return f"/{self.running.deployment.bucket}/{_object_key(item)}"


def built(running: Running, intruder: Intruder) -> Stage:
    """Everything in its place, by the ways that honest clients and services go. Raises StageFailed."""
    victim, mallory = people.of(running, "blast-radius-victim"), people.of(running, "blast-radius-mallory")
    resume = victim.uploads("resume", "application/pdf", people.pdf())
    picture = _item_of(victim.uploads("profile_image", "image/jpeg", people.picture())["key"])
    spoils = picture | {"id": str(uuid.uuid4())}
    _place(running, intruder, spoils)
    publish = _published(running, intruder, victim, picture)
    return Stage(
        running=running,
        victim=victim,
        mallory=mallory,
        expired=people.expired(running, victim),
        public_pem=people.public_pem(running),
        upload_id=resume["upload_id"],
        resume=_item_of(resume["key"]),
        picture=picture,
        receipt=_stored_receipt(running, picture),
        signed_in_receipt=publish,
        spoils=spoils,
        secrets=_secrets(running),
        made=[spoils],
    )


def _item_of(object_key: str) -> Item:
    area, owner, category, name = object_key.split("/")
    stem, _, ext = name.rpartition(".")
    return {"area": area, "owner": owner, "category": category, "id": stem, "ext": ext}


def _object_key(item: Item) -> str:
    return f"users/{item['owner']}/{item['category']}/{item['id']}.{item['ext']}"


def _place(running: Running, intruder: Intruder, item: Item) -> None:
    """An object that may go."""
    target = f"/{running.deployment.bucket}/{_object_key(item)}"
    _done(running, intruder, OPERATOR, act("s3", method="PUT", target=target, endpoint=running.engine, body="spoils"))


def _published(running: Running, intruder: Intruder, victim: Person, picture: Item) -> str:
    """A receipt of the signer's for those signed in, asked for as metadata asks, with the victim's token."""
    item = {"op": "publish", **picture, "visibility": "signed_in", "until": 0}
    outcome = _done(
        running, intruder, "metadata_service", act("sign", items=[item], token=victim.token, caller=victim.sub)
    )
    return str(outcome)


def _done(running: Running, intruder: Intruder, name: str, wanted: Act) -> Any:
    (outcome,) = intruder.attempts(Place(running.members[name]), [wanted])
    if outcome.kind != CAME_THROUGH:
        raise StageFailed(f"{name}: {wanted.name}: {outcome.kind}: {outcome.told}")
    return outcome.got


def _stored_receipt(running: Running, picture: Item) -> str:
    """The picture's publication receipt, from where metadata keeps it."""
    deployment = running.deployment
    row = {"UserId": {"S": picture["owner"]}, "EntityType": {"S": f"OBJECT#{picture['category']}#{picture['id']}"}}
    table = deployment.client("dynamodb", "metadata")
    item = table.get_item(TableName=f"{deployment.table_prefix}media", Key=row).get("Item", {})
    if "receipt" not in item:
        raise StageFailed("the public picture has no receipt")
    return str(item["receipt"]["S"])


def _secrets(running: Running) -> dict[str, str]:
    return {name: _at(json.loads((running.secrets / file).read_text()), path) for name, (file, path) in SECRETS.items()}


def _at(content: Any, path: tuple[Any, ...]) -> str:
    for part in path:
        content = content[part]
    return str(content)
