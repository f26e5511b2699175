"""The list of all rules, in the order in which people read it."""

from labkart.check import (
    absolute_paths,
    choices,
    composition,
    contents,
    coverage,
    layout,
    pipeline,
    randomness,
    raw,
    tasks,
    variables,
    versions,
    writes,
)
from labkart.check.rule import Rule
from labkart.check.waivers import Waiver

RULES: tuple[type[Rule], ...] = (
    layout.OutsideLayout,
    tasks.StrayTask,
    tasks.ForeignTask,
    tasks.SameName,
    tasks.UntypedParameter,
    tasks.UndocumentedTask,
    tasks.HeavyProperty,
    coverage.UntestedTask,
    absolute_paths.AbsolutePath,
    writes.StrayWrite,
    randomness.UnseededRandom,
    variables.EnvironmentVariable,
    composition.BrokenConfig,
    pipeline.BrokenPipeline,
    pipeline.UnusedKey,
    choices.MissingChoice,
    raw.RawData,
    contents.Secret,
    contents.MergeMarker,
    contents.LargeFile,
    contents.NotebookOutput,
    versions.VersionMismatch,
    versions.UnboundedDependency,
    Waiver,
)
