"""Expressions: those of the SDK's stream_maps, where what is missing is null (docs/mapping.md)."""

from __future__ import annotations

import contextlib
import datetime
import warnings
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from simpleeval import FeatureNotAvailable

from squadstack.mapping.expressions import ExpressionError, compile_expression, scope
from squadstack.mapping.values import InvalidValueError

LAW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
RECORD = {
    "id": 7,
    "name": "Anita",
    "empty": "",
    "nothing": None,
    "whole": 101.0,
    "amount": 2499.5,
    "yes": True,
    "properties": {"city": "Pune", "nothing": None, "deep": {"er": 1}, "_id": "m1", "items": [1], "get": "got"},
    "tags": ["vip", "new"],
    "addresses": [{"phone": "1"}, {"phone": "2"}],
    "Lead Id": "spaced",
    "class": "reserved",
    "text_json": '{"a": [1, 2]}',
    "gid": "gid://shopify/Customer/42",
}


def value(text: str, record: dict[str, Any] = RECORD, **config: Any) -> Any:
    return compile_expression(text).evaluate(scope(record, stream="contacts", config=config))


# -- names and paths ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id", 7),
        ("  name ", "Anita"),
        ("properties.city", "Pune"),
        ("properties.deep.er", 1),
        ("properties['city']", "Pune"),
        ("properties._id", "m1"),
        ("properties.items", [1]),
        ("properties.get", "got"),
        ("tags[0]", "vip"),
        ("tags[1]", "new"),
        ("addresses[1].phone", "2"),
        ("name[0]", "A"),
        ("record['Lead Id']", "spaced"),
        ("record['class']", "reserved"),
        ("_['Lead Id']", "spaced"),
        ("record.properties.city", "Pune"),
        ("__stream_name__", "contacts"),
        ("config.prefix", "p-"),
    ],
)
def test_a_path_reaches_into_the_record(text: str, expected: Any) -> None:
    """Fields are names, dots and subscripts go into nested objects, `record[…]` reaches any name."""
    assert value(text, prefix="p-") == expected
    assert value(f"coalesce({text}, 'x')", prefix="p-") == expected


@pytest.mark.parametrize(
    "text",
    [
        "other",
        "nothing",
        "nothing.more",
        "nothing['more']",
        "properties.other",
        "properties.nothing",
        "properties.nothing.more",
        "properties.other.more.still",
        "properties._other",
        "properties.values",
        "properties.keys",
        "properties.format",
        "record['other']",
        "tags[2]",
        "tags[-3]",
        "tags['x']",
        "tags.phone",
        "id.more",
        "name.more",
        "name.upper",
        "name['x']",
        "name[99]",
        "id[0]",
        "properties[0]",
        "config.other",
    ],
)
def test_what_is_missing_is_null(text: str) -> None:
    """At any depth, in a list or an object or neither; alone and inside a larger expression alike."""
    assert value(text) is None
    assert value(f"coalesce({text}, 'else')") == "else"


@pytest.mark.parametrize(
    "name", ["join", "tail", "coalesce", "to_json", "str", "int", "bool", "md5", "json", "datetime", "rand", "list"]
)
def test_a_field_hides_a_function_of_its_name(name: str) -> None:
    """A name is a field, present or missing; what is called is a function."""
    assert value(name, {name: "mine"}) == "mine"
    assert value(name, {}) is None
    assert value(f"coalesce({name}, 'else')", {}) == "else"
    assert value(f"coalesce({name}.x, 'else')", {name: {"x": 1}}) == 1


def test_a_function_is_called_though_a_field_has_its_name() -> None:
    assert value("join(join, tail(id))", {"join": "a", "id": "x/b"}) == "a b"


def test_a_field_never_hides_record() -> None:
    record = {"record": "mine", "_": "mine", "a": 1}
    assert value("record.a", record) == value("_.a", record) == 1
    assert value("record['record']", record) == "mine"


def test_a_module_is_hidden_by_a_field_that_is_null() -> None:
    assert value("coalesce(datetime.year, 'else')", {"datetime": None}) == "else"


# -- null -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operator", ["==", "!=", "<", "<=", ">", ">=", "in", "not in"])
@pytest.mark.parametrize("other", ["1", "'a'", "None", "[1]", "nothing", "other"])
def test_a_comparison_with_null_is_null(operator: str, other: str) -> None:
    assert value(f"nothing {operator} {other}") is None
    assert value(f"{other} {operator} nothing") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nothing is None", True),
        ("id is None", False),
        ("id is not None", True),
        ("not nothing", True),
        ("not id", False),
        ("nothing == 1 or id == 7", True),
        ("nothing == 1 and id == 7", None),
        ("1 < nothing < 3", None),
        ("1 < id < 9", True),
        ("'x' if nothing else 'y'", "y"),
        ("empty == ''", True),
        ("empty != 'a'", True),
        ("id in [1, 7]", True),
        ("'vip' in tags", True),
        ("'old' not in tags", True),
        ("'city' in properties", True),
    ],
)
def test_what_is_not_null_compares_as_ever(text: str, expected: Any) -> None:
    """Null is told by `is None` or `not`; the empty text is a value."""
    result = value(text)
    assert (result, type(result)) == (expected, type(expected))


@pytest.mark.parametrize(
    "text",
    ["nothing + 1", "id + name", "int(name)", "int(nothing)", "nothing.upper()", "id < name", "1 / 0", "md5(id)"],
)
def test_any_other_error_is_raised(text: str) -> None:
    """The mapping rejects the action for it."""
    expression = compile_expression(text)
    with pytest.raises((TypeError, ValueError, ArithmeticError, AttributeError)):
        expression.evaluate(scope(RECORD, stream="contacts", config={}))


# -- functions ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("coalesce(nothing, other, empty, name)", ""),
        ("coalesce(nothing, yes)", True),
        ("coalesce(nothing)", None),
        ("coalesce()", None),
        ("join(name, nothing, 'Rao')", "Anita Rao"),
        ("join(nothing, other)", None),
        ("join(empty, ' ')", None),
        ("join(' Anita ', empty, 'Rao')", "Anita Rao"),
        ("join(id, whole, amount, yes)", "7 101 2499.5 true"),
        ("tail(gid)", "42"),
        ("tail('42')", "42"),
        ("tail(nothing)", None),
        ("tail(whole)", "101"),
        ("to_json(properties.deep)", '{"er": 1}'),
        ("to_json(tags)", '["vip", "new"]'),
        ("to_json(name)", '"Anita"'),
        ("to_json('पुणे')", '"पुणे"'),
        ("to_json(nothing)", None),
    ],
)
def test_the_functions_for_leads(text: str, expected: Any) -> None:
    result = value(text)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("str(id)", "7"),
        ("int('7')", 7),
        ("float('7.5')", 7.5),
        ("bool(empty)", False),
        ("md5(name)", "9888cd5c082b9e015300afd756fc7f13"),
        ("sha256('')", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("json.loads(text_json)['a'][1]", 2),
        ("json.dumps(tags)", '["vip", "new"]'),
        ("datetime.date(2026, 1, 2).isoformat()", "2026-01-02"),
        ("datetime.datetime.fromisoformat('2026-01-02').date()", datetime.date(2026, 1, 2)),
        ("datetime.date(2026, 1, 2).year", 2026),
        ("name.upper()", "ANITA"),
        ("name.replace('A', 'a').strip()", "anita"),
        ("'-'.join(tags)", "vip-new"),
        ("', '.join([tag.title() for tag in tags if tag != 'new'])", "Vip"),
        ("properties.get('city')", "Pune"),
        ("f'{id}-{name}'", "7-Anita"),
        ("id * 2 + 1", 15),
        ("name[1:3]", "ni"),
        ("[*tags, 'x']", ["vip", "new", "x"]),
        ("{1: 'one', 7: 'seven'}[id]", "seven"),
        ("{1: 'one'}[id]", None),
        ("'gold' if amount > 1000 else 'silver'", "gold"),
        ("'a literal'", "a literal"),
        ("5", 5),
        ("None", None),
        ("True", True),
    ],
)
def test_the_sdks_expressions_work(text: str, expected: Any) -> None:
    assert value(text) == expected


@pytest.mark.parametrize("text", ["to_json(x)", "join('a', x)"])
@pytest.mark.parametrize("bad", [float("nan"), [float("inf")], "\ud800", ["\udfff"]])
def test_what_cannot_be_sent_is_not_hidden_in_a_text(text: str, bad: Any) -> None:
    with pytest.raises(InvalidValueError):
        value(text, {"x": bad})


@pytest.mark.parametrize("text", ["name.__class__", "(1).__class__.__bases__", "record.__init__", "tags.__len__"])
def test_a_dot_reaches_data_and_nothing_of_python(text: str) -> None:
    assert value(f"coalesce({text}, 'else')") == "else"


@pytest.mark.parametrize(
    "text", ["json.codecs", "json.decoder.JSONDecoder()", "json.codecs.open('/etc/passwd')", "json._default"]
)
def test_a_module_leads_to_no_other_module(text: str) -> None:
    with pytest.raises(FeatureNotAvailable):
        value(f"coalesce({text})")


# -- faults ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "'' is not an expression"),
        ("a b", "'a b' is not an expression"),
        ("a = 1", "'a = 1' is not an expression"),
        ("Lead Id", "'Lead Id' is not an expression"),
        ("import os", "'import os' is not an expression"),
        ("len(name)", "'len(name)' uses the function len, which there is none of"),
        ("tial(gid)", "'tial(gid)' uses the function tial, which there is none of"),
        ("datetime(1)", "'datetime(1)' uses the function datetime, which there is none of"),
        ("open('/etc/passwd')", "'open('/etc/passwd')' uses the function open, which there is none of"),
        ("lambda: 1", "'lambda: 1' uses Lambda, which expressions do not have"),
        ("{x for x in tags}", "'{x for x in tags}' uses SetComp, which expressions do not have"),
        ("(x := 1)", "'(x := 1)' uses NamedExpr, which expressions do not have"),
        ("a @ b", "'a @ b' uses MatMult, which expressions do not have"),
        ("join(*tags)", "'join(*tags)' spreads a list with *, which only another list can take"),
        ("join(**a)", "'join(**a)' spreads a list with *, which only another list can take"),
        ("(*tags, 1)", "'(*tags, 1)' spreads a list with *, which only another list can take"),
        ("'{}'.format(id)", "''{}'.format(id)' uses the method format, which is not available"),
        ("name.__class__()", "'name.__class__()' uses the method __class__, which is not available"),
        ("int('1')()", "'int('1')()' calls what is no function"),
        ("b'x'", "'b'x'' holds a literal of type bytes, which a record cannot hold"),
        ("...", "'...' holds a literal of type ellipsis, which a record cannot hold"),
    ],
)
def test_what_could_never_be_evaluated_is_refused_at_the_start(text: str, fault: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text)
    assert str(caught.value) == fault


@pytest.mark.parametrize(
    "text",
    [
        "a+" * 20_000 + "a",
        "a." * 20_000 + "a",
        "(" * 5_000 + "1" + ")" * 5_000,
        "-" * 20_000 + "1",
        "9" * 5_000,
    ],
    ids=lambda text: text[:4],
)
@pytest.mark.parametrize("is_filter", [False, True])
def test_what_is_too_deep_or_long_is_refused_like_anything_else(text: str, *, is_filter: bool) -> None:
    with pytest.raises(ExpressionError):
        compile_expression(text, is_filter=is_filter)


@LAW
@given(st.text(alphabet="abcid_.,()[]{}'\"0123456789 +-*/%<>=!|&^~@:\\nrifelsotknu\n\0\ud800é"))
def test_any_text_compiles_or_is_refused(text: str) -> None:
    """Law: nothing but an ExpressionError leaves the compiler."""
    with warnings.catch_warnings(), contextlib.suppress(ExpressionError):
        warnings.simplefilter("ignore")  # Python's own, on odd escapes and literals
        compile_expression(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("from_json(text_json).a[1]", 2), ("from_json(tags)", ["vip", "new"]), ("from_json(other)", None)]
    + [(f"from_json({empty})", None) for empty in ("empty", "' '", "'null'")],
)
def test_what_a_json_text_holds(text: str, expected: Any) -> None:
    """An empty cell holds nothing; what is no text stays as it is."""
    assert value(text) == expected


# -- paths for the warning ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("id", {("id",)}),
        ("properties.city", {("properties", "city")}),
        ("record['Lead Id']", {("Lead Id",)}),
        ("_.a.b", {("a", "b")}),
        ("join(a, b.c, 'x')", {("a",), ("b", "c")}),
        ("a.upper()", {("a",)}),
        ("a.get('x')", {("a",)}),
        ("tags[0].x", {("tags", 0, "x")}),
        ("a[b]", {("a",), ("b",)}),
        ("[x.y for x in items_]", {("items_",)}),
        ("tail", {("tail",)}),
        ("tail(id)", {("id",)}),
        ("record", set()),
        ("record.get('a')", set()),
        ("config.x", set()),
        ("__stream_name__", set()),
        ("datetime.datetime.now()", set()),
        ("json.loads(a)", {("a",)}),
        ("'literal'", set()),
        ("a if b == 1 else c", {("a",), ("b",), ("c",)}),
    ],
)
def test_the_paths_that_an_expression_reads_are_known(text: str, paths: set[Any]) -> None:
    """They are what the warning about names that no schema declares is made of."""
    assert compile_expression(text).paths == paths


@LAW
@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("ab"), inner),
    )
)
def test_a_plain_path_means_the_same_inside_an_expression(field: Any) -> None:
    """Law: the quick look-up and the evaluator agree, whatever the field holds."""
    for path in ("field", "field.a", "field.a.b", "field[0]", "field['a']", "field[0].a", "record['field'].a"):
        assert value(path, {"field": field}) == value(f"({path}) if True else None", {"field": field})
