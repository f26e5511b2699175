"""`labkart check`: whether the rules of the project hold."""

from labkart.check.report import show


def main(argv: list[str]) -> int:
    """Check the rules; 1 if one is broken."""
    return show(argv)
