"""The events of the user pool's triggers, as far as they matter here (Amazon Cognito: "Lambda triggers")."""

from __future__ import annotations

from typing import Any, Final

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, validates_schema

from .text import Text


class _Lenient(Schema):
    class Meta:
        unknown = EXCLUDE


class _Attributes(_Lenient):
    """A person's attributes in the pool; all of them text, as Cognito has them."""

    sub = Text(256, shortest=1, metadata={"description": "Who it is; not there yet before sign-up."})
    email = Text(254, metadata={"description": "Kept only where it is verified."})
    email_verified = fields.String(metadata={"description": "Verified where it is true, as text."})
    username = Text(256, data_key="custom:username", metadata={"description": "The username that is wanted."})
    preferred_username = Text(256, metadata={"description": "The same, where custom:username is absent."})
    fullname = Text(256, data_key="custom:fullname", metadata={"description": "The person's name."})
    name = Text(256, metadata={"description": "The same, where custom:fullname is absent."})
    date_of_birth = Text(40, data_key="custom:date_of_birth", metadata={"description": "As the pool has it."})
    birthdate = Text(40, metadata={"description": "The same, where custom:date_of_birth is absent."})


class _Request(_Lenient):
    """What the trigger tells of the person."""

    attributes = fields.Nested(
        _Attributes, required=True, data_key="userAttributes", metadata={"description": "The person's, in the pool."}
    )


class _Event(_Lenient):
    """A trigger's event; what is loaded of it are the attributes, under our names."""

    request = fields.Nested(
        _Request, required=True, metadata={"description": "The rest of the event is not looked at."}
    )

    @post_load
    def _attributes(self, loaded: dict[str, Any], **_: Any) -> dict[str, Any]:
        given = loaded["request"]["attributes"]
        return {
            "sub": given.get("sub"),
            # An address that nobody verified is only what somebody typed.
            "email": given.get("email") if given.get("email_verified") == "true" else None,
            "username": given.get("username") or given.get("preferred_username") or None,
            "fullname": given.get("fullname") or given.get("name") or None,
            "date_of_birth": given.get("date_of_birth") or given.get("birthdate") or None,
        }


class PreSignUp(_Event):
    """`POST /internal/v1/cognito/pre-signup`: somebody would like to sign up, and has no `sub` yet."""


class PostConfirmation(_Event):
    """`POST /internal/v1/cognito/post-confirmation`: somebody has signed up."""

    @validates_schema
    def _names_somebody(self, loaded: dict[str, Any], **_: Any) -> None:
        if not loaded["request"]["attributes"].get("sub"):
            raise ValidationError("must say whose event this is", "request.userAttributes.sub")


PRE_SIGN_UP: Final = PreSignUp()
POST_CONFIRMATION: Final = PostConfirmation()
