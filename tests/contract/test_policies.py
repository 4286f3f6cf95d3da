"""S17: the policies of core.yaml, compared with what the code can ask for."""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from signer_service.policy import PERMITTED
from signer_service.signing import SIGNED_AS

REPOSITORY = Path(__file__).resolve().parents[2]
STORE = REPOSITORY / "metadata_service" / "store"
Asked = set[tuple[str, str]]
"""Actions, each with what it is asked of."""

# What S3 wants an identity to be allowed (Amazon S3 User Guide, "Required permissions for Amazon S3 API operations"
# and "Multipart upload API and permissions").
S3_ACTIONS = {
    "put": "s3:PutObject",
    "post": "s3:PutObject",
    "get": "s3:GetObject",
    "delete": "s3:DeleteObject",
    "multipart_create": "s3:PutObject",
    "multipart_part": "s3:PutObject",
    "multipart_list": "s3:ListMultipartUploadParts",
    "multipart_complete": "s3:PutObject",
    "multipart_abort": "s3:AbortMultipartUpload",
}
# The store's calls, by the names of its functions. A write wants the same permission alone and in a transaction.
DYNAMODB_ACTIONS = {
    "get": "dynamodb:GetItem",
    "batch_get": "dynamodb:BatchGetItem",
    "query": "dynamodb:Query",
    "_Section": "dynamodb:Query",  # what an export lists, it queries
    "put": "dynamodb:PutItem",
    "put_write": "dynamodb:PutItem",
    "update": "dynamodb:UpdateItem",
    "update_write": "dynamodb:UpdateItem",
    "add_write": "dynamodb:UpdateItem",
    "delete": "dynamodb:DeleteItem",
    "delete_write": "dynamodb:DeleteItem",
    "check_write": "dynamodb:ConditionCheckItem",
}


class TemplateLoader(yaml.SafeLoader):
    """Reads a template with its functions as the texts that they are given."""


TemplateLoader.add_multi_constructor("!", lambda loader, suffix, node: node.value)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def allowed(name: str) -> Asked:
    """All that a user's own policy, or a managed one, allows."""
    text = (REPOSITORY / "deploy" / "cloudformation" / "core.yaml").read_text()
    properties = yaml.load(text, TemplateLoader)["Resources"][name]["Properties"]
    documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [properties])]
    statements = [statement for document in documents for statement in document["Statement"]]
    assert {statement["Effect"] for statement in statements} == {"Allow"}
    return {
        (action, resource.replace("${", "").replace("}", "").replace(".Arn", ""))
        for statement in statements
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }


@pytest.mark.parametrize("identity", ["uploader", "reader", "remover"])
def test_s17_an_identity_may_do_what_the_signer_signs_with_it_and_nothing_else(identity: str) -> None:
    signed = {(op, area) for _, op, area in PERMITTED if op in SIGNED_AS and SIGNED_AS[op][0] == identity}
    assert signed
    assert allowed(identity.title()) == {(S3_ACTIONS[op], f"Bucket/{area}/*") for op, area in signed}


def calls_with(tree: ast.AST, first: str) -> Iterator[tuple[ast.Call, str]]:
    """Calls whose first argument ends so, each with the called function's own name."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and call.args and ast.unparse(call.args[0]).endswith(first):
            yield call, ast.unparse(call.func).rpartition(".")[2]


def actions_of(called: str, module: ast.Module) -> set[str]:
    """The actions that a call takes; of a function of the module itself, those of what it does with the table."""
    if called in DYNAMODB_ACTIONS:
        return {DYNAMODB_ACTIONS[called]}
    own = [node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == called]
    found = {name for function in own for _, name in calls_with(function, function.args.args[0].arg)}
    assert found, f"{called}() is given a table: which action does that take?"
    return set().union(*(actions_of(name, module) for name in found))


def asked_by(module: str) -> Iterator[tuple[str, str]]:
    """What the calls in a module of the store ask for, each by the table that it names."""
    names, tree = (
        vars(import_module(f"metadata_service.store.{module}")),
        ast.parse((STORE / f"{module}.py").read_text()),
    )
    for call, called in calls_with(tree, "TABLE"):
        table = eval(ast.unparse(call.args[0]), names)
        indexes = [eval(ast.unparse(word.value), names) for word in call.keywords if word.arg == "index"]
        for action in actions_of(called, tree):
            yield action, "/index/".join([f"{table.title()}Table", *indexes])


def asked_by_all() -> dict[str, Asked]:
    found = {path.stem: set(asked_by(path.stem)) for path in STORE.glob("*.py") if path.stem != "__init__"}
    return {module: asked for module, asked in found.items() if asked}


def test_s17_metadata_may_do_what_its_store_asks_for() -> None:
    found = asked_by_all()
    assert {"users", "profiles", "links", "photos", "uploads", "objects", "cleanups", "due"} <= found.keys()
    asked = set().union(*(those for module, those in found.items() if module != "due"))
    assert asked <= allowed("MetadataPolicy")


def test_s17_the_sweeper_may_go_on_with_what_is_due_and_only_delete_in_other_tables() -> None:
    found, sweeper = asked_by_all(), allowed("SweeperPolicy")
    assert found["due"] | found["cleanups"] | found["erasures"] <= sweeper
    elsewhere = {(action, place) for action, place in sweeper if not place.startswith("MediaTable")}
    assert elsewhere == {("dynamodb:DeleteItem", "LinksTable"), ("dynamodb:DeleteItem", "PhotosTable")}


def test_s17_no_policy_has_a_wildcard_action() -> None:
    for name in ("Uploader", "Reader", "Remover", "MetadataPolicy", "SweeperPolicy"):
        assert not [action for action, _ in allowed(name) if "*" in action]
