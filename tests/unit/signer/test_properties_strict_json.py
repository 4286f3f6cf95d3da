"""S20: JSON is decoded strictly, or refused; nothing in between, and never another exception."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signer_service.errors import InvalidJson
from signer_service.jws import decode_json

texts = st.text(st.characters(exclude_categories=["Cs"]))
scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | texts | st.sampled_from(['{"', "[[", '\\"', "]"])
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=25)


def depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


def nested(value: Any, levels: int) -> Any:
    for level in range(levels):
        value = [value] if level % 2 else {"in": value}
    return value


@given(values, st.booleans(), st.sampled_from([None, 1]))
def test_s20_what_is_strict_reads_back(value: Any, escaped: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=escaped, indent=indent).encode()
    if depth(value) <= 20:
        assert decode_json(text) == value
    else:
        with pytest.raises(InvalidJson):
            decode_json(text)


@given(values, st.integers(0, 40))
def test_s20_depth_is_counted_in_levels_and_not_in_brackets(value: Any, levels: int) -> None:
    deep = nested(value, levels)
    text = json.dumps(deep).encode()
    if depth(deep) > 20:
        with pytest.raises(InvalidJson):
            decode_json(text)
    else:
        assert decode_json(text) == deep


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
@example(b"[" * 100_000)
@example(b'"' * 100_000)
@example(b'{"a":' * 50_000)
@example(b'"\\' * 50_000)
@example(b"9" * 60_000)
@example(b"-")
def test_s20_any_bytes_are_json_or_refused(text: bytes) -> None:
    try:
        decoded = decode_json(text)
    except InvalidJson:
        return
    assert json.loads(json.dumps(decoded)) == decoded
    json.dumps(decoded, ensure_ascii=False).encode()


@given(texts, values, values, st.integers(0, 17))
def test_s20_a_name_twice_is_refused_at_every_level(name: str, one: Any, other: Any, levels: int) -> None:
    written = json.dumps(name)
    text = f"{{{written}:{json.dumps(one)},{written}:{json.dumps(other)}}}"
    for level in range(levels):
        text = f"[{text}]" if level % 2 else f'{{"in":{text}}}'
    with pytest.raises(InvalidJson):
        decode_json(text.encode())


@given(st.floats().map(repr) | st.sampled_from(["NaN", "Infinity", "-Infinity", "1e3", "1E-2", "1e400", "-0.0"]))
@example("nan")
@example("0x10")
@example("1_0")
@example("１")
@example("01")
@example("+1")
def test_s20_numbers_are_whole(number: str) -> None:
    with pytest.raises(InvalidJson):
        decode_json(f'{{"n":{number}}}'.encode())


@given(values, st.sampled_from(["utf-16", "utf-16-le", "utf-32", "utf-8-sig"]))
def test_s20_utf_8_without_a_byte_order_mark(value: Any, encoding: str) -> None:
    with pytest.raises(InvalidJson):
        decode_json(json.dumps([value]).encode(encoding))


@given(st.integers(0xD800, 0xDFFF), texts)
def test_s20_a_lone_surrogate_is_refused(surrogate: int, behind: str) -> None:
    text = f'{{"\\u{surrogate:04x} ":{json.dumps(behind)}}}'
    with pytest.raises(InvalidJson):
        decode_json(text.encode())
