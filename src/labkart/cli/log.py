"""`labkart log`: what the tasks of an experiment printed."""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import TYPE_CHECKING

from labkart import console, project
from labkart.cli import overrides
from labkart.language import mistake, translate
from labkart.records.states import describe_state

if TYPE_CHECKING:
    from labkart.records.record import ExperimentRecord
    from labkart.results.log import TaskLog


def main(argv: list[str]) -> int:
    """Print the logs of an experiment's tasks."""
    parser = ArgumentParser(
        "labkart log",
        usage="labkart log [RUN] [TASK] [--follow]",
        description=translate(
            "Print what the tasks of an experiment printed. RUN is the beginning of "
            "an experiment's id; without it, the last experiment is meant. TASK is "
            "the name of a task as labkart status shows it, its class, or the key of "
            "a result."
        ),
        allow_abbrev=False,
    )
    parser.add_argument(
        "words", nargs="*", metavar="RUN TASK", help=translate("which experiment, which task")
    )
    follow = translate("go on printing while the task or the experiment runs")
    parser.add_argument("-f", "--follow", action="store_true", help=follow)
    args = overrides.parse(parser, argv)
    from labkart.results import log

    os.chdir(project.current().root)
    words = args.words
    has_id = bool(words) and overrides.is_id(words)
    experiment = _experiment(words[0] if has_id else "")
    name = " ".join(words[1:] if has_id else words)
    logs = log.logs_of(experiment, name)
    if args.follow and log.is_running(experiment):
        _follow(logs)
    else:
        has_text = _show(logs)
        has_job = not name and _show_job(experiment)
        if not (has_text or has_job):
            _warn_of_silence(experiment, logs)
    return 0


def _warn_of_silence(experiment: "ExperimentRecord", logs: Sequence["TaskLog"]) -> None:
    id = experiment.id[:6]
    text = translate("  The tasks of experiment {id} printed nothing.", id=id)
    if len(logs) == 1:
        task = logs[0].label
        text = translate("  {task} of experiment {id} printed nothing.", task=task, id=id)
    console.warn(text)


def _experiment(id: str) -> "ExperimentRecord":
    from labkart.records import query, record

    if id:
        return query.find_experiment(id)
    last = record.read_experiments(most=1)
    if not last:
        raise mistake(
            "No experiments yet; {command} makes the first.", command=console.command("run")
        )
    return last[0]


def _show(logs: Sequence["TaskLog"]) -> bool:
    """Print what tasks printed; whether there was anything."""
    texts = [(log, text) for log in logs if (text := log.text())]
    for log, text in texts:
        if len(logs) > 1:
            console.say(f"── {log.label}  {describe_state(log.task_run.state)}", "bold")
        _write(text)
    return bool(texts)


def _show_job(experiment: "ExperimentRecord") -> bool:
    """Print what the job of an experiment printed, or, if all went well, only where that is."""
    from labkart.records import job_log

    paths = job_log.find_logs(experiment.id)
    for path in paths:
        console.say(f"── {translate('job')}  {project.current().short(path)}", "bold")
        if experiment.status != "finished":
            _write(path.read_text(encoding="utf-8", errors="replace"))
    return bool(paths) and experiment.status != "finished"


def _follow(logs: Sequence["TaskLog"]) -> None:
    from labkart.results import log

    last = ""
    for source, text in log.follow(logs):
        if len(logs) > 1 and source.label != last:
            console.say(f"── {source.label}", "bold")
            last = source.label
        _write(text)


def _write(text: str) -> None:
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
    sys.stdout.flush()
