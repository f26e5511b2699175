"""A file's definitions, what each one mentions, and what the file does when it is imported."""

import pytest

from labkart.fingerprint import source
from labkart.fingerprint.source import Definition


def only(code: str) -> Definition:
    (found,) = source.read(code.encode(), "study.a", False).definitions
    return found


def test_a_class_has_a_digest_for_each_of_its_members() -> None:
    before = only("class A:\n    x = 1\n    def f(self): return 1\n    def g(self): return 1\n")
    after = only("class A:\n    x = 1\n    def f(self): return 2\n    def g(self): return 1\n")
    assert list(before.parts) == ["A", "A.x", "A.f", "A.g"]
    assert [name for name in before.parts if before.parts[name] != after.parts[name]] == ["A.f"]


@pytest.mark.parametrize(
    "change",
    [
        "class A(B): ...",
        "@b\nclass A: ...",
        "class A:\n    if b: x = 1",
        "class A:\n    def f(self): ...",
    ],
)
def test_the_rest_of_a_class_has_a_digest_too(change: str) -> None:
    assert only(change).parts["A"] != only("class A: ...").parts["A"]


def test_what_requires_alone_reads_is_apart() -> None:
    found = only(
        "class A:\n    def requires(self): return B() or C()\n    def run(self): return C\n"
    )
    assert (found.requires, found.mentions) == (["B"], ["C"])


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("a, (b, *c) = d", ["a", "b", "c"]),
        ("a = b = 1", ["a", "b"]),
        ("if x:\n    a = 1\nelse:\n    def b(): ...", ["a", "b"]),
        ("for a in b:\n    c = a", ["c", "a"]),
        ("with b as a: ...", ["a"]),
        ("try: ...\nexcept E:\n    a = 1\nfinally:\n    b = 2", ["a", "b"]),
        ("del a", ["a"]),
    ],
)
def test_what_a_statement_binds(code: str, names: list[str]) -> None:
    assert only(code).names == names


@pytest.mark.parametrize(
    ("code", "field", "value"),
    [
        ("R['x'] = f", "assigned_parts", ["R"]),
        ("A.b.c = 1", "assigned_parts", ["A.b.c"]),
        ("vars()['x'] = f", "assigned_parts", ["vars"]),
        ("f().x = 1", "assigned_parts", ["f.x"]),
        ("@a.b(1)\ndef f(): ...", "decorators", ["a.b"]),
        ("class A:\n    @b\n    def f(self): ...", "decorators", ["b"]),
        ("x = f(g)", "calls", ["f", "g"]),
        ("f()", "has_side_effects", True),
        ("class A:\n    f()", "has_side_effects", True),
        ("x = 1", "has_side_effects", False),
        ("x = []", "is_mutable", True),
        ("x = Register()", "is_mutable", True),
        ("x = 1", "is_mutable", False),
        ("x = logging.getLogger(__name__)", "is_mutable", False),
        ("class A:\n    all = {}", "is_mutable", True),
        ("class A:\n    rate = luigi.FloatParameter(default=1)", "is_mutable", False),
        ("class A:\n    def __init_subclass__(cls): ...", "acts_on_subclass", True),
        ("class A(metaclass=M): ...", "acts_on_subclass", True),
        ("class A: ...", "acts_on_subclass", False),
        ("x = -1", "literal", "-1"),
        ("x = f", "literal", None),
        ("exec(a)", "unsure", True),
        ("def f(): import_module(a)", "unsure", True),
    ],
)
def test_what_a_statement_does_at_import(code: str, field: str, value: object) -> None:
    assert getattr(only(code), field) == value


@pytest.mark.parametrize(
    "code",
    [
        "",
        '"""Text."""',
        "pass",
        "...",
        "if __name__ == '__main__':\n    f()",
        "if TYPE_CHECKING:\n    from a import b",
        "import a",
    ],
)
def test_what_cannot_matter_is_no_definition(code: str) -> None:
    assert source.read(code.encode(), "study.a", False).definitions == []


def test_imports_are_kept_by_name_and_those_that_no_name_uses_apart() -> None:
    found = source.read(
        b"import a.b\nfrom . import c\nif x:\n    import d\nc()\n", "study.e", False
    )
    assert found.imports == {"a": ["a"], "a.b": ["a.b"], "c": ["study:c"], "d": ["d"]}
    assert found.unused == ["a", "d"]


def test_an_import_inside_a_function_belongs_to_it() -> None:
    found = source.read(b"def f():\n    from . import c\n    return c\n", "study.e", False)
    assert (found.imports, found.definitions[0].imports) == ({}, {"c": ["study:c"]})


def test_a_package_is_its_own_surroundings() -> None:
    assert source.read(b"from . import c\n", "study", True).imports == {"c": ["study:c"]}


@pytest.mark.parametrize("code", [b"def", b"\xff", b"x = 1\0"])
def test_what_is_no_python_is_refused(code: bytes) -> None:
    with pytest.raises((SyntaxError, ValueError)):
        source.read(code, "study", True)
