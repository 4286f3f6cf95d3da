"""The engine as a user pool: sign-up, sign-in, and tokens that are really signed."""

import base64
import hashlib
import json
import uuid
from typing import Any

import jwt
import pytest
from botocore.exceptions import ClientError

from local import users
from local.deploy import Deployment
from tests.contract.engine_wire import ORIGIN, Answer, Wire, send

PASSWORD = "Correct-horse-1"


def a_name() -> str:
    return f"user-{uuid.uuid4()}"


def keys(wire: Wire) -> dict[str, Any]:
    answer = send(wire.port, "GET", f"/{wire.deployment.pool_id}/.well-known/jwks.json")
    assert answer.status == 200
    return {entry["kid"]: entry for entry in json.loads(answer.body)["keys"]}


def verified(wire: Wire, token: str) -> dict[str, Any]:
    """The claims of a token, its signature and times checked against the pool's keys."""
    key = keys(wire)[jwt.get_unverified_header(token)["kid"]]
    claims: dict[str, Any] = jwt.decode(
        token,
        jwt.PyJWK(key),
        algorithms=["RS256"],
        issuer=wire.deployment.issuer,
        options={"require": ["sub", "iss", "exp"], "verify_aud": False},
    )
    return claims


def sign_up(wire: Wire, name: str, password: str = PASSWORD, **attributes: str) -> Answer:
    given = [{"Name": label.replace("__", ":"), "Value": value} for label, value in attributes.items()]
    arguments = {"ClientId": wire.deployment.client_id, "Username": name, "Password": password}
    return wire.public("SignUp", {**arguments, "UserAttributes": given})


def sign_in(wire: Wire, name: str, password: str = PASSWORD) -> Answer:
    parameters = {"USERNAME": name, "PASSWORD": password}
    arguments = {"ClientId": wire.deployment.client_id, "AuthFlow": "USER_PASSWORD_AUTH"}
    return wire.public("InitiateAuth", {**arguments, "AuthParameters": parameters})


def test_a_person_signs_up_in_public_and_in_once_confirmed(wire: Wire) -> None:
    name = a_name()
    attributes = {
        "email": f"{name}@example.test",
        "custom__fullname": "Ann Other",
        "custom__date_of_birth": "2000-02-29",
        "custom__username": name,
        "custom__picture": "https://example.test/ann.jpg",
    }
    assert sign_up(wire, name, **attributes).status == 200
    assert sign_in(wire, name).status == 400  # UserNotConfirmedException
    pool = wire.deployment.client("cognito-idp")
    pool.admin_confirm_sign_up(UserPoolId=wire.deployment.pool_id, Username=name)
    assert sign_in(wire, name).status == 200
    found = pool.admin_get_user(UserPoolId=wire.deployment.pool_id, Username=name)["UserAttributes"]
    assert {"Name": "custom:fullname", "Value": "Ann Other"} in found


def test_an_address_is_a_name_too(wire: Wire) -> None:
    address = f"{a_name()}@example.test"
    assert sign_up(wire, address, email=address).status == 200


WEAK = {
    "short": "Aa1!aaa",
    "no-upper": "aaaa111!",
    "no-lower": "AAAA111!",
    "no-number": "Aaaaaaa!",
    "no-symbol": "Aaaa1111",
}


@pytest.mark.parametrize("password", WEAK.values(), ids=WEAK.keys())
def test_a_weak_password_is_refused(wire: Wire, password: str) -> None:
    name = a_name()
    assert sign_up(wire, name, password, email=f"{name}@example.test").status == 400


def test_nobody_confirms_with_a_code_that_was_not_sent(wire: Wire) -> None:
    name = a_name()
    sign_up(wire, name, email=f"{name}@example.test")
    arguments = {"ClientId": wire.deployment.client_id, "Username": name, "ConfirmationCode": "000000"}
    assert wire.public("ConfirmSignUp", arguments).status == 400
    assert sign_in(wire, name).status == 400


def test_a_wrong_password_and_an_unknown_name_look_alike(wire: Wire) -> None:
    users.token(wire.deployment, "ann")
    wrong, unknown = sign_in(wire, "ann", "Wrong-horse-1"), sign_in(wire, a_name())
    assert (wrong.status, unknown.status) == (400, 400)
    assert json.loads(wrong.body)["__type"] == json.loads(unknown.body)["__type"] == "NotAuthorizedException"


def test_an_access_token_has_the_claims_that_we_check(wire: Wire) -> None:
    claims = verified(wire, users.token(wire.deployment, "ann"))
    assert claims["token_use"] == "access"
    assert claims["client_id"] == wire.deployment.client_id
    assert claims["iss"] == wire.deployment.issuer
    assert claims["exp"] - claims["iat"] == 3600
    assert uuid.UUID(claims["sub"])
    assert "aud" not in claims


def test_an_id_token_is_another_thing(wire: Wire) -> None:
    tokens = users.tokens(wire.deployment, "ann")
    claims = verified(wire, tokens["IdToken"])
    assert (claims["token_use"], claims["aud"]) == ("id", wire.deployment.client_id)
    assert "client_id" not in claims
    kids = {jwt.get_unverified_header(tokens[kind])["kid"] for kind in ("AccessToken", "IdToken")}
    assert len(kids) == 2


def test_the_signature_is_a_signature(wire: Wire) -> None:
    token = users.token(wire.deployment, "ann")
    head, claims, signature = token.split(".")
    changed = base64.urlsafe_b64encode(base64.urlsafe_b64decode(claims + "==").replace(b"access", b"Access")).decode()
    with pytest.raises(jwt.InvalidSignatureError):
        verified(wire, f"{head}.{changed.rstrip('=')}.{signature}")


def test_the_pool_offers_rsa_keys_of_2048_bits(wire: Wire) -> None:
    for key in keys(wire).values():
        assert (key["kty"], key["alg"], key["use"]) == ("RSA", "RS256", "sig")
        assert len(base64.urlsafe_b64decode(key["n"] + "==")) == 256


def test_a_page_may_call_the_pool(wire: Wire) -> None:
    asked = {
        "origin": ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": "x-amz-target",
    }
    assert send(wire.port, "OPTIONS", "/", asked).headers["access-control-allow-origin"] in {"*", ORIGIN}
    answer = wire.public("InitiateAuth", {"ClientId": "x"}, origin=ORIGIN)
    assert answer.headers["access-control-allow-origin"] in {"*", ORIGIN}


def test_a_token_is_renewed_and_revoked(wire: Wire) -> None:
    refresh = users.tokens(wire.deployment, "renewing")["RefreshToken"]
    arguments = {"ClientId": wire.deployment.client_id, "AuthFlow": "REFRESH_TOKEN_AUTH"}
    renew = {**arguments, "AuthParameters": {"REFRESH_TOKEN": refresh}}
    assert wire.public("InitiateAuth", renew).status == 200
    assert wire.public("RevokeToken", {"ClientId": wire.deployment.client_id, "Token": refresh}).status == 200
    assert wire.public("InitiateAuth", renew).status == 400


def test_a_person_reads_their_own_record_by_access_token(wire: Wire) -> None:
    token = users.token(wire.deployment, "ann")
    answer = wire.public("GetUser", {"AccessToken": token})
    assert json.loads(answer.body)["Username"] == "ann"
    assert wire.public("GetUser", {"AccessToken": token[:-4] + "AAAA"}).status == 400


# ---- local/users.py


def test_a_local_user_is_made_once(deployment: Deployment) -> None:
    name = a_name()
    subjects = {jwt.decode(users.token(deployment, name), options={"verify_signature": False})["sub"] for _ in range(2)}
    assert len(subjects) == 1


def test_a_local_user_whose_password_has_changed_gets_a_token(deployment: Deployment) -> None:
    name = a_name()
    users.token(deployment, name)
    deployment.client("cognito-idp").admin_set_user_password(
        UserPoolId=deployment.pool_id, Username=name, Password=PASSWORD, Permanent=True
    )
    assert users.token(deployment, name)


@pytest.mark.parametrize("name", ["", "Ann", "a b", "a/b", "é", "a" * 65, "a\n", "../x"])
def test_a_name_outside_the_grammar_is_refused(deployment: Deployment, name: str) -> None:
    with pytest.raises(users.InvalidName):
        users.token(deployment, name)


@pytest.mark.parametrize("name", ["a", "0", ".", "_", "-", "a" * 64])
def test_every_name_of_the_grammar_works(deployment: Deployment, name: str) -> None:
    assert users.token(deployment, name)


def test_passwords_differ_between_people_and_stacks(deployment: Deployment) -> None:
    seen = {users.password(deployment, name) for name in ("ann", "bob")}
    assert len(seen) == 2
    assert deployment.root.secret_access_key not in "".join(seen)
    assert hashlib.sha256(b"ann").hexdigest() not in "".join(seen)


def test_the_pool_admin_is_root_alone(deployment: Deployment) -> None:
    with pytest.raises(ClientError):
        deployment.client("cognito-idp", "metadata").admin_get_user(UserPoolId=deployment.pool_id, Username="ann")
