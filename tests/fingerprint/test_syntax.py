"""What a tree says does not hang on how it is written, and the names it mentions are those that come from outside."""

import ast

import pytest

from labkart.fingerprint import syntax


def mentioned(code: str) -> set[str]:
    return syntax.mentions(ast.parse(code))


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
    assert syntax.digest(ast.parse(one)) == syntax.digest(ast.parse(other))


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
    assert syntax.digest(ast.parse(one)) != syntax.digest(ast.parse(other))


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
    ],
)
def test_what_reaches_code_in_ways_that_names_do_not_show_is_unsure(code: str) -> None:
    assert any(map(syntax.is_unsure, mentioned(code)))


@pytest.mark.parametrize(
    "code", ["model.eval()", "re.compile(a)", "sys.path", "importlib.metadata.version(a)", "self.a"]
)
def test_what_only_looks_like_it_is_sure(code: str) -> None:
    assert not any(map(syntax.is_unsure, mentioned(code)))


@pytest.mark.parametrize(
    ("code", "package", "found"),
    [
        ("import a.b", "p", [("a", "a"), ("a.b", "a.b")]),
        ("import a.b as c", "p", [("c", "a.b")]),
        ("from a import b as c", "p", [("c", "a:b")]),
        ("from . import b", "p.q", [("b", "p.q:b")]),
        ("from ..c import *", "p.q", [("*", "p.c:*")]),
    ],
)
def test_an_import_binds_names_to_their_origins(
    code: str, package: str, found: list[tuple[str, str]]
) -> None:
    assert list(syntax.imports(ast.parse(code).body, package)) == found
