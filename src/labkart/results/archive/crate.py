"""The description of an archive for machines: an RO-Crate of the profile Workflow Run Crate.

Zenodo and WorkflowHub read it. The pipeline is the workflow, each experiment an action that ran it
with inputs (data, settings) and results (outputs, record). See
https://w3id.org/ro/wfrun/workflow/0.5.
"""

import json
import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml
from rocrate.model.computerlanguage import ComputerLanguage
from rocrate.model.contextentity import ContextEntity
from rocrate.model.person import Person
from rocrate.rocrate import ROCrate

from labkart import project
from labkart.files import read_text
from labkart.records.record import ExperimentRecord
from labkart.records.values import text_of
from labkart.results.archive.contents import Contents, DataItem
from labkart.results.archive.readme import BUNDLE

FILE = "ro-crate-metadata.json"
_PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
_CONTEXT = "https://w3id.org/ro/terms/workflow-run/context"
_PARAMETER = "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"
_COMPLETED, _FAILED = (
    "http://schema.org/CompletedActionStatus",
    "http://schema.org/FailedActionStatus",
)


def describe(contents: Contents, sizes: Mapping[str, int], pipeline: str, date: str) -> bytes:
    """The content of the file `ro-crate-metadata.json`.

    Args:
        contents: what the archive consists of.
        sizes: all files of the archive with their sizes in bytes.
        pipeline: the path of the module of the pipeline in the archive.
        date: when the archive was made, in ISO 8601.
    """
    crate = ROCrate(version="1.1")
    crate.metadata.extra_contexts.append(_CONTEXT)
    _describe_root(crate, date)
    workflow = _add_workflow(crate, pipeline, contents)
    files: dict[str, Any] = {}
    for name, size in sizes.items():
        if name != pipeline and not name.endswith("/"):
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            facts = {"contentSize": str(size), "encodingFormat": kind}
            facts["name"] = Path(name).name
            files[name] = crate.add_file(dest_path=name, properties=facts)
    for item in contents.data:
        if item.path not in files:
            files[item.path] = _add_data(crate, item)
    for record in contents.experiments.values():
        _add_action(crate, workflow, record, files)
    return f"{json.dumps(crate.metadata.generate(), indent=1, ensure_ascii=False)}\n".encode()


def _describe_root(crate: ROCrate, date: str) -> None:
    citation = _citation()
    name = str(citation.get("title") or project.current().name)
    crate.name = name
    crate.description = str(
        citation.get("abstract") or f"{name}: code, data, runs and tables, archived by Labkart"
    )
    crate.root_dataset["datePublished"] = date
    license = str(citation.get("license") or "")
    crate.license = f"https://spdx.org/licenses/{license}" if license else "All rights reserved"
    profiles = [
        crate.add(
            ContextEntity(
                crate,
                address,
                {"@type": "CreativeWork", "name": label, "version": address.rpartition("/")[2]},
            )
        )
        for address, label in _PROFILES.items()
    ]
    crate.root_dataset["conformsTo"] = profiles
    crate.metadata["conformsTo"] = [
        {"@id": "https://w3id.org/ro/crate/1.1"},
        {"@id": "https://w3id.org/workflowhub/workflow-ro-crate/1.0"},
    ]
    authors = [_add_author(crate, author) for author in citation.get("authors") or ()]
    if authors:
        crate.creator = authors
        crate.root_dataset["author"] = authors


def _add_author(crate: ROCrate, author: Mapping[str, Any]) -> Any:
    words = (author.get("given-names"), author.get("family-names") or author.get("name"))
    name = " ".join(str(word) for word in words if word)
    identifier = str(author.get("orcid") or _id("author", name))
    facts = {"name": name, "affiliation": author.get("affiliation"), "email": author.get("email")}
    texts = {key: str(fact) for key, fact in facts.items() if fact}
    person: Any = crate.add(Person(crate, identifier, texts))
    return person


def _add_workflow(crate: ROCrate, pipeline: str, contents: Contents) -> Any:
    facts = {"name": "Python", "url": {"@id": "https://www.python.org"}}
    language: Any = crate.add(ComputerLanguage(crate, "#python", facts))
    workflow: Any = crate.add_workflow(dest_path=pipeline, main=True, lang=language)
    workflow["name"] = f"The pipeline of {project.current().name}"
    settings = {name for run in contents.experiments.values() for name in run.settings}
    workflow["input"] = [
        *(_add_parameter(crate, "setting", name, "Text") for name in sorted(settings)),
        *(
            _add_parameter(crate, "input", path, "Dataset" if _is_folder(path) else "File")
            for path in dict.fromkeys(item.path for item in contents.data)
        ),
    ]
    workflow["output"] = [_add_parameter(crate, "output", "the outputs of the tasks", "File")]
    return workflow


def _add_parameter(crate: ROCrate, role: str, name: str, kind: str) -> Any:
    """What the pipeline takes or gives, for people and for machines."""
    facts = {"description": name, "conformsTo": {"@id": _PARAMETER}}
    return crate.add_formal_parameter(name, kind, identifier=_id(role, name), properties=facts)


def _add_data(crate: ROCrate, item: DataItem) -> Any:
    """Data that is no file of the archive, with its digest and, if known, its address."""
    facts = {"name": item.path, "identifier": f"sha256:{item.sha256}"}
    if item.address:
        facts["url"] = item.address
    if item.place == "archive":
        return crate.add_dataset(dest_path=item.path, properties=facts)
    place = f"In {BUNDLE}" if item.is_included else f"Not in this archive: {item.place}"
    facts |= {"@type": "CreativeWork", "description": place}
    return crate.add(ContextEntity(crate, _id("data", item.path), facts))


def _id(*words: str) -> str:
    """The id of an entity that is no file."""
    return f"#{quote('-'.join(words))}"


def _add_action(
    crate: ROCrate,
    workflow: Any,
    record: ExperimentRecord,
    files: Mapping[str, Any],
) -> None:
    """An experiment: the pipeline ran with these settings and data, and left these files."""
    command = " ".join(["labkart run", *record.overrides])
    action: Any = crate.add_action(
        workflow,
        identifier=f"#experiment-{record.id}",
        object=[*_settings(crate, record), *_inputs(files, record)],
        result=[files[name] for name in _results(record) if name in files],
        properties={
            "name": f"Experiment {record.id[:6]}",
            "description": f"{command}, at commit {record.code.get('commit')}",
            "startTime": record.started,
            "actionStatus": _COMPLETED if record.status == "finished" else _FAILED,
            **({"endTime": record.ended} if record.ended else {}),
        },
    )
    if authors := crate.root_dataset.get("author"):
        action["agent"] = authors[0] if isinstance(authors, list) else authors
    crate.root_dataset.append_to("mentions", action)


def _settings(crate: ROCrate, record: ExperimentRecord) -> list[Any]:
    return [
        crate.add(
            ContextEntity(
                crate,
                _id("experiment", record.id, name),
                {
                    "@type": "PropertyValue",
                    "name": name,
                    "value": text_of(value),
                    "exampleOfWork": {"@id": _id("setting", name)},
                },
            )
        )
        for name, value in record.settings.items()
    ]


def _inputs(files: Mapping[str, Any], record: ExperimentRecord) -> list[Any]:
    states = [state for task in record.tasks for state in task.result.get("data", {}).values()]
    return [files[path] for path in sorted({state["path"] for state in states}) if path in files]


def _results(record: ExperimentRecord) -> list[str]:
    """The paths of the files that an experiment left, in the archive."""
    outputs = [state for task in record.tasks for state in task.result.get("outputs", ())]
    own = f"outputs/records/experiments/{record.id}/record.json"
    return [own, *dict.fromkeys(f"outputs/{state['path']}" for state in outputs)]


def _is_folder(path: str) -> bool:
    return (project.current().root / path).is_dir()


def _citation() -> Mapping[str, Any]:
    """The content of `CITATION.cff`; empty if it is missing or damaged."""
    try:
        content = yaml.safe_load(read_text(project.current().root / "CITATION.cff"))
    except yaml.YAMLError:
        return {}
    return content if isinstance(content, dict) else {}
