"""The engine as DynamoDB: what every write of ours rests on, races included."""

import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.deploy import Deployment


class Table:
    """One table as metadata sees it."""

    def __init__(self, deployment: Deployment, name: str) -> None:
        self.client = deployment.client("dynamodb", "metadata")
        self.name = deployment.table_prefix + name

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            return getattr(self.client, operation)(TableName=self.name, **arguments)

        return call

    def transact(self, *writes: dict[str, dict[str, Any]], **more: Any) -> Any:
        items = [{kind: {"TableName": self.name, **rest} for kind, rest in write.items()} for write in writes]
        return self.client.transact_write_items(TransactItems=items, **more)


@pytest.fixture
def media(deployment: Deployment) -> Table:
    return Table(deployment, "media")


def a_key() -> dict[str, Any]:
    return {"UserId": {"S": str(uuid.uuid4())}, "EntityType": {"S": "PROFILE_PICTURE"}}


def at_once(count: int, work: Callable[[int], None]) -> list[str]:
    """Do the work in so many threads, released together; each one's error code, or "done"."""
    barrier, outcomes = threading.Barrier(count), list[str]()

    def run(number: int) -> None:
        barrier.wait()
        try:
            work(number)
            outcomes.append("done")
        except ClientError as error:
            outcomes.append(error.response["Error"]["Code"])

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes)


NEW = {"ConditionExpression": "attribute_not_exists(UserId)"}


def test_a_put_on_condition_is_made_once(media: Table) -> None:
    item = a_key()
    media.put_item(Item=item, **NEW)
    with pytest.raises(ClientError) as refusal:
        media.put_item(Item=item, **NEW)
    assert refusal.value.response["Error"]["Code"] == "ConditionalCheckFailedException"


def test_of_many_puts_at_once_one_is_made(media: Table) -> None:
    item = a_key()
    outcomes = at_once(8, lambda number: media.put_item(Item={**item, "n": {"N": str(number)}}, **NEW))
    assert outcomes == ["ConditionalCheckFailedException"] * 7 + ["done"]


def test_of_many_leases_at_once_one_is_taken(media: Table) -> None:
    key = a_key()
    media.put_item(Item={**key, "version": {"N": "1"}})

    def take(number: int) -> None:
        media.update_item(
            Key=key,
            UpdateExpression="SET version = version + :one, holder = :me",
            ConditionExpression="version = :one",
            ExpressionAttributeValues={":one": {"N": "1"}, ":me": {"S": str(number)}},
        )

    assert at_once(8, take).count("done") == 1
    assert media.get_item(Key=key)["Item"]["version"] == {"N": "2"}


def test_an_update_gives_back_all_that_is_new(media: Table) -> None:
    key = a_key()
    answer = media.update_item(
        Key=key,
        UpdateExpression="SET #s = :s REMOVE nothing",
        ExpressionAttributeNames={"#s": "state"},
        ExpressionAttributeValues={":s": {"S": "ready"}},
        ReturnValues="ALL_NEW",
    )
    assert answer["Attributes"] == {**key, "state": {"S": "ready"}}


def test_a_delete_on_condition(media: Table) -> None:
    key = a_key()
    media.put_item(Item={**key, "state": {"S": "ready"}})
    condition = {"ConditionExpression": "#s = :s", "ExpressionAttributeNames": {"#s": "state"}}
    with pytest.raises(ClientError):
        media.delete_item(Key=key, ExpressionAttributeValues={":s": {"S": "gone"}}, **condition)
    media.delete_item(Key=key, ExpressionAttributeValues={":s": {"S": "ready"}}, **condition)
    assert "Item" not in media.get_item(Key=key)


def test_a_transaction_is_all_or_nothing_and_says_why(media: Table) -> None:
    first, second, third = a_key(), a_key(), a_key()
    media.put_item(Item=second)
    with pytest.raises(ClientError) as refusal:
        media.transact({"Put": {"Item": first}}, {"Put": {"Item": second, **NEW}}, {"Delete": {"Key": third}})
    response: Any = refusal.value.response
    assert response["Error"]["Code"] == "TransactionCanceledException"
    assert [reason["Code"] for reason in response["CancellationReasons"]] == ["None", "ConditionalCheckFailed", "None"]
    assert "Item" not in media.get_item(Key=first)


def test_a_transaction_of_all_four_kinds(media: Table) -> None:
    put, changed, gone, checked = a_key(), a_key(), a_key(), a_key()
    for key in (changed, gone, checked):
        media.put_item(Item=key)
    media.transact(
        {"Put": {"Item": put}},
        {"Update": {"Key": changed, "UpdateExpression": "SET a = :a", "ExpressionAttributeValues": {":a": {"S": "b"}}}},
        {"Delete": {"Key": gone}},
        {"ConditionCheck": {"Key": checked, "ConditionExpression": "attribute_exists(UserId)"}},
    )
    assert media.get_item(Key=put)["Item"] == put
    assert media.get_item(Key=changed)["Item"]["a"] == {"S": "b"}
    assert "Item" not in media.get_item(Key=gone)


def test_of_many_transactions_at_once_one_is_made(media: Table) -> None:
    shared = a_key()

    def claim(number: int) -> None:
        media.transact({"Put": {"Item": {**shared, "n": {"N": str(number)}}, **NEW}}, {"Put": {"Item": a_key()}})

    assert at_once(8, claim) == ["TransactionCanceledException"] * 7 + ["done"]


def test_a_transaction_repeated_with_its_token_counts_once(media: Table) -> None:
    key, token = a_key(), str(uuid.uuid4())
    media.put_item(Item={**key, "count": {"N": "0"}})
    add = {"Key": key, "UpdateExpression": "ADD #c :one", "ExpressionAttributeNames": {"#c": "count"}}
    for _ in range(3):
        media.transact({"Update": {**add, "ExpressionAttributeValues": {":one": {"N": "1"}}}}, ClientRequestToken=token)
    assert media.get_item(Key=key)["Item"]["count"] == {"N": "1"}
    with pytest.raises(ClientError) as refusal:
        media.transact({"Update": {**add, "ExpressionAttributeValues": {":one": {"N": "2"}}}}, ClientRequestToken=token)
    assert refusal.value.response["Error"]["Code"] == "IdempotentParameterMismatchException"


def test_a_transaction_has_an_item_once(media: Table) -> None:
    key = a_key()
    with pytest.raises(ClientError) as refusal:
        media.transact({"Put": {"Item": key}}, {"Delete": {"Key": key}})
    assert refusal.value.response["Error"]["Code"] == "ValidationException"


def test_a_query_is_in_order_and_pages(deployment: Deployment) -> None:
    photos, user = Table(deployment, "photos"), {"S": str(uuid.uuid4())}
    for moment in (5, 30, 200, 1000, 4):
        photos.put_item(Item={"userId": user, "uploadedAt": {"N": str(moment)}})
    asked: dict[str, Any] = {
        "KeyConditionExpression": "userId = :u",
        "ExpressionAttributeValues": {":u": user},
        "ScanIndexForward": False,
        "Limit": 2,
    }
    pages, after = list[list[int]](), dict[str, Any]()
    while True:
        page = photos.query(**asked, **after)
        pages.append([int(item["uploadedAt"]["N"]) for item in page["Items"]])
        if "LastEvaluatedKey" not in page:
            break
        after = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    assert [moment for page in pages for moment in page] == [1000, 200, 30, 5, 4]
    assert all(len(page) <= 2 for page in pages)


def test_a_query_by_the_beginning_of_a_sort_key(media: Table) -> None:
    user = {"S": str(uuid.uuid4())}
    for entity in ("UPLOAD#1", "UPLOAD#2", "OBJECT#photos#1", "PROFILE_PICTURE"):
        media.put_item(Item={"UserId": user, "EntityType": {"S": entity}})
    found = media.query(
        KeyConditionExpression="UserId = :u AND begins_with(EntityType, :b)",
        ExpressionAttributeValues={":u": user, ":b": {"S": "UPLOAD#"}},
        ConsistentRead=True,
    )
    assert [item["EntityType"]["S"] for item in found["Items"]] == ["UPLOAD#1", "UPLOAD#2"]


def test_the_due_index_is_sparse_and_in_order(deployment: Deployment, media: Table) -> None:
    user, shard = {"S": str(uuid.uuid4())}, {"S": str(uuid.uuid4())}
    for number, due in enumerate((300, 20, 1000)):
        entity = {"S": f"CLEANUP#{number}"}
        media.put_item(Item={"UserId": user, "EntityType": entity, "shard": shard, "due": {"N": str(due)}})
    media.put_item(Item={"UserId": user, "EntityType": {"S": "OBJECT#x"}})
    sweeper = deployment.client("dynamodb", "sweeper")
    found = sweeper.query(
        TableName=media.name,
        IndexName="due-index",
        KeyConditionExpression="#s = :s AND due <= :now",
        ExpressionAttributeNames={"#s": "shard"},  # a reserved word, on AWS too
        ExpressionAttributeValues={":s": shard, ":now": {"N": "300"}},
    )
    assert [item["due"]["N"] for item in found["Items"]] == ["20", "300"]


def test_a_batch_reads_what_is_there(media: Table) -> None:
    keys = [a_key() for _ in range(3)]
    for key in keys[:2]:
        media.put_item(Item=key)
    found = media.client.batch_get_item(RequestItems={media.name: {"Keys": keys}})
    assert len(found["Responses"][media.name]) == 2
    assert not found["UnprocessedKeys"]


def test_an_answer_has_its_checksum(media: Table) -> None:
    answer = media.get_item(Key=a_key())
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-amz-crc32"].isdigit()


def test_numbers_keep_all_their_digits(media: Table) -> None:
    key, number = a_key(), "12345678901234567890123456789012345678"
    media.put_item(Item={**key, "n": {"N": number}})
    assert media.get_item(Key=key)["Item"]["n"] == {"N": number}
