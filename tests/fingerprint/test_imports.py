"""Which code a process ran at import, and what that read."""

from pathlib import Path

import pytest

from tests.support.processes import Processes
from tests.support.tiny import python, write

READS = """\
from pathlib import Path
def read(name): return Path(__file__).with_name(name).read_text()
TEXT = read("a.txt")
"""


def test_a_module_has_read_what_was_opened_while_it_was_imported(
    root: Path, forked: Processes
) -> None:
    write(
        root,
        **{
            "src/a.py": READS,
            "src/b.py": "import a\na.read('b.txt')\n",
            "src/a.txt": "1",
            "src/b.txt": "2",
        },
    )
    show = (
        "[sorted(Path(each).name for each in imports.read_at_import(m.__file__)) for m in (a, b)]"
    )
    code = f"from pathlib import Path; from labkart.fingerprint import imports; import b, a; a.read('b.txt'); print({show})"
    assert forked.python(code, root) == "[['a.txt'], ['b.txt']]"


@pytest.mark.parametrize(
    "order",
    [
        "from labkart.fingerprint import imports; import a",
        "import a; from labkart.fingerprint import imports",
    ],
)
def test_the_text_of_a_file_is_the_one_that_was_imported(order: str, root: Path) -> None:
    write(root, **{"src/a.py": "RATE = 2\n"})
    asked = "print(imports.imported_text(a.__file__), imports.edited_files() == {a.__file__})"
    code = f"from pathlib import Path; {order}; {asked}; Path(a.__file__).write_text('RATE = 5\\n'); {asked}"
    text = repr(b"RATE = 2\n")
    assert python(code, root).splitlines() == [f"{text} False", f"{text} True"]


def test_nobody_knows_the_text_of_a_file_that_changed_between_start_and_import(root: Path) -> None:
    write(root, **{"src/a.py": "RATE = 2\n"})
    edit = "from pathlib import Path; import a; Path(a.__file__).write_text('RATE = 5\\n')"
    code = (
        f"{edit}; from labkart.fingerprint import imports; print(imports.imported_text(a.__file__))"
    )
    assert python(code, root) == "None"


def test_the_generation_counts_the_projects_modules_alone(root: Path) -> None:
    write(root, **{"src/a.py": "import colorsys\n"})
    code = "from labkart.fingerprint import imports; n = imports.generation(); import wave; m = imports.generation(); import a; print(m - n, imports.generation() - m)"
    assert python(code, root) == "0 1"
