"""Which values are worth a column: those that tell experiments apart and that no other column says."""

from pathlib import Path

from labkart.results.runs import Listing, varying
from tests.results.experiments import experiment


def test_a_value_that_was_asked_for_is_shown_although_the_file_tells_most_of_it(root: Path) -> None:
    other = experiment(2, "linear", overrides=["model.params.c=1.0"])
    assert varying([experiment(1), other]) == ["model", "model.params.c"]


def test_a_value_of_a_file_that_was_edited_is_shown(root: Path) -> None:
    edited = experiment(2)
    edited.config["split"]["test_size"] = 0.5
    assert varying([experiment(1), edited]) == ["split.test_size"]


def test_a_value_that_follows_from_the_chosen_file_is_not_shown(root: Path) -> None:
    assert varying([experiment(1), experiment(2, "linear")]) == ["model"]


def test_of_two_values_that_always_change_together_only_the_first_is_shown(root: Path) -> None:
    experiments = [experiment(number, seed=number) for number in (1, 2)]
    for record in experiments:
        record.config["split"]["test_size"] = record.settings["seed"]
    assert varying(experiments) == ["seed"]


def test_null_is_a_value_and_numbers_are_shown_as_they_are_typed(root: Path) -> None:
    experiments = [experiment(number) for number in (1, 2, 3)]
    for record, penalty in zip(experiments, [None, "NaN", "-Infinity"], strict=True):
        record.settings["penalty"] = penalty
    cells = {column.head: column.cells for column in Listing(experiments).columns()}
    assert cells["penalty"] == ["null", "nan", "-inf"]
    del experiments[0].settings["penalty"]
    assert Listing(experiments).columns()[3].cells == ["-", "nan", "-inf"]
