"""`labkart ui`: MLflow's page for this project."""

from argparse import ArgumentParser

from labkart.cli import overrides
from labkart.language import translate


def main(argv: list[str]) -> int:
    """Serve the page until Ctrl-C."""
    parser = ArgumentParser(
        "labkart ui",
        description=translate("Serve MLflow's page for this project, on this machine only."),
    )
    port = translate("the port to listen on; without it, the first free one from 5000 on")
    parser.add_argument("--port", type=int, help=port)
    parser.add_argument("--sweep", metavar="ID", help=translate("show only the runs of this sweep"))
    args = overrides.parse(parser, argv)

    from labkart.records import leftovers
    from labkart.results.runs import varying
    from labkart.tracking import ui
    from labkart.tracking.publisher import Publisher

    leftovers.close_abandoned()
    Publisher().close()
    return ui.serve(varying, args.port, args.sweep)
