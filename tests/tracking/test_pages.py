"""A search returns all of its results, however many pages they have."""

from mlflow.store.entities.paged_list import PagedList

from labkart.tracking.pages import all_pages


def test_the_results_of_all_pages_are_returned_in_order() -> None:
    pages = {None: PagedList([1, 2], "b"), "b": PagedList([3], "c"), "c": PagedList([4], None)}
    assert list(all_pages(pages.__getitem__)) == [1, 2, 3, 4]
    assert list(all_pages(lambda _: PagedList([], None))) == []
