"""The interface's description: all of the app's routes, nothing else, and true as far as that can be told from it."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from marshmallow import RAISE, Schema

import metadata_service
from metadata_service import errors
from metadata_service.app import BLUEPRINTS
from metadata_service.callers import Callers, TokenRules
from metadata_service.commands import openapi
from metadata_service.commands.interface import document, examples, refusals
from metadata_service.commands.interface.answers import Error
from metadata_service.commands.interface.operations import method_of, path_of
from metadata_service.commands.interface.routes import ROUTES, Caller
from metadata_service.errors import ApiError, Forbidden
from metadata_service.services import Services
from metadata_service.token_keys import TokenKeys

REPOSITORY = Path(__file__).parents[3]
COMMITTED = ("docs/openapi.json", "gateway/www/openapi.json")
DOCUMENT = document.built()
RULES = {rule.endpoint: rule for rule in document.routed().url_map.iter_rules()}
OPERATIONS = {
    (path, method): operation for path, item in DOCUMENT["paths"].items() for method, operation in item.items()
}
EXAMPLES = [(endpoint, each) for endpoint, given in examples.all_of_them().items() for each in given]
A_UUID = "00000000-0000-4000-8000-000000000000"
NEVER_BARE = {Forbidden}
"""Refusals that only their subclasses say."""


def operation_of(endpoint: str) -> dict[str, Any]:
    rule = RULES[endpoint]
    return OPERATIONS[path_of(rule), method_of(rule)]


def everything_in(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from everything_in(each)


def named_by(reference: str) -> Any:
    assert reference.startswith("#/")
    node = DOCUMENT
    for part in reference[2:].split("/"):
        node = node[part.replace("~1", "/").replace("~0", "~")]
    return node


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    return named_by(node["$ref"]) if "$ref" in node else node


def codes_of(response: dict[str, Any]) -> list[str]:
    return resolved(response)["content"]["application/json"]["schema"]["properties"]["error"]["enum"]


def test_every_route_of_the_app_is_described_and_nothing_else():
    assert set(ROUTES) == set(RULES)
    assert set(OPERATIONS) == {(path_of(rule), method_of(rule)) for rule in RULES.values()}


def test_what_the_app_serves_is_what_is_taken_for_it():
    nouns = {blueprint.name for blueprint in BLUEPRINTS}
    assert {tag["name"] for tag in DOCUMENT["tags"]} == {noun.capitalize() for noun in nouns}
    assert {operation["tags"][0].lower() for operation in OPERATIONS.values()} == nouns


@pytest.mark.parametrize("path", COMMITTED)
def test_the_committed_file_is_what_the_command_writes(path: str):
    assert (REPOSITORY / path).read_text("utf-8") == openapi.written(DOCUMENT), "run `make openapi`"


def test_the_command_writes_the_description_and_nothing_else():
    command = [sys.executable, "-m", "metadata_service.commands.openapi"]
    ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True)
    assert (json.loads(ran.stdout), ran.stderr) == (DOCUMENT, b"")


def test_without_apispec_the_command_says_what_is_missing():
    without = (
        "import sys; sys.modules['apispec'] = None; from metadata_service.commands.openapi import main; exit(main())"
    )
    ran = subprocess.run([sys.executable, "-c", without], cwd=REPOSITORY, capture_output=True, check=False)
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert b"apispec is not installed" in ran.stderr


def test_the_service_itself_never_loads_apispec():
    served = "import sys, metadata_service.app, metadata_service.commands.openapi; exit('apispec' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", served], cwd=REPOSITORY, check=False).returncode == 0


def test_it_says_what_it_is():
    assert re.fullmatch(r"3\.1\.\d+", DOCUMENT["openapi"])
    assert {"title", "version", "description", "license"} <= set(DOCUMENT["info"])
    # What comes at the top of an OpenAPI 3.1 document (OpenAPI Specification 3.1.0, §4.8.1).
    assert set(DOCUMENT) <= {"openapi", "info", "servers", "tags", "paths", "components", "security", "externalDocs"}


def test_every_reference_resolves():
    references = [node["$ref"] for node in everything_in(DOCUMENT) if isinstance(node.get("$ref"), str)]
    assert references
    for reference in references:
        assert isinstance(named_by(reference), dict), reference


def test_nothing_in_components_is_unused():
    used = {node["$ref"] for node in everything_in(DOCUMENT) if isinstance(node.get("$ref"), str)}
    for kind in ("schemas", "responses", "headers"):
        assert {f"#/components/{kind}/{name}" for name in DOCUMENT["components"][kind]} <= used
    schemes = {name for operation in OPERATIONS.values() for way in operation["security"] for name in way}
    assert schemes == set(DOCUMENT["components"]["securitySchemes"])


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_operation_is_whole(path: str, method: str):
    operation = OPERATIONS[path, method]
    assert {"operationId", "summary", "tags", "security", "parameters", "responses"} <= set(operation)
    assert operation["summary"].endswith(".")
    in_path = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
    assert in_path == set(re.findall(r"{(\w+)}", path))
    assert all(each["description"] and each["schema"] for each in operation["parameters"])
    for status, response in operation["responses"].items():
        assert status == "default" or 200 <= int(status) <= 599
        assert resolved(response)["description"]


def test_operation_ids_are_unique():
    ids = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(set(ids)) == len(ids)


def test_every_field_of_every_schema_is_described():
    for name, schema in DOCUMENT["components"]["schemas"].items():
        assert schema["description"], name
        silent = [field for field, each in schema["properties"].items() if "description" not in each]
        assert not silent, f"{name}: {silent}"


@pytest.mark.parametrize("endpoint", ROUTES)
def test_whom_a_route_serves_is_said(endpoint: str):
    wanted = {
        Caller.NOBODY: [],
        Caller.ANYBODY: [{}, {"person": []}],
        Caller.PERSON: [{"person": []}],
        Caller.SERVICE: [{"service": []}],
    }
    caller = ROUTES[endpoint].caller
    operation = operation_of(endpoint)
    assert operation["security"] == wanted[caller]
    assert ("401" in operation["responses"]) == (caller in (Caller.PERSON, Caller.SERVICE))
    assert ("servers" in operation) == (caller is Caller.SERVICE) == RULES[endpoint].rule.startswith("/internal/")


@pytest.fixture(scope="module")
def unable() -> FlaskClient:
    """The app with nothing behind it: it can only refuse who has no token, or fail."""
    app = document.routed()
    errors.register(app)
    rules = TokenRules("https://issuer.example", frozenset(), frozenset(), None)
    app.extensions |= {"callers": Callers(rules, TokenKeys("/nowhere")), "services": Services(Path("/nowhere"))}
    return app.test_client()


@pytest.mark.parametrize("endpoint", ROUTES)
def test_a_route_asks_for_a_token_exactly_where_that_is_said(endpoint: str, unable: FlaskClient):
    rule = RULES[endpoint]
    answer = unable.open(re.sub(r"<.*?>", A_UUID, rule.rule), method=method_of(rule).upper())
    assert (answer.status_code == 401) == ("401" in operation_of(endpoint)["responses"])


def test_every_refusal_that_the_service_knows_is_described():
    for module in pkgutil.walk_packages(metadata_service.__path__, "metadata_service."):
        if not module.name.endswith("gunicorn.conf"):
            importlib.import_module(module.name)
    known, fresh = set(), [ApiError]
    while fresh:
        fresh = [each for parent in fresh for each in parent.__subclasses__() if each.__module__.startswith("metadata")]
        known |= set(fresh)
    described = {(int(each.status), each.code) for route in ROUTES.values() for each in refusals.of_route(route)}
    assert {(int(each.status), each.code) for each in known - NEVER_BARE} == described


@pytest.mark.parametrize("endpoint", ROUTES)
def test_a_routes_refusals_are_errors_with_these_codes(endpoint: str):
    responses = operation_of(endpoint)["responses"]
    for refusal in refusals.of_route(ROUTES[endpoint]):
        assert refusal.code in codes_of(responses[str(int(refusal.status))])
    assert resolved(responses["default"])["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Error"
    }


def loaded(schema: type[Schema], text: Any, *, many: bool = False) -> Any:
    return schema(unknown=RAISE, many=many).load(text)


@pytest.mark.parametrize(("endpoint", "example"), EXAMPLES, ids=lambda each: str(each)[:40])
def test_every_example_is_what_its_schema_says(endpoint: str, example: examples.Example):
    route, status = ROUTES[endpoint], example["status"]
    response = operation_of(endpoint)["responses"][str(status)]
    if status >= 400:
        assert loaded(Error, example["answered"])["error"] == example["name"]
        assert example["name"] in codes_of(response)
    elif status == route.status:
        assert route.answer is not None
        assert loaded(route.answer, example["answered"], many=route.is_list) is not None
        assert response["content"]["application/json"]["examples"][example["name"]]["value"] == example["answered"]
    if "asked" in example:
        assert route.body is not None
        route.body().load(example["asked"])


@pytest.mark.parametrize("endpoint", ROUTES)
def test_every_route_has_an_example_of_its_answer(endpoint: str):
    route = ROUTES[endpoint]
    assert examples.of(endpoint, 302 if route.answer is None else route.status)
    if route.body is not None:
        assert any("asked" in example for example in examples.of(endpoint, route.status))


def test_examples_hold_no_credential_and_name_nobodys_machine():
    text = json.dumps(DOCUMENT)
    assert set(re.findall(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b", text)) == {"AKIAIOSFODNN7EXAMPLE"}
    assert set(re.findall(r"http://127\.0\.0\.1:\d+", text)) == {"http://127.0.0.1:8080", "http://127.0.0.1:4566"}
    assert not re.search(r"\beyJ[\w-]+\.eyJ[\w-]+\.[\w-]+", text), "a token"


PLAIN = {"{username}": "alice", "{owner}": "h-0", "{category}": "photos", "{file}": "a-150.jpg", "{number}": "1"}
LISTED = re.compile(r'^\s*"~(\^.*\$)" "([A-Z, ]+)";$', re.MULTILINE)
BY_THE_GATEWAY = re.compile(r"\^/(?:\$|\(\?:healthz\|readyz\|docs.*|static/.*)")
"""Lines of files that the gateway serves itself; of /healthz and /readyz the app has its own."""


def listed_by_the_gateway(listener: str) -> list[tuple[re.Pattern[str], set[str]]]:
    text = (REPOSITORY / "gateway/conf.d/routes.conf").read_text("utf-8")
    block = re.search(rf"map \$path_sent \${listener}_methods {{\n(.*?)\n}}", text, re.DOTALL)
    assert block is not None
    return [(re.compile(path), set(methods.split(", "))) for path, methods in LISTED.findall(block[1])]


def spelled(path: str) -> str:
    for name, text in PLAIN.items():
        path = path.replace(name, text)
    return re.sub(r"{\w+}", A_UUID, path)


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_what_is_described_comes_through_the_gateway(path: str, method: str):
    listener = "internal" if "servers" in OPERATIONS[path, method] else "public"
    lines = [methods for pattern, methods in listed_by_the_gateway(listener) if pattern.match(spelled(path))]
    assert any(method.upper() in methods for methods in lines)


def test_every_public_route_of_the_gateway_that_the_app_serves_is_described():
    adapter = document.routed().url_map.bind("")
    paths = [spelled(path) for path, _ in OPERATIONS]
    for pattern, methods in listed_by_the_gateway("public"):
        described = {method.upper() for (path, method) in OPERATIONS if pattern.match(spelled(path))}
        served = {
            method
            for path in paths
            if pattern.match(path)
            for method in adapter.allowed_methods(path)
            if method in methods
        }
        assert served - {"HEAD", "OPTIONS"} == described
