"""`labkart check`: whether the rules of the project hold."""

import argparse

from labkart.check import report


def main(argv: list[str]) -> int:
    """Check the rules; 1 if one is broken."""
    parser = argparse.ArgumentParser(
        "labkart check", description="Check the rules of the project, and say how to fix it."
    )
    parser.add_argument("rules", nargs="*", metavar="RULE", help="check only these")
    parser.add_argument("--list", action="store_true", help="explain the rules: why, what to do")
    parser.add_argument("--markdown", action="store_true", help="... as a page of documentation")
    parser.add_argument("--json", action="store_true", help="print findings for programs")
    parser.add_argument(
        "--lock-data", action="store_true", help="write down what is in data/raw/ now"
    )
    return report.check(parser.parse_intermixed_args(argv))
