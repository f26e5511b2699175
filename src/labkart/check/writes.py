"""The rule on files that code writes by itself, past the outputs of tasks. Knows usual calls."""

import ast
import re
from collections.abc import Iterator
from typing import ClassVar

from labkart.check.paths import Paths
from labkart.check.rule import Finding, Rule
from labkart.check.tree import Tree

# Calls that write, by the place of the file among their arguments.
_FIRST = re.compile(
    r"(?!torch\.).*\b(?:to_(?:csv|excel|feather|file|hdf|html|json|latex|markdown|netcdf|parquet)"
    r"|to_(?:pickle|stata|xml)|write_(?:csv|excel|html|image|json|parquet)|savefig|imsave|imwrite|save|savez"
    r"|savez_compressed|savetxt|savemat|save_(?:model|pretrained|to_disk|weights)|tofile"
    r"|ExcelWriter|FileHandler|SummaryWriter|basicConfig)"
    r"|os\.(?:makedirs|mkdir|remove|rename|replace|rmdir|unlink)|shutil\.(?:move|rmtree)"
)
_SECOND = re.compile(
    r"torch\.save|joblib\.dump|.*\b(?:save_image|write_table|urlretrieve)"
    r"|shutil\.(?:copy|copy2|copyfile|copytree|move)|os\.(?:rename|replace)"
)
# Calls that write to whichever argument is a path, or a text that looks like one.
_ANY = re.compile(
    r"(?!self\.dump).*\b\w*(?:dump|export|[sS]ave|[wW]rite)(?!s|str\b)(?<!\.write)\w*"
)
_FILE = re.compile(r"\S+\.[A-Za-z]\w{0,10}(?:\.\w+)?")
_NAMES = {"excel_writer", "f", "file", "filename", "fname", "path", "path_or_buf"}
_OF_PATHS = {"mkdir", "rename", "replace", "rmdir", "touch", "unlink", "write_bytes", "write_text"}
# With a mode behind the file.
_OPEN = re.compile(r"open|\w+\.open|.*\b(?:HDFStore|ZipFile|(?:open_)?memmap)|h5py\.File")
_WRITES = re.compile(r"[rbt]*[wax+][wrabxt+]*(?:[:|].*)?")
_ALLOWED = ("outputs/", "reports/", "/", "~")  # of absolute paths another rule speaks


class StrayWrite(Rule):
    """Code writes no file by its name: a task has `self.dump` and `self.log_...` for that."""

    reason = (
        "A file that every run overwrites belongs to no run, and one in data/raw/ changes the"
        " input of others."
    )
    fix = (
        "`self.dump(...)` keeps the result of a task, `self.log_table`, `log_figure` and"
        " `log_artifact` what a person looks at, and `self.checkpoint_dir` is a folder for what a"
        " long run needs to go on."
    )
    messages: ClassVar[dict[str, str]] = {"write": '{call} writes "{file}"'}

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Look at the calls in the package's modules that name a file by a text."""
        for path, module in tree.code.items():
            paths = Paths(module)
            for node in ast.walk(module):
                if not isinstance(node, ast.Call):
                    continue
                for file in map(paths.beginning, _written_files(node, paths)):
                    if file and not file.startswith(_ALLOWED):
                        call = ast.unparse(node.func)
                        yield self.finding(path, "write", node.lineno, call=call, file=file)


def _written_files(call: ast.Call, paths: Paths) -> Iterator[ast.expr]:
    """The arguments of a call, and the path of a method, that are files which it writes."""
    name = ast.unparse(call.func)
    named = [word.value for word in call.keywords if word.arg in _NAMES]
    file = [*call.args[:1], *named][:1]
    if name.endswith(".write") and len(call.args) > 2:  # a sound: the file, the data, their rate
        yield from file
    if _FIRST.fullmatch(name) or (_OPEN.fullmatch(name) and _is_written(call.args[1:], call)):
        yield from file
    if _ANY.fullmatch(name):
        for node in [*call.args, *named]:
            if paths.is_path(node) or _FILE.fullmatch(paths.beginning(node)):
                yield node
    if _SECOND.fullmatch(name):
        yield from call.args[1:2]
    if isinstance(call.func, ast.Attribute) and paths.is_path(call.func.value):
        is_open = call.func.attr == "open" and _is_written(call.args, call)
        if is_open or call.func.attr in _OF_PATHS:
            yield call.func.value


def _is_written(rest: list[ast.expr], call: ast.Call) -> bool:
    modes = [*rest[:1], *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    texts = [mode.value for mode in modes if isinstance(mode, ast.Constant)]
    return any(isinstance(text, str) and _WRITES.fullmatch(text) for text in texts)
