"""`labkart check`: whether the rules of the project hold."""

from argparse import ArgumentParser

from labkart.check import report


def main(argv: list[str]) -> int:
    """Check the rules; 1 if one is broken."""
    parser = ArgumentParser(
        "labkart check",
        description="Check the rules of the project; say how to fix what breaks one.",
    )
    add = parser.add_argument
    add("rules", nargs="*", metavar="RULE", help="check only these")
    add("--list", action="store_true", help="explain the rules: why, what to do")
    add("--markdown", action="store_true", help="... as a page of documentation")
    add("--json", action="store_true", help="print findings for programs")
    add("--lock-data", action="store_true", help="record what is in data/raw/ now")
    return report.check(parser.parse_intermixed_args(argv))
