"""`labkart check`: whether the rules of the project hold."""

from argparse import ArgumentParser

from labkart.check import shared_disk
from labkart.cli import overrides
from labkart.language import translate


def main(argv: list[str]) -> int:
    """Check the rules; 1 if one is broken."""
    parser = ArgumentParser(
        "labkart check",
        description=translate(
            "Check the rules of the project; say how to fix what breaks one. With "
            "{name}, started on two hosts at once: whether each sees the other's "
            "locks.",
            name=shared_disk.NAME,
        ),
    )
    add = parser.add_argument
    add("rules", nargs="*", metavar="RULE", help=translate("check only these"))
    add("--list", action="store_true", help=translate("explain the rules: why, what to do"))
    add("--json", action="store_true", help=translate("print findings for programs"))
    add("--lock-data", action="store_true", help=translate("record what is in data/raw/ now"))
    args = overrides.parse(parser, argv)
    if args.rules == [shared_disk.NAME]:
        return shared_disk.check()

    from labkart.check import report  # it imports gokart and Hydra

    return report.check(args)
