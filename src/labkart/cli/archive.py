"""`labkart archive`: one file to hand in and to deposit, and the check of such a file."""

import os
from argparse import ArgumentParser
from pathlib import Path

from labkart import console, project, signals
from labkart.cli import overrides
from labkart.language import mistake, translate, translate_count


def main(argv: list[str]) -> int:
    """Make an archive, or verify one; 1 if that finds a difference."""
    args = overrides.parse(_parser(), argv)
    signals.install_handlers()
    if args.verify:
        from labkart.results.archive import verify

        if not args.file:
            raise mistake("Which archive? labkart archive --verify my-thesis.zip")
        return int(not verify.verify(_given(args.file), args.table, online=args.online))

    from labkart.results.archive import archive

    os.chdir(project.current().root)
    options = archive.Options(args.wheels, args.data_limit * 1e6, args.allow_secrets)
    file = _given(args.file) if args.file else _default()
    with console.busy(translate("packing")):
        contents = archive.make(file, options)
    for remark in contents.remarks:
        console.warn(f"  {remark}")
    name = project.current().short(file)
    runs = len(contents.experiments)
    console.say(
        translate(
            "  {file}: {tables}, {experiments}, {size:.1f} MB",
            file=name,
            tables=translate_count("{count} table", "{count} tables", len(contents.tables)),
            experiments=translate_count("{count} experiment", "{count} experiments", runs),
            size=file.stat().st_size / 1e6,
        )
    )
    verify_command = console.command(f"archive --verify {name}")
    console.say(f"  {verify_command}")
    return 0


def _given(text: str) -> Path:
    """A path that a person gave, from where the command was started."""
    return (project.STARTED / text).absolute()


def _default() -> Path:
    current = project.current()
    return current.outputs / "archives" / f"{current.name}.zip"


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        "labkart archive",
        description=translate("Pack everything behind the tables in reports/ into one file."),
    )
    add = parser.add_argument
    add("file", nargs="?", help=translate("the zip file (default: outputs/archives/<project>.zip)"))
    add(
        "--wheels",
        action="store_true",
        help=translate("pack all packages, to install without a network"),
    )
    limit = translate("data that is larger is described, not packed (default: %(default)s)")
    add("--data-limit", type=float, default=1000.0, metavar="MB", help=limit)
    secrets = translate("archive the repository even if something in it looks like a secret")
    add("--allow-secrets", action="store_true", help=secrets)
    verify = translate(
        "check the digests of an archive, and reproduce one of its tables without a network"
    )
    add("--verify", action="store_true", help=verify)
    add("--table", metavar="NAME", help=translate("the table to reproduce (default: the quickest)"))
    online = translate("download the packages that the archive does not have")
    add("--online", action="store_true", help=online)
    return parser
