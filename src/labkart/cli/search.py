"""`labkart search`: run the trials of a search."""

from labkart.experiments.search.search import search


def main(argv: list[str]) -> int:
    """Run trials, and show the best."""
    return search(argv)
