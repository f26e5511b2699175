"""Conditions: what was run is found by the same words."""

from dataclasses import replace
from typing import Any

import pytest

from labkart import LabkartError
from labkart.records.condition import Condition
from tests.records.test_record import EXPERIMENT


def holds(word: str, value: Any) -> bool:
    config = {"model": {"value": value}} if value is not MISSING else {"model": {}}
    record = replace(EXPERIMENT, settings={}, config=config, metrics={}, logged_params={})
    return Condition.of(f"model.value{word}").holds(record)


MISSING = object()


@pytest.mark.parametrize(
    ("word", "values", "others"),
    [
        ("=[16,16]", [[16, 16], [16.0, 16]], [[16], [16, 8], "[16,16]", 16, None]),
        ("=[8],[16,16]", [[8], [16, 16]], [[8, 16], 8]),
        ("=[]", [[]], [None, "", [1]]),
        ("=[a,'b, c',null]", [["a", "b, c", None]], [["a", "b, c"], ["a", "b", "c"]]),
        ("=null", [None, MISSING, "null"], [0, "", False, "none"]),
        ("=nan", [float("nan"), "NaN"], [0, None]),
        ("=inf", [float("inf"), "Infinity"], [float("-inf"), 0]),
        ("='a, b'", ["a, b"], ["a", "b", "'a, b'"]),
        ('="it\'s"', ["it's"], ["its"]),
        ("=a\\, b", ["a, b"], ["a", "b"]),
        ("='1'", ["1"], [1, True]),
        ("=1", [1, 1.0, "1"], [True, 10]),
        ("={a:1}", [{"a": 1}, {"a": 1, "b": 2}], [{"a": 2}, {"b": 2}, 1]),
        ("={a:{b:[1]}}", [{"a": {"b": [1], "c": 0}}], [{"a": {"b": 1}}]),
        ("=range(3)", [0, 1, 2], [3]),
        ("=choice(a,b)", ["a", "b"], ["c"]),
        ("=a,null", ["a", None], ["b"]),
        ("=true", [True], [1, False]),
        ("=for*,lin?ar", ["forest", "linear"], ["net"]),
        ("=学習", ["学習"], ["学"]),
        ("=(", ["("], [")"]),
        ("!=[8]", [[16], None, MISSING], [[8]]),
        ("=", [""], ["a", None]),
        ("=a=b", ["a=b"], ["a"]),
    ],
)
def test_a_value_is_found_by_the_words_that_ran_it(
    word: str, values: list[Any], others: list[Any]
) -> None:
    assert [value for value in values if not holds(word, value)] == []
    assert [value for value in others if holds(word, value)] == []


def test_of_dictionaries_that_were_typed_as_a_whole_each_is_found_alone() -> None:
    typed = {"{a:1}": {"a": 1}, "{a:1,b:2}": {"a": 1, "b": 2}, "{}": {}}
    records = [
        replace(EXPERIMENT, overrides=[f"value={text}"], settings={}, config={"value": value})
        for text, value in typed.items()
    ]
    for position, text in enumerate(typed):
        condition = Condition.of(f"value={text}")
        assert [condition.holds(record) for record in records].index(True) == position
        assert sum(map(condition.holds, records)) == 1


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("model", "model: must be a name and a value, such as model=forest, model!=forest or accuracy>=0.9."),
        ("x>a", 'x>a: "a" is not a number.'),
        ("model=glob(for*)", r"model=glob(for*): write the pattern itself: model=for*"),
        ("x=interval(0,1)", "x=interval(0,1): write the limits as conditions, with < and >."),
    ],
)  # fmt: skip
def test_what_is_no_condition_is_refused(word: str, sentence: str) -> None:
    with pytest.raises(LabkartError) as error:
        Condition.of(word)
    assert str(error.value) == sentence


def test_a_metric_is_found_beside_a_section_of_its_name() -> None:
    record = replace(
        EXPERIMENT, settings={}, config={"loss": {"name": "l1"}}, metrics={"loss": 0.5}
    )
    assert Condition.of("loss<1").holds(record)
    assert Condition.of("loss={name:l1}").holds(record) is False
