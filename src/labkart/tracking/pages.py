"""All of what MLflow's searches return a page at a time."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from mlflow.store.entities.paged_list import PagedList

T = TypeVar("T")


def all_pages(search: Callable[[str | None], PagedList[T]]) -> Iterator[T]:
    """The results of a search, which gets the token of a page; None for the first one."""
    page = search(None)
    yield from page
    while page.token:
        page = search(page.token)
        yield from page
