"""Wires metadata together; nothing else does."""

from __future__ import annotations

from flask import Blueprint, Flask

from . import errors, logs, strict_json
from .callers import Callers, TokenRules
from .config import Config, from_environment_or_exit
from .store import credentials
from .store.dynamodb import Dynamodb
from .token_keys import TokenKeys

BLUEPRINTS: tuple[Blueprint, ...] = ()


def create_app(config: Config | None = None) -> Flask:
    """Metadata as a WSGI application; without a `config`, the environment's (exit 2 where that is wrong)."""
    config = config or from_environment_or_exit()
    logs.configure(config.log_level)
    app = Flask("metadata_service", static_folder=None)
    app.url_map.merge_slashes = False  # a redirect would name the Host it saw
    app.url_map.strict_slashes = False
    app.config["MAX_CONTENT_LENGTH"] = strict_json.LONGEST  # a route that takes more says so
    app.extensions["config"] = config
    app.extensions["dynamodb"] = _dynamodb(config)
    app.extensions["callers"] = _callers(config)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    errors.register(app)
    logs.register(app)
    return app


def _dynamodb(config: Config) -> Dynamodb:
    source = credentials.source(config.shared_credentials_file)
    return Dynamodb(config.region, config.dynamodb_endpoint, config.table_prefix, source)


def _callers(config: Config) -> Callers:
    rules = TokenRules(config.token_issuer, config.token_client_ids, config.token_audiences, config.token_access_claim)
    return Callers(rules, TokenKeys(config.token_jwks))
