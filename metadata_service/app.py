"""Wires metadata together; nothing else does."""

from __future__ import annotations

import sys

from flask import Blueprint, Flask

from . import errors, kinds, logs, strict_json
from .bucket import Bucket
from .callers import Callers, TokenRules
from .config import Config, from_environment_or_exit
from .connections import Address
from .cursors import Cursors
from .grants import FaultyGrantKey, GrantKey
from .images import ImageService
from .readiness import Check, Readiness, any_answers
from .routes import (
    accounts,
    health,
    hooks,
    internal,
    links,
    media,
    photos,
    pictures,
    profilephoto,
    profiles,
    shares,
    uploads,
    uppy,
)
from .s3 import S3
from .scanning import Scanner
from .services import Services
from .signer import Replica, Signer
from .store import credentials, users
from .store.dynamodb import Dynamodb
from .token_keys import TokenKeys
from .ways_out import EXTENSION, WaysOut, note_audit

BLUEPRINTS: tuple[Blueprint, ...] = (
    health.blueprint,
    accounts.blueprint,
    pictures.blueprint,
    profiles.blueprint,
    links.blueprint,
    uploads.blueprint,
    photos.blueprint,
    uppy.blueprint,
    media.blueprint,
    profilephoto.blueprint,
    shares.blueprint,
    hooks.blueprint,
    internal.blueprint,
)


def create_app(config: Config | None = None) -> Flask:
    """Metadata as a WSGI application; without a `config`, the environment's (exit 2 where that is wrong)."""
    config = config or from_environment_or_exit(Config, "metadata_service")
    logs.configure(config.log_level)
    app = Flask("metadata_service", static_folder=None)
    app.url_map.merge_slashes = False  # a redirect would name the Host it saw
    app.config["MAX_CONTENT_LENGTH"] = strict_json.LONGEST  # a route that takes more says so
    app.extensions["dynamodb"] = _dynamodb(config)
    app.extensions["callers"] = _callers(config)
    app.extensions["services"] = Services(config.services_file)
    app.extensions[EXTENSION] = _ways_out(config)
    app.extensions["readiness"] = _readiness(config, app)
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


def _ways_out(config: Config) -> WaysOut:
    replicas = [Replica(name, Address.parse(address)) for name, address in config.signers]
    bucket = Bucket.at(config.s3_bucket, config.region, config.s3_public_endpoint)
    grant_key, rules = _files(config)
    return WaysOut(
        signer=Signer(replicas, grant_key, bucket, note_audit),
        s3=S3(config.s3_dial),
        images=ImageService(config.image_socket),
        scanner=Scanner(config.clamd_socket) if config.clamd_socket else None,
        kinds=rules,
        cursors=Cursors(grant_key.derived("photos cursor v1")),
        bucket_name=bucket.name,
        public_base_url=config.public_base_url,
        pending_limit=config.pending_limit,
    )


def _files(config: Config) -> tuple[GrantKey, kinds.Kinds]:
    """The grant key and the kinds, or exit 2 after saying on stderr everything that is wrong with them."""
    faults: list[str] = []
    try:
        return GrantKey.read(config.grant_key_file, "metadata"), kinds.read(config.kinds_file)
    except FaultyGrantKey as faulty:
        faults.append(str(faulty))
    except kinds.FaultyKinds as faulty:
        faults += faulty.faults
    for fault in faults:
        print(f"metadata_service: {fault}", file=sys.stderr)
    raise SystemExit(2)


def _readiness(config: Config, app: Flask) -> Readiness:
    signers = [Address.parse(address) for _, address in config.signers]
    decoder = Address("unix", "localhost", socket_path=config.image_socket)
    dynamodb: Dynamodb = app.extensions["dynamodb"]
    callers: Callers = app.extensions["callers"]
    checks: dict[str, Check] = {
        "dynamodb": lambda: dynamodb.get(users.TABLE, {"user_id": "nobody"}),
        "signer": any_answers(signers, "/readyz"),
        "decoder": any_answers([decoder], "/healthz"),
        "token_keys": callers.keys.check,
    }
    if config.clamd_socket:
        checks["virus_scanner"] = Scanner(config.clamd_socket).ping
    return Readiness(checks)
