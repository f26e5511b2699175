"""The README of an archive, for an examiner who knows neither the project nor Labkart."""

import shlex
from pathlib import Path
from string import Template

from packaging.requirements import Requirement

from labkart import language, project
from labkart.language import local, translate
from labkart.packages import normalised_name
from labkart.results.archive import repository
from labkart.results.archive.contents import Contents, DataItem
from labkart.results.archive.wheels import Wheels
from labkart.results.reproduce.environment import WHEELS
from labkart.secrets import redact
from labkart.tasks import lfs

FILE, BUNDLE = "README.md", "repository.bundle"


def write(contents: Contents, wheels: Wheels, file: str, folder: str, date: str) -> str:
    """The text of an archive's README, in the project's language.

    Args:
        contents: what the archive consists of.
        wheels: its packages.
        file: the name of the archive.
        folder: the project's folder below the top of its repository, or `.`.
        date: when it was made.
    """
    template = language.read_text(Path(__file__).with_name("readme.md"))
    table = min(contents.tables, key=lambda name: contents.tables[name].seconds)
    runner = _runner(contents, wheels, "")
    return Template(template).substitute(
        title=project.current().name,
        project=project.current().name,
        date=date[:10],
        commands="\n".join(_commands(contents, wheels, folder, table)),
        table=f"reports/{table}.tex",
        seconds=f"{contents.tables[table].seconds:.0f}",
        verify=f"{runner} archive --verify {shlex.quote(file)}",
        wheels=_describe_wheels(wheels),
        tables=", ".join(contents.tables),
        experiments=len(contents.experiments),
        commits=", ".join(commit[:10] for commit in contents.commits),
        data="\n".join(map(_data_line, contents.data))
        or translate("The runs read no files of the project."),
        remarks="\n".join(translate("- {remark}.", remark=it) for it in contents.remarks)
        or translate("Nothing is missing."),
    )


def _commands(contents: Contents, wheels: Wheels, folder: str, table: str) -> list[str]:
    name = project.current().name
    root = Path(name, folder)
    above = "../" * len(root.parts)
    places = {path.partition("/")[0] for path in contents.files}
    copied = " ".join(place for place in ("data", "reports", "outputs") if place in places)
    packed = f"{WHEELS}={above}wheels " if wheels.files else ""
    runner = _runner(contents, wheels, above)
    skipped = "".join(f"{variable}={value} " for variable, value in lfs.POINTERS_ONLY.items())
    clone = f"{skipped if repository.uses_lfs(project.current().root) else ''}git clone"
    return [
        "sha256sum --check --quiet manifest-sha256.txt",
        f"{clone} {BUNDLE} {name} && cp -r {copied} {root}",
        f"cd {root} && {packed}{runner} reproduce reports/{table}.tex",
    ]


def _runner(contents: Contents, wheels: Wheels, above: str) -> str:
    """What starts the Labkart of the last run: from the archive, or from where it was installed."""
    last = max(contents.experiments.values(), key=lambda record: record.started or "")
    lines = last.text("packages.txt").splitlines()
    own = next((line for line in lines if normalised_name(line) == "labkart"), "labkart")
    requirement = redact.redact_text(str(Requirement(own)))
    file = wheels.files.get(requirement)
    source = shlex.quote(f"{above}wheels/{file}" if file else requirement)
    series = str(last.environment.get("python")).rpartition(".")[0]
    python = f"--python {series} " if series else ""
    offline = f"--offline --no-index --find-links {above}wheels " if wheels.every else ""
    return f"uvx {python}{offline}--from {source} labkart"


def _describe_wheels(wheels: Wheels) -> str:
    if wheels.every:
        return translate(
            "the packages of the runs, to install without a network; uv is there, too: "
            "`pip install --no-index --find-links wheels uv`"
        )
    if wheels.files:
        return translate(
            "those packages of the runs that came from a folder of the author's machine"
        )
    return translate("not there: the packages come from their registries")


def _data_line(item: DataItem) -> str:
    included = {
        "repository": translate("in the repository"),
        "archive": translate("in this archive"),
    }
    place = included.get(item.place, local(item.place))
    line = f"- `{item.path}`: {place} ({item.bytes / 1e6:.1f} MB, sha256 `{item.sha256}`)"
    return f"{line}, {item.address}" if item.address else line
