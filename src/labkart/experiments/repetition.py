"""Whether the same command gets the same answer as long as no file, variable or package changes.

Knows what an answer can depend on beside these. For how it is given again see `cli.answers`.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from labkart import files, trace
from labkart.experiments.plan import Experiment
from labkart.experiments.recording import rely_on_commit
from labkart.installed_files import is_installed

# Resolvers whose values follow from the configuration and the environment variables.
_RESOLVERS = {
    *("hydra", "oc.env", "oc.select", "oc.decode", "oc.create", "oc.deprecated"),
    *("oc.dict.keys", "oc.dict.values"),
}
_RESOLVER = re.compile(r"\$\{([\w.]+):")
# A call that returns the date or the time of day.
_CLOCK = re.compile(
    r"\b(?:today|now|utcnow|localtime|gmtime|strftime|ctime|asctime)\s*\(|[\"'](?:now|today)[\"']"
)
# A use of what may be another one in each process.
_CHANCE = re.compile(
    r"\b(?:from|import)\s+(?:random|secrets|time|uuid)\b"
    r"|\b(?:random|secrets|time|uuid\d?)\s*[.(]"
    r"|\b(?:urandom|getpid|set|frozenset|hash|id)\s*\("
)


def confirm(experiment: Experiment) -> None:
    """Let the answer about an experiment, which changed nothing, be given again."""
    _confirm(experiment, {_CLOCK: "asks for the date or the time"})


def foresee(experiment: Experiment) -> None:
    """Let the answer that an experiment has now be given to the next command, which need not run.

    That one has not been planned: a pipeline that leaves something to chance may differ then.
    """
    trace.results_written()
    # Looking notes the results, on which the answer depends.
    if not all(task.complete() for task in experiment.results):
        return
    if experiment.record.code.get("dirty"):
        rely_on_commit()
    doubtful = {_CLOCK: "asks for the date or the time", _CHANCE: "may leave something to chance"}
    _confirm(experiment, doubtful)


def _confirm(experiment: Experiment, doubtful: Mapping[re.Pattern[str], str]) -> None:
    for reason in [*_doubts(experiment), *_doubts_of_code(doubtful)]:
        trace.doubt(reason)
    trace.confirm(experiment.record.id)


def _doubts(experiment: Experiment) -> Iterator[str]:
    """Why the same command may get another answer although nothing has changed."""
    composed = experiment.composed
    for name in _RESOLVER.findall(str(composed.cfg)):
        if name not in _RESOLVERS:
            yield f"the configuration uses ${{{name}:...}}"
    hydra = composed.hydra.hydra
    if hydra.searchpath or hydra.get("callbacks"):
        yield "Hydra has further folders of settings, or callbacks"
    logs = {composed.choices.get(f"hydra/{name}") for name in ("hydra_logging", "job_logging")}
    if hydra.output_subdir or hydra.job.chdir or logs != {"none"}:
        yield "Hydra writes files for each run"


def _doubts_of_code(doubtful: Mapping[re.Pattern[str], str]) -> Iterator[str]:
    """What the imported code does, but for installed packages, that may differ next time."""
    for module in trace.new_modules():
        name = getattr(module, "__dict__", {}).get("__file__")
        if isinstance(name, str) and name.endswith(".py") and not is_installed(name):
            code = files.read_text(Path(name))
            yield from (f"{name} {what}" for word, what in doubtful.items() if word.search(code))
