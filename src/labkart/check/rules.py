"""The rules that hold in a project, one small class each, one module a theme; `every` lists them."""

from labkart.check.configs import BrokenConfig, BrokenPipeline, UnusedKey
from labkart.check.contents import LargeFile, NotebookOutput, UnreadableFile
from labkart.check.layout import OutsideLayout
from labkart.check.linted import LegacyRandom, OwnTracking, Print, SysPath
from labkart.check.raw import RawData
from labkart.check.rule import Finding, Rule
from labkart.check.secrets import Secret
from labkart.check.tasks import (
    AbsolutePath,
    ForeignTask,
    HeavyProperty,
    StrayTask,
    UndocumentedTask,
    UntypedParameter,
)
from labkart.check.tree import Tree
from labkart.check.waivers import Waiver

__all__ = ["EVERY", "Finding", "Rule", "Tree"]

# In the order in which they are listed.
EVERY: tuple[type[Rule], ...] = (
    OutsideLayout,
    StrayTask,
    ForeignTask,
    UntypedParameter,
    UndocumentedTask,
    HeavyProperty,
    AbsolutePath,
    Print,
    OwnTracking,
    SysPath,
    LegacyRandom,
    BrokenConfig,
    BrokenPipeline,
    UnusedKey,
    RawData,
    Secret,
    LargeFile,
    NotebookOutput,
    UnreadableFile,
    Waiver,
)
