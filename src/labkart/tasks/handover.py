"""How luigi hands a task from the process whose `run()` yielded it to the one that leads.

luigi passes the texts of parameters, from which not every value can be read again (`None` and `""`
have one text). Here the values themselves go along. Knows no ids and runs nothing.
"""

import pickle
from contextlib import suppress
from importlib import import_module
from io import BytesIO
from typing import Any

import luigi
from luigi.task_register import Register

from labkart.language import mistake


class WholeParams(dict[str, str]):
    """All parameters of a task as texts, with the task that has them.

    In another process `task` is made again, of the same values.
    """

    def __init__(self, texts: dict[str, str], task: luigi.Task) -> None:
        super().__init__(texts)
        self.task = task

    def __reduce__(self) -> tuple[Any, ...]:
        file = BytesIO()
        try:
            _Packer(file).dump(_upstream_first(self.task))
        except Exception as error:  # whatever a value raises
            raise mistake(
                "{task} cannot be handed to another process: {error}."
                " Yield tasks with plain values.",
                task=self.task.get_task_family(),
                error=error,
            ) from error
        return _unpacked, (dict(self), file.getvalue())


class _Packer(pickle.Pickler):
    """Writes the class and the values of a task in its place."""

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, luigi.Task):
            return _made_again, (obj.task_module, obj.get_task_family(), obj.param_kwargs)
        return NotImplemented


def _unpacked(texts: dict[str, str], content: bytes) -> WholeParams:
    return WholeParams(texts, pickle.loads(content)[-1])


def _upstream_first(task: luigi.Task) -> list[luigi.Task]:
    """A task behind all those among its parameters.

    So each is packed before those that need it: one within the other they may be too deep to pack.
    """
    waiting, known = [task], {id(task)}
    for current in waiting:  # which grows
        for value in current.param_kwargs.values():
            items = value if isinstance(value, list | tuple) else [value]
            new = [it for it in items if isinstance(it, luigi.Task) and id(it) not in known]
            known.update(map(id, new))
            waiting += new
    return waiting[::-1]


def _made_again(module: str, family: str, values: dict[str, Any]) -> luigi.Task:
    with suppress(ImportError):
        import_module(module)
    task: Any = Register.get_task_cls(family)
    return task(**values)
