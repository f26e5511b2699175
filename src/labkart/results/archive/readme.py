"""The README of an archive, for an examiner who knows neither the project nor Labkart."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from string import Template

from packaging.requirements import Requirement

from labkart import project
from labkart.packages import normalised_name
from labkart.results.archive.contents import Contents, DataItem
from labkart.results.archive.wheels import Wheels
from labkart.results.reproduce.environment import WHEELS
from labkart.secrets import redact

FILE, BUNDLE = "README.md", "repository.bundle"
_WORDS = {
    "en": {
        "none": "Nothing is missing.",
        "no data": "The runs read no files of the project.",
        "all": "the packages of the runs, to install without a network; uv is there, too: "
        "`pip install --no-index --find-links wheels uv`",
        "folders": "those packages of the runs that came from a folder of the author's machine",
        "no wheels": "not there: the packages come from their registries",
        "repository": "in the repository",
        "archive": "in this archive",
    },
    "ja": {
        "none": "欠けているものはありません。",
        "no data": "実行はプロジェクトのファイルを読みません。",
        "all": "実行時のパッケージ。ネットワークなしで入ります。uv もあります: "
        "`pip install --no-index --find-links wheels uv`",
        "folders": "実行時のパッケージのうち、作者の計算機のフォルダから来たもの",
        "no wheels": "ありません。パッケージはレジストリから取得します",
        "repository": "リポジトリにあります",
        "archive": "このアーカイブにあります",
    },
}


def write(contents: Contents, wheels: Wheels, file: str, folder: str, date: str) -> str:
    """The text of an archive's README, in the project's language.

    Args:
        contents: what the archive consists of.
        wheels: its packages.
        file: the name of the archive.
        folder: the project's folder below the top of its repository, or `.`.
        date: when it was made.
    """
    language = "ja" if project.current().language == "ja" else "en"
    words = _WORDS[language]
    template = Path(__file__).with_name(f"readme.{language}.md").read_text(encoding="utf-8")
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
        wheels=words["all" if wheels.every else "folders" if wheels.files else "no wheels"],
        tables=", ".join(contents.tables),
        experiments=len(contents.experiments),
        commits=", ".join(commit[:10] for commit in contents.commits),
        data="\n".join(_data_lines(contents.data, words)) or words["no data"],
        remarks="\n".join(f"- {remark}." for remark in contents.remarks) or words["none"],
    )


def _commands(contents: Contents, wheels: Wheels, folder: str, table: str) -> list[str]:
    name = project.current().name
    root = Path(name, folder)
    above = "../" * len(root.parts)
    places = {path.partition("/")[0] for path in contents.files}
    copied = " ".join(place for place in ("data", "reports", "outputs") if place in places)
    packed = f"{WHEELS}={above}wheels " if wheels.files else ""
    runner = _runner(contents, wheels, above)
    return [
        "sha256sum --check --quiet manifest-sha256.txt",
        f"git clone {BUNDLE} {name} && cp -r {copied} {root}",
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


def _data_lines(data: Sequence[DataItem], words: dict[str, str]) -> list[str]:
    return [
        f"- `{item.path}`: {words.get(item.place, item.place)}"
        f" ({item.bytes / 1e6:.1f} MB, sha256 `{item.sha256}`)"
        + (f", {item.address}" if item.address else "")
        for item in data
    ]
