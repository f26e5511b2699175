"""Runs one experiment here, and publishes it nowhere.

`labkart reproduce` calls this and nothing else of the version that a run recorded, so its arguments
never change.

Usage:
    python -m labkart.replay --outputs FOLDER -- [OVERRIDE ...]
"""

import argparse
import os
import sys

from labkart.errors import LabkartError


def main() -> int:
    """Run the experiment that the overrides compose, with its record below FOLDER/records.

    Returns:
        The exit code: 0, or 1 after a sentence on the error stream.
    """
    parser = argparse.ArgumentParser("python -m labkart.replay")
    parser.add_argument("--outputs", required=True, metavar="FOLDER")
    parser.add_argument("overrides", nargs="*", metavar="OVERRIDE")
    args = parser.parse_args()
    os.environ["LABKART_OUTPUTS"] = args.outputs

    from labkart.experiments.run import run_on_node  # it imports gokart, which --help does not need

    try:
        run_on_node(args.overrides)
    except LabkartError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
