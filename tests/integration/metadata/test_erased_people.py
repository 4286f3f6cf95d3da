"""What becomes of somebody who was erased, and whose token is still good: refused, or taken for nobody."""

import re
import time
import uuid
from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.routing import Rule

from metadata_service import accounts
from metadata_service.commands.interface.routes import ROUTES, Caller
from metadata_service.errors import AccountErased
from metadata_service.store.users import Account
from tests.integration.uploads_stack import Person, Stack, a_picture

A_UUID = "11111111-1111-4111-8111-111111111111"
BODIES = {"uploads.begin": {"file_type": "photo", "content_type": "image/jpeg"}}
"""Where the transaction meets the tombstone, and so what is asked must be right."""


@pytest.fixture
def erased(someone: Callable[[], Person]) -> Person:
    person = someone()
    assert person.ask("DELETE", "/users/me").status_code == 202
    return person


def routes_for(app: Flask, caller: Caller) -> list[tuple[str, Rule]]:
    """Each method and rule of the app's that serves such a caller: the app's own map, so that none is forgotten."""
    rules = [rule for rule in app.url_map.iter_rules() if ROUTES[rule.endpoint].caller is caller]
    return [(method, rule) for rule in rules for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}]


def test_s26_every_route_refuses_an_erased_persons_token(erased: Person, app: Flask) -> None:
    asked = routes_for(app, Caller.PERSON)
    for method, rule in asked:
        path = re.sub(r"<[^>]+>", A_UUID, rule.rule)
        answer = erased.ask(method, path, json=BODIES.get(rule.endpoint, {}))
        assert (answer.status_code, answer.json["error"]) == (410, "account_erased"), f"{method} {path}: {answer.text}"
        assert answer.headers["Cache-Control"] == "no-store"
    assert len(asked) > 20


def test_s26_on_a_public_route_an_erased_person_is_nobody(erased: Person, alice: Person, name: str) -> None:
    picture = alice.has(a_picture(size=(60, 40)))["key"]
    private = alice.has(a_picture(size=(60, 40)), file_type="photo")["key"]
    alice.ask("POST", "/profiles", json={"username": name, "email": "alice@example.com"})
    for path in (f"/profiles/{name}", f"/profiles?usernames={name}", f"/profiles/{name}/avatar", f"/media/{private}"):
        with_token, without = erased.ask("GET", path), erased.look(path)
        assert (with_token.status_code, with_token.json) == (without.status_code, without.json), path
    assert erased.ask("GET", f"/media/{picture}").status_code == 302


def test_s26_the_sign_up_hook_does_not_bring_an_account_back(erased: Person, app: Flask, stack: Stack) -> None:
    with app.app_context(), pytest.raises(AccountErased):
        accounts.confirm(Account(erased.sub, None, "alice@example.com"))
    assert set(the_row(stack, erased)) == {"user_id", "erased_at", "ttl"}


def test_a_tombstone_outlives_every_token_and_then_the_person_may_begin_anew(
    erased: Person, stack: Stack, name: str
) -> None:
    ends_at = int(the_row(stack, erased)["ttl"]["N"])
    assert ends_at > time.time() + 86_400
    let_it_end(stack, erased)

    assert erased.ask("GET", "/users/me").status_code == 404
    assert erased.ask("POST", "/profiles", json={"username": name}).status_code == 200
    assert erased.ask("GET", "/users/me").json["username"] == name
    assert set(the_row(stack, erased)) == {"user_id", "username", "created_at", "updated_at"}
    erased.has(a_picture(size=(60, 40)))
    link = {"link_id": str(uuid.uuid4()), "title": "Garden", "url": "https://alice.example"}
    assert erased.ask("POST", "/links", json=link).status_code == 200


@pytest.mark.parametrize("first", ["/upload-url", "/links"])
def test_a_tombstone_that_ended_and_still_stands_hinders_nobody(erased: Person, stack: Stack, first: str) -> None:
    """DynamoDB deletes what has ended within days, not at once."""
    let_it_end(stack, erased)
    content = {"title": "Garden", "url": "https://alice.example"} if first == "/links" else BODIES["uploads.begin"]
    assert erased.ask("POST", first, json=content).status_code == 200


def test_an_account_may_be_erased_again_once_it_began_anew(erased: Person, stack: Stack, name: str) -> None:
    let_it_end(stack, erased)
    erased.ask("POST", "/profiles", json={"username": name})
    assert erased.ask("DELETE", "/users/me").status_code == 202
    assert erased.ask("GET", "/users/me").status_code == 410


def the_row(stack: Stack, person: Person) -> dict[str, dict[str, str]]:
    table = stack.deployment.table_prefix + "users"
    found: dict[str, dict[str, str]] = stack.deployment.client("dynamodb").get_item(
        TableName=table, Key={"user_id": {"S": person.sub}}, ConsistentRead=True
    )["Item"]
    return found


def let_it_end(stack: Stack, person: Person) -> None:
    stack.deployment.client("dynamodb").update_item(
        TableName=stack.deployment.table_prefix + "users",
        Key={"user_id": {"S": person.sub}},
        UpdateExpression="SET #ttl = :past",
        ExpressionAttributeNames={"#ttl": "ttl"},
        ExpressionAttributeValues={":past": {"N": str(int(time.time()) - 1)}},
    )
