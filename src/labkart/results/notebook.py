"""What a notebook asks for: experiments as a table, and what a task computed. Runs nothing."""

import re
import shlex
import sys
from contextlib import chdir
from typing import TYPE_CHECKING, Any

from labkart import console, project
from labkart.errors import LabkartError, did_you_mean
from labkart.records import query
from labkart.records.query import Condition, Selection
from labkart.records.record import read_task

if TYPE_CHECKING:
    import pandas as pd

    from labkart.experiments.plan import Experiment

_SPACES = re.compile(r"\s*([!<>]?=|[<>])\s*")


def runs(
    conditions: str = "",
    *,
    sweep: str | None = None,
    study: str | None = None,
    tag: str | None = None,
    commit: str | None = None,
    since: str | None = None,
    until: str | None = None,
) -> "pd.DataFrame":
    """The experiments, newest first, a row each: `runs("model=forest accuracy>0.9")`, or `runs(sweep="1a0898")`.

    Returns:
        By id: when it began, its status, its settings, the values of its configuration by dotted names
        (`model.params.trees`), its metrics. Empty where nothing has run yet.

    Raises:
        LabkartError: no experiment has a value of one of the names, or there is no such sweep, study, tag or commit.
    """
    import pandas as pd

    from labkart.records.query import FACTS
    from labkart.results.runs import row

    where = [Condition.of(word) for word in shlex.split(_SPACES.sub(r"\1", conditions))]
    found = Selection(where, sweep, study, tag, commit, since, until).summaries()
    rows = [row(each) for each in found]
    names = list(dict.fromkeys([*FACTS, *(name for each in rows for name in each)]))
    table = pd.DataFrame(rows, columns=pd.Index(names)).set_index("id")
    # One kind of time for all of them, also where the clock was put forward between two.
    table["started"] = pd.to_datetime(table["started"], format="ISO8601", utc=True)
    return table


def load(experiment: str = "", task: str | None = None) -> Any:
    """What a task computed in an experiment: `load("model=forest seed=1", "EvaluateModel")`.

    Args:
        experiment: the words after `labkart run`, or the beginning of an experiment's id, as `runs()` has it.
        task: its name in the pipeline; without one, the last task. Several outputs come as they were declared.

    Raises:
        LabkartError: there is no such task, or its output is not there; says how to make it.
    """
    words = shlex.split(experiment)
    with chdir(project.current().root):
        if len(words) == 1 and re.fullmatch(r"\w+", words[0]):
            return _recorded(words[0], task)
        return _planned(words, task)


def _planned(words: list[str], name: str | None) -> Any:
    """By its settings: what the code and data of this moment would compute."""
    from labkart.experiments import config
    from labkart.experiments.plan import plan
    from labkart.fingerprint import fingerprint

    composed = config.compose_overrides(*words)
    config.check_additions(words)
    planned = plan(composed)
    label = name or list(planned.tasks)[-1]
    _check(label, list(planned.tasks))
    wanted, labels = planned.tasks[label], list(planned.tasks)
    needed = {type(planned.tasks[each]) for each in labels[: labels.index(label) + 1]}
    complete = wanted.complete()
    if not all(map(fingerprint.still_holds, needed)) or (not complete and _edited()):
        raise LabkartError(
            f"{label}: the code changed since this notebook imported it. Restart the kernel."
        )
    if not complete:
        until = [] if label == labels[-1] else [f"task={label}"]
        how = console.command(shlex.join(["run", *words, *until]))
        others = _other_packages(planned)
        raise LabkartError(
            f"{label} has no output for this yet{others}. Make it in a terminal: {how}"
        )
    return _content(wanted.output())


def _other_packages(planned: "Experiment") -> str:
    """What of the notebook's packages differs from the last run's, where nothing else stands in the way."""
    from labkart.experiments.status import statuses

    for each in statuses(planned):
        if (
            each.state == "changed"
            and each.changes.packages
            and not (each.changes.code or each.changes.data)
        ):
            told = ", ".join(each.changes.packages[:3])
            return (
                f" with the packages of this notebook ({told}; is its kernel the project's .venv?)"
            )
    return ""


def _edited() -> bool:
    """Whether a module of the project is not any more what this process imported."""
    from labkart.fingerprint import imports

    files = {
        name: getattr(sys.modules.get(name), "__file__", None)
        for name in imports.imported_modules()
    }
    return not all(imports.as_imported(file, name) for name, file in files.items() if file)


def _recorded(id: str, name: str | None) -> Any:
    """By an experiment's id: what it computed then, whatever the code is now."""
    from gokart.target import make_target

    record = query.find_experiment(id)
    uses = {use.label: use for use in record.tasks}
    label = name or list(uses)[-1]
    _check(label, list(uses))
    one = read_task(uses[label].name, uses[label].id)
    why = "its record is gone" if one is None else one.error or one.damage()
    if one is None or why:
        again = console.command(record.command.removeprefix("labkart "))
        raise LabkartError(
            f"{label} of {record.id[:8]} cannot be loaded: {why}. Make it in a terminal: {again}"
        )
    targets = [make_target(str(project.current().outputs / state.path)) for state in one.outputs]
    return _content(targets if len(targets) > 1 else targets[0])


def _check(label: str, known: list[str]) -> None:
    if label not in known:
        raise LabkartError(
            f"The pipeline has {', '.join(known)}, and no {label}. {did_you_mean(label, known)}"
        )


def _content(targets: Any) -> Any:
    """What is in the files, in the shape in which a task declares them."""
    if isinstance(targets, dict):
        return {name: _content(each) for name, each in targets.items()}
    if isinstance(targets, list | tuple):
        return [_content(each) for each in targets]
    return targets.load()
