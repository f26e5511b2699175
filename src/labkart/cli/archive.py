"""`labkart archive`: one file to hand in and to deposit, and the check of such a file."""

import os
from argparse import ArgumentParser
from pathlib import Path

from labkart import console, project, signals
from labkart.errors import LabkartError


def main(argv: list[str]) -> int:
    """Make an archive, or verify one; 1 if that finds a difference."""
    args = _parser().parse_args(argv)
    signals.install_handlers()
    if args.verify:
        from labkart.results.archive import verify

        if not args.file:
            raise LabkartError("Which archive? labkart archive --verify my-thesis.zip")
        return int(not verify.verify(_given(args.file), args.table, online=args.online))

    from labkart.results.archive import archive

    os.chdir(project.current().root)
    options = archive.Options(args.wheels, int(args.data_limit * 1e6), args.allow_secrets)
    file = _given(args.file) if args.file else _default()
    with console.busy("packing"):
        contents = archive.make(file, options)
    for remark in contents.remarks:
        console.warn(f"  {remark}")
    tables, runs = len(contents.tables), len(contents.experiments)
    console.say(
        f"  {project.current().short(file)}: {tables} table{'s' if tables > 1 else ''}, "
        f"{runs} experiment{'s' if runs > 1 else ''}, {file.stat().st_size / 1e6:.1f} MB"
    )
    console.say(f"  {console.command(f'archive --verify {project.current().short(file)}')}")
    return 0


def _given(text: str) -> Path:
    """A path that a person gave, from where the command was started."""
    return (project.STARTED / text).absolute()


def _default() -> Path:
    current = project.current()
    return current.outputs / "archives" / f"{current.name}.zip"


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        "labkart archive", description="All that is behind the tables in reports/, in one file."
    )
    add = parser.add_argument
    add("file", nargs="?", help="the zip file (default: outputs/archives/<project>.zip)")
    add("--wheels", action="store_true", help="pack all packages, to install without a network")
    limit = "data that is larger is described, not packed (default: %(default)s)"
    add("--data-limit", type=float, default=1000.0, metavar="MB", help=limit)
    secrets = "archive the repository although it has what looks like a secret"
    add("--allow-secrets", action="store_true", help=secrets)
    verify = "check the digests of an archive, and reproduce one of its tables without a network"
    add("--verify", action="store_true", help=verify)
    add("--table", metavar="NAME", help="the table to reproduce (default: the quickest)")
    online = "get packages that the archive does not have from the network"
    add("--online", action="store_true", help=online)
    return parser
