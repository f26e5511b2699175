"""The rules that hold in a project, one small class each, one module a theme; `every` lists them."""

from .configs import BrokenConfig, BrokenPipeline, UnusedKey
from .contents import LargeFile, NotebookOutput, UnreadableFile
from .layout import OutsideLayout
from .linted import LegacyRandom, OwnTracking, Print, SysPath
from .raw import RawData
from .rule import Finding, Rule
from .runtime import EditedRuntime
from .secrets import Secret
from .tasks import AbsolutePath, ForeignTask, HeavyProperty, StrayTask, UndocumentedTask, UntypedParameter
from .tree import Tree
from .waivers import Waiver

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
    EditedRuntime,
    Waiver,
)
