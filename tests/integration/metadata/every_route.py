"""Every route as somebody asks it who has one of everything: what the tests change one thing in.

By Flask's endpoint, as the service's own table of routes is: a new route fails them until it stands here.
"""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from marshmallow import Schema
from werkzeug.routing import Rule

from metadata_service.commands.interface.document import routed
from metadata_service.commands.interface.operations import method_of
from metadata_service.commands.interface.routes import ROUTES, Caller
from metadata_service.schemas.internal import SignGet, SignPut
from tests.integration.metadata.multipart_client import Companion
from tests.integration.uploads_stack import Answer, InternalService, Person, a_picture

RULES: dict[str, Rule] = {rule.endpoint: rule for rule in routed().url_map.iter_rules()}
PICTURE = {"file_type": "project_image", "content_type": "image/jpeg"}
SOMETHING = "users/nobody/photos/00000000-0000-4000-8000-000000000000.jpg"
"""A key in its form, of nobody's."""


@dataclass
class Holdings:
    """Somebody with one of everything, and an internal service with an upload of its own."""

    person: Person
    service: InternalService
    username: str
    link_id: str
    photo: Mapping[str, Any]
    """Complete."""
    sent: Mapping[str, Any]
    """Its bytes are there; of the category profile, which every route takes."""
    parts: Companion
    share_link_id: str
    of_service: Mapping[str, Any]

    @classmethod
    def made_by(cls, person: Person) -> "Holdings":
        """Has somebody, and a service that nobody has seen before, get all of it."""
        scopes = ("media:read", "media:write", "media:moderate", "hooks")
        service = InternalService(f"service-{uuid.uuid4()}", person.stack, person.client, " ".join(scopes))
        person.stack.register(service.name, scopes)
        username = "u" + person.sub.replace("-", "")[:20]
        assert person.ask("POST", "/profiles", json={"username": username, "title": "Before"}).status_code == 200
        link = person.ask("POST", "/links", json={"title": "Mine", "url": "https://mine.example/"})
        photo = person.has(a_picture(size=(40, 40)), file_type="photo")
        shared = person.ask("POST", "/share-links", json={"key": photo["key"], "expires_in": 600})
        sent, parts = person.upload(a_picture(size=(40, 40))), Companion.creates(person)
        [begun] = service.signed({"op": "put", **PICTURE})
        return cls(
            person, service, username, link.json["link"]["link_id"], photo, sent, parts, shared.json["id"], begun
        )

    def in_paths(self) -> dict[str, str]:
        """What stands in paths, by the parameter's name."""
        return {
            "username": self.username,
            "upload_id": self.sent["upload_id"],
            "file_type": "photo",
            "multipart_id": self.parts.multipart_id,
            "number": "1",
            "share_link_id": self.share_link_id,
            "link_id": self.link_id,
            "image_id": self.photo["upload_id"],
            "text": self.photo["key"],
        }

    def everything(self) -> dict[str, Any]:
        """Every record and every object of the person's and the service's, but what was answered to the latter."""
        rows = {name: row for name, row in self.service.rows.items() if not name.startswith("IDEMPOTENCY#")}
        return everything_of(self.person) | {"of the service": rows}


def everything_of(person: Person) -> dict[str, Any]:
    """Every record and every object of a person's, read past the service."""
    stack, owner = person.stack, person.sub
    dynamodb, s3 = stack.deployment.client("dynamodb"), stack.deployment.client("s3")
    found: dict[str, Any] = {"media": stack.rows_of(owner)}
    tables = {"users": ("user_id", None), "links": ("user_id", None), "photos": ("userId", None)}
    for name, (column, index) in (tables | {"profiles": ("user_id", "user_id-index")}).items():
        asked = dynamodb.query(
            TableName=stack.deployment.table_prefix + name,
            KeyConditionExpression=f"{column} = :owner",
            ExpressionAttributeValues={":owner": {"S": owner}},
            **({"IndexName": index} if index else {}),
        )
        found[name] = asked["Items"]
    for prefix in (f"users/{owner}/", f"incoming/users/{owner}/"):
        listed = s3.list_objects_v2(Bucket=stack.deployment.bucket, Prefix=prefix)
        found[prefix] = [(each["Key"], each["ETag"]) for each in listed.get("Contents", [])]
    return found


@dataclass(frozen=True)
class Asked:
    """A request to a route. `body` and `query` with what may be changed in them; `path`: what stands in it otherwise.

    `is_item`: the body is one item of a batch, and so is the answer; of it `schema` is the item's.
    """

    endpoint: str
    body: Any = None
    query: Mapping[str, Any] | Sequence[tuple[str, str]] | None = None
    path: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    is_item: bool = False
    schema: type[Schema] | None = None
    raw: bytes | None = None

    def __str__(self) -> str:
        return f"{self.endpoint} {self.name}".strip()

    @property
    def body_schema(self) -> type[Schema] | None:
        return self.schema or ROUTES[self.endpoint].body

    def target(self, holdings: Holdings) -> str:
        texts = holdings.in_paths() | dict(self.path)
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: quote(texts[found[1]], safe="/"), RULES[self.endpoint].rule)
        return f"{path}?{urlencode(self.query)}" if self.query else path

    def sent(self, holdings: Holdings, headers: Mapping[str, str] | None = None) -> Answer:
        """Asked by whoever the route serves; of an item its own answer, as if it had come alone."""
        body = {"items": [self.body]} if self.is_item else self.body
        more: dict[str, Any] = {"data": self.raw} if self.raw is not None else {} if body is None else {"json": body}
        method, target = method_of(RULES[self.endpoint]).upper(), self.target(holdings)
        token, own = token_for(self.endpoint, holdings), {"Idempotency-Key": str(uuid.uuid4())}
        sent = {"Authorization": f"Bearer {token}"} | (own if ROUTES[self.endpoint].is_write else {})
        return Answer(holdings.person.client.open(target, method=method, headers={**sent, **(headers or {})}, **more))


def token_for(endpoint: str, holdings: Holdings) -> str:
    """A token of whoever the route serves."""
    if ROUTES[endpoint].caller is Caller.SERVICE:
        return holdings.service.stack.service_token(holdings.service.name, holdings.service.scope)
    return holdings.person.stack.token(holdings.person.sub)


def asked_of(holdings: Holdings) -> dict[str, tuple[Asked, ...]]:
    """Every request that has a body or a query, right in each thing: what is wrong then is what a test changed."""
    sent, photo, parts = holdings.sent["key"], holdings.photo["key"], holdings.parts
    of_parts = {"key": parts.key}
    attributes = {"sub": holdings.person.sub, "email": "a@verified.example", "email_verified": "true"}
    person = {"request": {"userAttributes": attributes}}
    one_part = {"PartNumber": 1, "ETag": "a"}
    made = (
        Asked("pictures.avatar", query={"size": "150"}),
        Asked(
            "profiles.save",
            {
                "username": holdings.username,
                "skills": ["x"],
                "social_links": {"github": "x"},
                "projects": [{"title": "P", "tech_stack": ["x"]}],
            },
        ),
        Asked("profiles.show_several", query={"usernames": holdings.username}),
        Asked("profiles.check", query={"username": holdings.username}),
        Asked("links.save", {"link_id": holdings.link_id, "title": "T", "url": "https://t.example/"}),
        Asked("uploads.begin", dict(PICTURE)),
        Asked("uploads.complete", {}),
        Asked("uploads.complete_by_key", {"key": sent}),
        Asked("photos.show", query={"limit": "1"}),
        Asked("uppy.sign", {"method": "PUT", "key": "cat.jpg"}, name="first"),
        Asked(
            "uppy.sign",
            {"method": "PUT", "key": parts.key, "uploadId": parts.multipart_id, "partNumber": 1},
            name="part",
        ),
        Asked("uppy.params", query={"filename": "cat.jpg"}),
        Asked("uppy.create", {"filename": "cat.jpg", "metadata": {"name": "x"}}),
        Asked("uppy.sign_part", query=of_parts),
        Asked("uppy.sign_parts", query=of_parts | {"partNumbers": "1"}),
        Asked("uppy.list_parts", query=of_parts),
        Asked("uppy.complete", {"parts": [one_part]}, query=of_parts),
        Asked("uppy.abort", query=of_parts),
        Asked("profilephoto.presign", query={"contentType": "image/jpeg"}),
        Asked("profilephoto.complete", {"key": sent}),
        Asked("shares.share", {"key": photo, "expires_in": 60}),
        Asked("shares.open_shared", query={"size": "150"}),
        Asked("hooks.pre_sign_up", person),
        Asked("hooks.post_confirmation", person),
        Asked("internal.sign", {"op": "get", "key": photo}, name="get", is_item=True, schema=SignGet),
        Asked("internal.sign", {"op": "put", **PICTURE}, name="put", is_item=True, schema=SignPut),
        Asked("internal.sign", {"items": [{"op": "get", "key": photo}]}, name="batch"),
        Asked("internal.complete", {}, path={"upload_id": holdings.of_service["upload_id"]}),
        Asked("internal.block", {"key": SOMETHING, "reason": "x"}),
        Asked("internal.unblock", {"key": SOMETHING, "reason": "x"}),
    )
    found: dict[str, tuple[Asked, ...]] = {}
    for asked in made:
        found[asked.endpoint] = (*found.get(asked.endpoint, ()), asked)
    return found
