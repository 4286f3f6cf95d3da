"""People in the local user pool, and their tokens.

A person is made where missing, with a password derived from the stack's root secret: nothing more to keep, and the
same after a restart.
"""

import base64
import contextlib
import hashlib
import hmac
import re
from typing import TYPE_CHECKING

from local.deploy import Deployment

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient
    from mypy_boto3_cognito_idp.type_defs import AttributeTypeTypeDef

NAME = re.compile(r"[a-z0-9._-]{1,64}")


class InvalidName(ValueError):
    """A name that no local user can have; the message says which can."""


def token(deployment: Deployment, name: str) -> str:
    """An access token of the person of that name, who is made where missing. Raises InvalidName."""
    return tokens(deployment, name)["AccessToken"]


def tokens(deployment: Deployment, name: str) -> dict[str, str]:
    """What a sign-in gives: AccessToken, IdToken and RefreshToken. Raises InvalidName."""
    if not NAME.fullmatch(name):
        raise InvalidName(f"a local user is 1 to 64 of a-z, 0-9, '.', '_' and '-', and not {name!r}")
    pool: CognitoIdentityProviderClient = deployment.client("cognito-idp")
    try:
        return _sign_in(pool, deployment, name)
    except (pool.exceptions.UserNotFoundException, pool.exceptions.NotAuthorizedException):
        # Missing; or Alice has chosen a password of her own, which we do not know.
        _make(pool, deployment, name)
        return _sign_in(pool, deployment, name)


def password(deployment: Deployment, name: str) -> str:
    """The password of a local user that `token` made: 27 characters, of all four kinds that the pool asks for."""
    digest = hmac.digest(deployment.root.secret_access_key.encode(), f"user:{name}".encode(), hashlib.sha256)
    return "Aa1!" + base64.urlsafe_b64encode(digest[:17]).decode().rstrip("=")


def _make(pool: "CognitoIdentityProviderClient", deployment: Deployment, name: str) -> None:
    address: list[AttributeTypeTypeDef] = [
        {"Name": "email", "Value": f"{name}@example.test"},
        {"Name": "email_verified", "Value": "true"},
    ]
    # Another process may have been faster, or the password has changed.
    with contextlib.suppress(pool.exceptions.UsernameExistsException):
        pool.admin_create_user(
            UserPoolId=deployment.pool_id, Username=name, MessageAction="SUPPRESS", UserAttributes=address
        )
    pool.admin_set_user_password(
        UserPoolId=deployment.pool_id, Username=name, Password=password(deployment, name), Permanent=True
    )


def _sign_in(pool: "CognitoIdentityProviderClient", deployment: Deployment, name: str) -> dict[str, str]:
    answer = pool.initiate_auth(
        ClientId=deployment.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": password(deployment, name)},
    )
    result = answer["AuthenticationResult"]
    return {kind: result[kind] for kind in ("AccessToken", "IdToken", "RefreshToken")}
