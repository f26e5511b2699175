"""A file's statements: what each one binds, mentions and does; how it is written does not count."""

import pytest

from labkart.fingerprint import statements
from labkart.fingerprint.statements import Statement


def only(code: str) -> Statement:
    (statement,) = statements.parse(code.encode(), "study.a", False)
    return statement


def digests(code: str) -> list[object]:
    parsed = statements.parse(code.encode(), "study.deep.a", False)
    return [(statement.parts, statement.imports) for statement in parsed]


def mentioned(code: str) -> set[str]:
    return {
        name
        for statement in statements.parse(code.encode(), "study.a", False)
        for name in statement.mentions
    }


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
    assert (found.required, found.mentions) == ({"B"}, {"B", "C"})


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("a, (b, *c) = d", ["a", "b", "c"]),
        ("a = b = 1", ["a", "b"]),
        ("if x:\n    a = 1\nelse:\n    def b(): ...", ["a", "b"]),
        ("for a in b:\n    c = a", ["a", "c"]),
        ("with b as a: ...", ["a"]),
        ("try: ...\nexcept E:\n    a = 1\nfinally:\n    b = 2", ["a", "b"]),
        ("del a", ["a"]),
    ],
)
def test_what_a_statement_binds(code: str, names: list[str]) -> None:
    assert only(code).names == names


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("f(x := 1)", ["x"]),
        ("a = [b := c for c in d]", ["a", "b"]),
        (
            "match a:\n    case [b, *c]: ...\n    case {'d': e, **f}: ...\n    case g: ...",
            list("bcefg"),
        ),
        ("import a.b, c as d", ["a", "d"]),
        ("from a import *", ["*"]),
    ],
)
def test_what_an_expression_a_pattern_and_an_import_bind(code: str, names: list[str]) -> None:
    assert only(code).names == names


@pytest.mark.parametrize(
    ("code", "field", "value"),
    [
        ("x = -1", "literal", "-1"),
        ("x = f", "literal", None),
        ("exec(a)", "is_unsure", True),
        ("def f(): import_module(a)", "is_unsure", True),
    ],
)
def test_what_is_known_of_a_statement(code: str, field: str, value: object) -> None:
    assert getattr(only(code), field) == value


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        ("x = f('a/b.csv', c='d')", {("a/b.csv", 1), ("d", 1)}),
        ("def f():\n    '''Text.'''\n    return f'{a}b'", set()),
    ],
)
def test_its_texts_have_their_lines(code: str, texts: set[tuple[str, int]]) -> None:
    assert set(only(code).texts()) == texts


@pytest.mark.parametrize(
    "code",
    [
        "",
        '"""Text."""',
        "pass",
        "...",
        "if __name__ == '__main__':\n    f()",
        "if TYPE_CHECKING:\n    from a import b",
    ],
)
def test_what_cannot_matter_is_no_statement(code: str) -> None:
    assert statements.parse(code.encode(), "study.a", False) == []


@pytest.mark.parametrize(
    ("code", "imports", "inner"),
    [
        ("import a.b", {"a": ["a"], "a.b": ["a.b"]}, {}),
        ("import a.b as c", {"c": ["a.b"]}, {}),
        ("from . import c", {"c": ["study:c"]}, {}),
        ("from .b import *", {"*": ["study.b:*"]}, {}),
        ("if x:\n    import d", {"d": ["d"]}, {}),
        ("def f():\n    from . import c\n    return c", {}, {"c": ["study:c"]}),
        ("class A:\n    from .b import c", {"c": ["study.b:c"]}, {}),
    ],
)
def test_imports_are_kept_by_name_and_those_of_functions_apart(
    code: str, imports: dict[str, list[str]], inner: dict[str, list[str]]
) -> None:
    (statement,) = statements.parse(code.encode(), "study.e", False)
    assert (statement.imports, statement.inner) == (imports, inner)


def test_a_package_is_its_own_surroundings() -> None:
    (statement,) = statements.parse(b"from . import c\n", "study", True)
    assert statement.imports == {"c": ["study:c"]}


@pytest.mark.parametrize("code", [b"def", b"\xff", b"x = 1\0"])
def test_what_is_no_python_is_refused(code: bytes) -> None:
    with pytest.raises((SyntaxError, ValueError)):
        statements.parse(code, "study", True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1 # a", "x=1"),
        ("def f(): return 'a'", 'def f():\n    """b"""\n    return "a"'),
        ("x = 1_000", "x = 0x3E8"),
        ("f(a, b)", "f(\n    a,\n    b,\n)"),
        ("if x: y()", "if x:\n    pass\n    y()"),
    ],
)
def test_the_same_code_written_in_two_ways_has_one_digest(one: str, other: str) -> None:
    assert digests(one) == digests(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1", "x = 2"),
        ("x = 0", "x = False"),
        ("x = 0", "x = 0.0"),
        ("x = 0.0", "x = -0.0"),
        ("x = None", "x = ''"),
        ("x = 'a'", "x = b'a'"),
        ("f(*a)", "f(a)"),
        ("f(a=b)", "f(**b)"),
        ("def f(a, /): ...", "def f(a): ..."),
        ("def f(a, b=1): ...", "def f(a=1, *, b): ..."),
        ("if x: y\nelse: z()", "if x: y\nz()"),
        ("if x: a()\nelse: pass", "if x: pass\nelse: a()"),
        ("async def f(): ...", "def f(): ..."),
        ("x[1:]", "x[:1]"),
        ("f'{a!r}'", "f'{a}'"),
        ("from .a import b", "from ..a import b"),
        ("a, b = c", "[a], b = c"),
        ("lambda: a", "a"),
    ],
)
def test_other_code_has_another_digest(one: str, other: str) -> None:
    assert digests(one) != digests(other)


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("np.linspace(a)", {"np.linspace", "a"}),
        ("f(x).y", {"f", "x"}),
        ("def f(a, b=c) -> d: return a + e", {"c", "d", "e"}),
        ("def f():\n    x = g\n    return x", {"g"}),
        ("def f():\n    global x\n    x = 1", {"x"}),
        ("def f():\n    def g(): return x\n    x = 1\n    return g", set()),
        ("lambda a: a + b", {"b"}),
        ("[i + a for i in b]", {"a", "b"}),
        ("def f():\n    try: g()\n    except E as error: return error", {"g", "E"}),
        ("class A(B, metaclass=M):\n    x: T = c", {"B", "M", "T", "c"}),
        ("@a.b(c)\ndef f(): ...", {"a.b", "c"}),
        ("table.query('x > @LIMIT and y < @f(1)')", {"table.query", "LIMIT", "f"}),
        ("x: 'list[T]'", {"list", "T"}),
        ("def f(a: 'T') -> 'U': ...", {"T", "U"}),
        ("a = gokart.TaskInstanceParameter(expected_type=B)", set()),
        ("a: gokart.ListTaskInstanceParameter[B] = gokart.ListTaskInstanceParameter()", set()),
        ("match a:\n    case B(x=1): c", {"a", "B", "c"}),
    ],
)
def test_a_mention_is_a_name_from_outside(code: str, names: set[str]) -> None:
    assert mentioned(code) - {"x", "a.x"} - ({"a"} if "Parameter" in code else set()) == names - {
        "x"
    }


@pytest.mark.parametrize(
    "code",
    [
        "exec(a)",
        "builtins.eval(a)",
        "il.import_module(a)",
        "getattr(il, 'import_module')(a)",
        "a.__globals__",
        "sys.modules[a]",
        "pickle.load(a)",
        "hydra.utils.instantiate(a)",
        "A.__subclasses__()",
        "f().__doc__",
        "list(map(eval, a))",
        "ctypes.CDLL(a)",
        "inspect.getdoc(a)",
        "sys._getframe().f_back",
        "pickle.Unpickler(a)",
        "yaml.unsafe_load(a)",
        "np.load(a, allow_pickle=True)",
        "find_spec(a)",
        "hydra.utils.call(a)",
        "table.eval('a + b')",
        "run = exec",
        "os.execv(a, b)",
        "asyncio.create_subprocess_exec(a)",
    ],
)
def test_what_reaches_code_in_ways_that_names_do_not_show_is_unsure(code: str) -> None:
    assert any(statement.is_unsure for statement in statements.parse(code.encode(), "a", False))


@pytest.mark.parametrize(
    "code",
    [
        "model.eval()",
        "np.load(a, allow_pickle=False)",
        "re.compile(a)",
        "sys.path",
        "importlib.metadata.version(a)",
        "self.a",
    ],
)
def test_what_only_looks_like_it_is_sure(code: str) -> None:
    assert not any(statement.is_unsure for statement in statements.parse(code.encode(), "a", False))
