"""Stands in for Labkart: lets the very same tasks run on plain gokart, untracked."""

from typing import Any, TypeVar

import gokart

T = TypeVar("T")


class Task(gokart.TaskOnKart[T]):
    """gokart's own task; what it logs goes where a script would put it."""

    def log_metric(self, name: str, value: float, step: int | None = None) -> None:
        print(name, value, step)

    def log_figure(self, name: str, figure: Any) -> None:
        figure.savefig(f"{name}.png", bbox_inches="tight")

    def log_table(self, name: str, table: Any) -> None:
        table.to_csv(f"{name}.csv")
