"""Experiments beside each other: what counts as a seed, means and deviations, what is best."""

from dataclasses import replace
from math import inf, nan, sqrt
from typing import Any

import pytest

from labkart.records.direction import Directions
from labkart.records.record import ExperimentRecord
from labkart.records.seeds import Group, Ranking, mean
from tests.records.test_record import EXPERIMENT


def record(
    *words: str, status: str = "finished", metrics: dict[str, float] | None = None, **config: Any
):
    """An experiment whose plain values are its settings, and all of whose values are its configuration."""
    settings = {name: value for name, value in config.items() if not isinstance(value, dict)}
    return replace(
        EXPERIMENT,
        overrides=list(words),
        settings=settings,
        config=config,
        status=status,
        metrics=metrics or {},
    )


BY_SCORE = Ranking(directions=Directions(["score"]))


def scored(score: float, **config: Any) -> ExperimentRecord:
    return record(metrics={"score": score}, **config)


def settings(groups: list[Group]) -> list[dict[str, str]]:
    return [group.settings for group in groups]


def test_a_group_is_what_differs_in_seeds_alone() -> None:
    records = [scored(seed, model=model, seed=seed) for model in "ab" for seed in (1, 2, 6)]
    groups = BY_SCORE.group(records)
    assert settings(groups) == [{"model": "a"}, {"model": "b"}]
    assert [len(group.records) for group in groups] == [3, 3]
    assert groups[0].mean("score") == 3
    assert groups[0].deviation("score") == pytest.approx(sqrt((4 + 1 + 9) / 2)), (
        "of a sample: n - 1"
    )


def test_a_seed_of_another_name_or_place_is_no_seed_until_it_is_said() -> None:
    records = [
        record(
            f"split.seed={seed}",
            metrics={"score": seed},
            seed=0,
            split={"seed": seed, "test_size": 0.25},
        )
        for seed in (0, 1)
    ]
    assert settings(BY_SCORE.group(records)) == [{"split.seed": "1"}, {"split.seed": "0"}]
    (group,) = Ranking(seeds=["seed", "split.seed"]).group(records)
    assert (group.settings, group.mean("score")) == ({}, 0.5)
    assert len(Ranking(seeds=[]).group([scored(1, seed=1), scored(2, seed=2)])) == 2


def follower(kind: str, seed: int, params: dict[str, Any]) -> ExperimentRecord:
    """A run of which some settings are made of the seed, as `${seed}` in `conf/` makes them."""
    model = {"name": kind, "params": params}
    references = {"model.params.seed": ["seed"], "copy": ["model.params"], "tag": ["copy.seed"]}
    run = scored(seed, seed=seed, model=model, copy=params, tag=f"run-{seed}")
    return replace(run, references=references, overrides=[f"model={kind}"])


@pytest.mark.parametrize("seeds", [["seed"], ["seed", "model.params.seed"]])
def test_what_follows_a_seed_parts_nothing(seeds: list[str]) -> None:
    records = [follower("lsa", seed, {"seed": seed, "depth": 3}) for seed in (0, 1)]
    records += [
        replace(follower("bm25", seed, {"b": 0.5}), references={"tag": ["seed"]}) for seed in (0, 1)
    ]
    ranking = Ranking(seeds=seeds)
    groups = ranking.group(records)
    assert [len(group.records) for group in groups] == [2, 2]
    assert {ranking.seed_key(record) for record in records} == {(("seed", 0),), (("seed", 1),)}
    assert all("seed" not in name for group in groups for name in group.settings)


def test_a_value_that_was_typed_in_place_of_the_seed_parts_groups() -> None:
    records = [follower("lsa", seed, {"seed": seed}) for seed in (0, 1)]
    records += [replace(follower("lsa", seed, {"seed": 7}), references={}) for seed in (0, 1)]
    assert len(BY_SCORE.group(records)) > 1


def test_a_value_that_no_word_and_no_setting_shows_still_parts_groups() -> None:
    records = [scored(1, split={"test_size": size}) for size in (0.1, 0.2)]
    assert len(BY_SCORE.group(records)) == 2


def test_a_setting_of_the_machinery_parts_nothing() -> None:
    records = [scored(1, seed=seed, labkart={"workers": seed}) for seed in (1, 2)]
    assert len(BY_SCORE.group(records)) == 1


def test_a_trial_of_a_search_is_in_the_group_of_its_other_seeds() -> None:
    trial = record(
        "search=wide", metrics={"score": 1}, seed=0, search={"n_trials": 30, "sampler": "TPE"}
    )
    assert settings(BY_SCORE.group([trial, scored(1, seed=1)])) == [{}]


def test_a_group_is_told_by_what_varies_and_by_nothing_else() -> None:
    records = [
        record(
            f"model.params.c={c}",
            "+note=x",
            metrics={"score": c},
            data="wine",
            model={"params": {"c": c}},
        )
        for c in (0.1, 10)
    ]
    assert settings(BY_SCORE.group(records)) == [
        {"model.params.c": "10"},
        {"model.params.c": "0.1"},
    ]
    assert settings(BY_SCORE.group(records[:1])) == [{}]


def test_a_setting_that_one_group_does_not_have_is_empty_there() -> None:
    records = [scored(2, model="a"), record("+depth=3", metrics={"score": 1}, model="a", depth=3)]
    assert settings(BY_SCORE.group(records)) == [{"depth": ""}, {"depth": "3"}]


def test_what_was_said_of_one_group_only_is_shown_of_all() -> None:
    records = [
        record(metrics={"score": 2}, split={"test_size": 0.25}),
        record("split.test_size=0.5", metrics={"score": 1}, split={"test_size": 0.5}),
    ]
    assert settings(BY_SCORE.group(records)) == [
        {"split.test_size": "0.25"},
        {"split.test_size": "0.5"},
    ]


def named(experiment: str | None, score: float, seed: int, model: str = "a") -> ExperimentRecord:
    """A run with a file of `conf/experiment/`, which only sets what others may say as well."""
    run = scored(score, seed=seed, model=model)
    return replace(run, settings={**run.settings, "experiment": experiment})


def test_a_name_for_other_settings_parts_nothing() -> None:
    records = [
        named("compare", 1, 0),
        named(None, 3, 1),
        named("compare", 0, 0, "b"),
        named("compare", 0, 1, "b"),
    ]
    groups = BY_SCORE.group(records)
    assert settings(groups) == [{"model": "a"}, {"model": "b"}]
    assert groups[0].values("score") == [1, 3]


def test_of_one_seed_under_two_names_each_is_shown() -> None:
    records = [named(name, 1, seed) for name in ("compare", "again") for seed in (0, 1)]
    groups = BY_SCORE.group(records)
    assert settings(groups) == [{"experiment": "compare"}, {"experiment": "again"}]
    assert [len(group.records) for group in groups] == [2, 2]


def test_the_order_of_settings_makes_no_other_configuration() -> None:
    records = [scored(1, seed=0, a=1, b=2), scored(3, b=2, a=1, seed=1)]
    (group,) = BY_SCORE.group(records)
    assert group.mean("score") == 2


def test_a_seed_may_be_a_list() -> None:
    records = [scored(1, seed=[1, 2]), scored(3, seed=[3, 4])]
    (group,) = BY_SCORE.group(records)
    assert (group.mean("score"), BY_SCORE.seed_key(records[0])) == (2, (("seed", "[1, 2]"),))


def test_one_and_one_point_nought_are_the_same_value() -> None:
    records = [
        record(metrics={"score": 1}, seed=0, params={"c": 1.0}),
        record("params.c=1", metrics={"score": 2}, seed=1, params={"c": 1}),
        record("params.c=1e300", metrics={"score": 0}, seed=1, params={"c": 1e300}),
    ]
    groups = BY_SCORE.group(records)
    assert settings(groups) == [{"params.c": "1"}, {"params.c": "1e+300"}]
    assert [len(group.records) for group in groups] == [2, 1]


def test_a_text_is_another_value_than_what_it_says() -> None:
    values = [None, "", "null", True, "True", 1, "1", nan, "nan"]
    groups = BY_SCORE.group([scored(1, seed=0, params={"c": value}) for value in values])
    assert [len(group.records) for group in groups] == [1] * len(values)
    read = scored(2, seed=1, params={"c": "NaN"})  # as a record of another command has it
    assert len(BY_SCORE.group([scored(1, seed=0, params={"c": nan}), read])) == 1


def test_the_best_mean_is_first_and_of_a_loss_the_lowest() -> None:
    records = [
        record(metrics={"accuracy": value, "val_loss": value}, model=str(value))
        for value in (0.2, 0.9, 0.5)
    ]

    def order(metric: str | None) -> list[str]:
        return [group.settings["model"] for group in Ranking(metric=metric).group(records)]

    assert order(None) == order("accuracy") == ["0.9", "0.5", "0.2"]
    assert order("val_loss") == ["0.2", "0.5", "0.9"]


def test_where_nobody_knows_what_is_better_nothing_is_ranked() -> None:
    records = [scored(value, model=model) for value, model in ((0.2, "b"), (0.9, "a"), (0.5, "c"))]

    def order(ranking: Ranking) -> list[str]:
        return [group.settings["model"] for group in ranking.group(records)]

    assert order(Ranking()) == ["a", "b", "c"]
    assert order(Ranking.of({"higher_is_better": ["score"]})) == ["a", "c", "b"]
    assert order(Ranking.of({"lower_is_better": ["score"]})) == ["b", "c", "a"]


def test_the_metric_that_ranks_is_shown_first() -> None:
    groups = Ranking(metric="c").group([record(metrics={"a": 1, "b": 2, "c": 3})])
    assert Ranking(metric="c").metrics(groups) == ["c", "a", "b"]
    assert Ranking().metrics(groups) == ["a", "b", "c"]


def test_groups_without_a_number_are_last() -> None:
    records = [
        scored(nan, model="nan"),
        record(model="none"),
        record(model="failed", status="failed", metrics={"score": 9.0}),
        scored(1, model="one"),
        scored(float("-inf"), model="least"),
    ]
    groups = BY_SCORE.group(records)
    assert [group.settings["model"] for group in groups][:2] == ["one", "least"]
    failed = next(group for group in groups if group.settings["model"] == "failed")
    assert (failed.mean("score"), failed.deviation("score"), failed.values("score")) == (
        None,
        None,
        [],
    )


def test_a_failed_seed_does_not_count() -> None:
    records = [
        scored(1, seed=1),
        scored(3, seed=2),
        record(seed=3, status="failed", metrics={"score": 100}),
    ]
    (group,) = BY_SCORE.group(records)
    assert (group.mean("score"), group.values("score"), len(group.records)) == (2, [1, 3], 3)


def test_one_seed_has_no_deviation_and_equal_ones_have_none_to_speak_of() -> None:
    assert BY_SCORE.group([scored(1, seed=1)])[0].deviation("score") is None
    assert BY_SCORE.group([scored(0.1, seed=seed) for seed in range(3)])[0].deviation(
        "score"
    ) == pytest.approx(0)


def test_nothing_makes_no_groups() -> None:
    assert BY_SCORE.group([]) == [] and Ranking().metrics([]) == []


def test_a_masked_value_makes_no_group_and_a_label_that_tells_nothing() -> None:
    records = [
        replace(
            scored(score, api={"token": "***"}, seed=seed),
            overrides=["api.token=***"],
            masked={"api.token": digest},
        )
        for score, seed, digest in [(3, 0, "aaaaaaaa"), (2, 1, "aaaaaaaa"), (1, 0, "bbbbbbbb")]
    ]
    groups = BY_SCORE.group(records)
    assert [len(group.records) for group in groups] == [2, 1]
    assert settings(groups) == [{"api.token": "*** #aaaaaa"}, {"api.token": "*** #bbbbbb"}]


def test_cells_show_dictionaries_and_null_also_of_what_another_command_ran() -> None:
    records = [
        scored(2, net={"a": 1, "b": None}, note=None),
        record("net={a:2}", "note=x", metrics={"score": 1}, net={"a": 2, "b": None}, note="x"),
    ]
    assert settings(Ranking().group(records)) == [
        {"net": "{a: 1, b: null}", "note": "null"},
        {"net": "{a: 2, b: null}", "note": "x"},
    ]


def test_unlike_experiments_have_empty_cells_for_what_they_do_not_have() -> None:
    records = [
        record("model=a", "net.k=1", metrics={"score": 2}, model="a", net={"k": 1}),
        record("model=b", "net.dim=3", metrics={"score": 1}, model="b", net={"dim": 3}),
    ]
    assert settings(Ranking().group(records)) == [
        {"model": "a", "net.k": "1", "net.dim": ""},
        {"model": "b", "net.k": "", "net.dim": "3"},
    ]


def test_a_group_of_files_that_was_left_out_is_null() -> None:
    records = [
        record("~experiment", metrics={"score": 2}, seed=0),
        replace(record("experiment=e", metrics={"score": 1}, seed=0), settings={"experiment": "e"}),
    ]
    assert settings(Ranking().group(records)) == [{"experiment": "e"}, {"experiment": "null"}]


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1e308, 1.7e308], 1.35e308), ([inf, -inf], nan), ([1e308, 1e308, inf], inf)],
)
def test_the_mean_of_values_that_are_too_large_to_add_is_right(
    values: list[float], expected: float
) -> None:
    assert mean(values) == pytest.approx(expected, nan_ok=True)
