"""What a process does with files: which code it ran, what that read at import, and what is opened meanwhile."""

from pathlib import Path

import pytest

from labkart.fingerprint import imports
from tests.support.processes import Processes
from tests.support.tiny import python, write


def test_a_listener_hears_what_is_opened_and_how(tmp_path: Path) -> None:
    heard: list[tuple[str, bool]] = []
    with imports.watch_file_access(lambda path, reads: heard.append((Path(path).name, reads))):
        (tmp_path / "a").write_text("1")
        (tmp_path / "a").read_text()
        with (tmp_path / "a").open("a"):
            pass
    (tmp_path / "a").read_text()
    assert heard == [("a", False), ("a", True), ("a", False)]


def test_what_the_listener_opens_itself_is_not_heard(tmp_path: Path) -> None:
    write(tmp_path, a="1")
    heard: list[str] = []

    def listener(path: str, reads: bool) -> None:
        heard.append(Path(path).read_text())

    with imports.watch_file_access(listener):
        (tmp_path / "a").read_text()
    assert heard == ["1"]


def test_a_listener_inside_of_another_hears_alone(tmp_path: Path) -> None:
    outer: list[str] = []
    inner: list[str] = []
    with imports.watch_file_access(lambda path, _: outer.append(path)):
        with imports.watch_file_access(lambda path, _: inner.append(path)):
            (tmp_path / "a").write_text("1")
        (tmp_path / "b").write_text("1")
    assert (outer, inner) == ([str(tmp_path / "b")], [str(tmp_path / "a")])


@pytest.mark.parametrize(
    "file", [pytest.__file__, Path.__module__ and imports.os.__file__, "/a/site-packages/b.py"]
)
def test_python_and_packages_are_installed(file: str) -> None:
    assert imports.is_installed(file)


def test_a_projects_file_is_not_installed() -> None:
    assert not imports.is_installed("/home/a/project/src/study/a.py")


READS = """\
from pathlib import Path
def read(name): return Path(__file__).with_name(name).read_text()
TEXT = read("a.txt")
"""


LOADED = "import sys; from importlib.util import module_from_spec as make, spec_from_file_location as at; from pathlib import Path; spec = at('odd', Path('{file}').absolute()); sys.modules['odd'] = make(spec); spec.loader.exec_module(sys.modules['odd'])"


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
def test_a_file_that_was_edited_since_is_not_as_imported(order: str, root: Path) -> None:
    write(root, **{"src/a.py": "RATE = 2\n"})
    asked = "print(imports.as_imported(a.__file__, 'a'))"
    code = f"from pathlib import Path; {order}; {asked}; Path(a.__file__).write_text('RATE = 5\\n'); {asked}"
    assert python(code, root).split() == ["True", "False"]


def test_a_module_that_was_not_imported_is_as_it_will_be(root: Path, forked: Processes) -> None:
    write(root, **{"src/a.py": ""})
    code = "from pathlib import Path; from labkart.fingerprint import imports; print(imports.as_imported(str(Path('src/a.py').absolute()), 'a'))"
    assert forked.python(code, root) == "True"


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("from labkart.fingerprint import imports; import b.c", "a b b.c"),
        ("import b.c; from labkart.fingerprint import imports", "a b b.c"),
        (
            "from labkart.fingerprint import imports; import b.c, sys; sys.path.insert(0, 'src/b'); import c",
            "a b b.c c",
        ),
        (f"from labkart.fingerprint import imports; {LOADED.format(file='src/d.py')}", "odd"),
        (
            f"from labkart.fingerprint import imports; import b.c; {LOADED.format(file='src/b/c.py')}",
            "a b b.c odd",
        ),
        (
            f"import b.c; from labkart.fingerprint import imports; {LOADED.format(file='src/b/c.py')}",
            "a b b.c odd",
        ),
        ("from labkart.fingerprint import imports; import b.c, sys; del sys.modules['a']", "b b.c"),
    ],
)
def test_each_module_of_the_project_is_known_by_its_name(code: str, names: str, root: Path) -> None:
    """Also one that has another name than its place gives it, and one that was imported under two."""
    write(
        root,
        **{"src/a.py": "", "src/b/__init__.py": "", "src/b/c.py": "import a\n", "src/d.py": ""},
    )
    assert python(f"{code}; print(*sorted(imports.imported_modules()))", root) == names


def test_the_generation_counts_the_projects_modules_alone(root: Path) -> None:
    write(root, **{"src/a.py": "import colorsys\n"})
    code = "from labkart.fingerprint import imports; n = imports.generation(); import wave; m = imports.generation(); import a; print(m - n, imports.generation() - m)"
    assert python(code, root) == "0 1"


def test_what_only_looks_like_a_module_does_no_harm(root: Path) -> None:
    odd = "import sys\nclass Odd:\n    __slots__ = ()\nsys.modules['odd'] = Odd()\n"
    assert (
        python(
            f"{odd}from labkart.fingerprint import imports\nprint(imports.imported_modules())", root
        )
        == "[]"
    )
