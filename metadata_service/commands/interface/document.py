"""Puts the description together: OpenAPI 3.1 out of the app's routes, their docstrings and schemas, and `routes`."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any, Final

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask
from werkzeug.routing import Rule

from ...app import BLUEPRINTS
from . import components
from .operations import method_of, operation, path_of
from .refusals import sentence

OPENAPI: Final = "3.1.0"
ABOUT: Final = (
    "People's pictures and files in S3, and their profiles and links, behind one gateway. JSON in UTF-8 everywhere, "
    "64 KiB at most. Every refusal is an Error, whatever the route. Times are ISO 8601 in UTC. Every answer has "
    "X-Request-Id. Files never come by here: they go straight to S3, by URLs that are signed here."
)
LICENSE: Final = {"name": "Apache License 2.0", "identifier": "Apache-2.0"}


def built() -> dict[str, Any]:
    """The description of every route of the app."""
    app = routed()
    plugin = MarshmallowPlugin(schema_name_resolver=components.name_of)
    info = {"description": ABOUT, "license": LICENSE}
    spec = APISpec("Countersign", _version(), OPENAPI, plugins=[plugin], info=info, servers=[{"url": "/"}])
    converter: Any = plugin.converter  # APISpec has made it; it is not typed throughout
    converter.add_attribute_function(components.rule_of)
    components.describe(spec)
    for blueprint in BLUEPRINTS:
        spec.tag({"name": blueprint.name.capitalize(), "description": sentence(sys.modules[blueprint.import_name])})
    for rule in sorted(app.url_map.iter_rules(), key=_place):
        spec.path(path_of(rule), operations={method_of(rule): operation(rule, app.view_functions[rule.endpoint])})
    document: dict[str, Any] = spec.to_dict()
    for (schema, *_), name in converter.refs.items():
        components.complete(document["components"]["schemas"][name], schema)
    return document


def routed() -> Flask:
    """The app's routes alone: nothing is configured, nothing can be reached."""
    app = Flask("metadata_service", static_folder=None)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    return app


def _place(rule: Rule) -> tuple[int, str, str]:
    # By noun, as the app has them; one path's methods side by side.
    nouns = [blueprint.name for blueprint in BLUEPRINTS]
    return nouns.index(rule.endpoint.partition(".")[0]), rule.rule, method_of(rule)


def _version() -> str:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text("utf-8"))["project"]
    return str(project["version"])
