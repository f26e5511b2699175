"""The list of all rules, in the order in which people read it."""

from labkart.check.configs import BrokenConfig, BrokenPipeline, UnusedKey
from labkart.check.contents import LargeFile, NotebookOutput, UnreadableFile
from labkart.check.layout import OutsideLayout
from labkart.check.randomness import UnseededRandom
from labkart.check.raw import RawData
from labkart.check.rule import Rule
from labkart.check.secrets import Secret
from labkart.check.tasks import (
    AbsolutePath,
    ForeignTask,
    HeavyProperty,
    StrayTask,
    UndocumentedTask,
    UntypedParameter,
)
from labkart.check.versions import VersionMismatch
from labkart.check.waivers import Waiver

RULES: tuple[type[Rule], ...] = (
    OutsideLayout,
    StrayTask,
    ForeignTask,
    UntypedParameter,
    UndocumentedTask,
    HeavyProperty,
    AbsolutePath,
    UnseededRandom,
    BrokenConfig,
    BrokenPipeline,
    UnusedKey,
    RawData,
    Secret,
    LargeFile,
    NotebookOutput,
    UnreadableFile,
    VersionMismatch,
    Waiver,
)
