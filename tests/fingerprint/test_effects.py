"""What a statement does to others at import: nothing, anything, or a change of a container of the project's."""

import pytest

from labkart.fingerprint.effects import Effects
from labkart.fingerprint.modules import Module, Modules, Ref

HEAD = """
import functools, os
import numpy as np
from pathlib import Path
R, A = {}, 1
REG = {}
def quiet(x):
    return x + 1
def wrapper(f):
    @functools.wraps(f)
    def g(*args):
        os.environ["A"] = "1"
        return f(*args)
    return g
def register(name):
    def add(f):
        REG[name] = f
        return f
    return add
def loud(x):
    os.environ["A"] = str(x)
    return x
def calls(f):
    return f()
class Record:
    def __init__(self, x):
        self.x = x
    def double(self):
        return self.x * 2
class Works(Record):
    def work(self):
        os.environ["A"] = "1"
class Loud:
    def __init__(self):
        os.environ["A"] = "1"
class Operator:
    def __lshift__(self, other):
        os.environ["A"] = "1"
class Wrapped:
    @wrapper
    def __init__(self): ...
class Hooked:
    def __init_subclass__(cls): ...
"""

MOVING = """
import collections, configparser, io
def numbers(): yield 1
class Counter:
    n = 0
    def get(self):
        self.n = self.n + 1
class Held:
    def __init__(self):
        self.n = Counter()
def made(): return Counter()
def read(f): return f.read()
"""


def effect(code: str) -> set[str]:
    """The names that the last statement changes; "anything" for all."""
    module = Module("a", "a.py", [], f"{HEAD}{code}\n".encode())
    modules = Modules()
    modules.find = {"a": module}.get  # type: ignore[assignment, method-assign]
    refs = Effects(modules).of(Ref(module, len(module.statements) - 1))
    return {name for ref in refs for name in (ref.statement.names if ref else ["anything"])}


@pytest.mark.parametrize(
    "code",
    [
        *("x = 1", "x = [1, A]", "x = A + 1", "x = f'{A}'", "x = R['a']", "x = REG.get('a')"),
        *("x = quiet(1)", "x = Record(1)", "x = Record(1).x", "x = np.linspace(0, 1)"),
        *("x = Path('a') / 'b'", "x = Path('a').read_text().split()", "x: int = A"),
        *(
            "x = sorted([1], key=quiet)",
            "import collections\nx = collections.defaultdict(list)",
            "x = functools.partial(loud, 1)",
        ),
        *("x = [i for i in range(3)]", "x = lambda: loud(1)", "x = {'a': loud}", "x = type(A)"),
        *("def f(a=quiet(1)) -> list[Record]: ...", "def f(): loud(1)", "@wrapper\ndef f(): ..."),
        *("@functools.cache\ndef f(): ...", "class B: ...", "class B(Record): x = quiet(1)"),
        "def r(n):\n  def d(f):\n    def w(): loud(n)\n    return w\n  return d\n@r(3)\ndef f(): ...",
        *("class B:\n    @property\n    def f(self): ...\n    @f.setter\n    def f(self, x): ...",),
        *(
            "if A: x = 1\nelse: x = quiet(2)",
            "try:\n    import b\nexcept ImportError:\n    b = None",
        ),
        *("from b import c", "class Hook:\n    def __init_subclass__(cls): ...", "x = y = 1"),
        *("for x in [1, A]: ...", "assert quiet(A) > 1, 'a'", "if A: raise ValueError('a')"),
        "import json\nwith open('a') as f:\n    x = json.load(f)",
        "def f():\n    x = {}\n    for i in [1]:\n        x[i] = quiet(i)\n    return x\ny = f()",
        "from typing import TypedDict\nclass B(TypedDict, total=False): ...",
        "x = functools.reduce(lambda a, b: a * b, [1, 2])",
        "def f():\n    x = {}\n    for i in [1]:\n        x[i] += 1\n    return x\ny = f()",
    ],
)
def test_what_only_defines_does_nothing(code: str) -> None:
    assert effect(code) == set()


@pytest.mark.parametrize(
    "code",
    [
        *("REG['a'] = 1", "REG.update(a=1)", "REG |= {'a': 1}", "@register('a')\ndef f(): ..."),
        *("for_ = REG.setdefault('a', 1)", "@register('a')\nclass B: ..."),
        *("for i in [1]: REG[i] = quiet(i)", "for REG['a'] in [1]: ...", "assert REG.pop('a')"),
    ],
)
def test_what_fills_a_container_changes_it(code: str) -> None:
    assert effect(code) == {"REG"}


@pytest.mark.parametrize(
    ("moving", "use"),
    [
        ("iter([1])", "list(M)"),
        ("(i for i in [1])", "sum(M)"),
        ("map(str, [1])", "''.join(M)"),
        ("numbers()", "list(zip([1], M))"),
        ("Counter()", "M.get()"),
        ("Counter()", "M[0]"),
        *(("[Counter()]", "M[0].get()"), ("made()", "M.get()"), ("Held()", "M.n.get()")),
        *(("{'a': iter([1])}", "list(M['a'])"), ("iter([1]) if A else None", "list(M)")),
        ("collections.defaultdict(list)", "len(M['a'])"),
        ("configparser.ConfigParser()", "M.read('a.ini')"),
        ("io.StringIO('a')", "read(M)"),
        ("Counter()", "0\ndef f(m=M): return m.get()\ny = f()"),
        ("type(A)\nfor M in [Counter()]: ...", "M.get()"),
        ("type(A)\nclass M:\n    n = iter([1])", "list(M.n)"),
    ],
)
def test_what_goes_on_with_an_iterator_changes_it(moving: str, use: str) -> None:
    assert effect(f"{MOVING}M = {moving}\nx = {use}") == {"M"}


def test_what_was_used_up_where_a_value_was_made_does_not_change_it() -> None:
    load = "def load():\n  with open('a') as f: return dict(zip([1], f.read()))\n"
    assert effect(f"{load}M = load()\nx = M['a']") == set()


@pytest.mark.parametrize(
    "code",
    [
        *("loud(1)", "x = loud(1)", "x = [loud(i) for i in (1,)]", "x = calls(quiet)", "b.c()"),
        *(
            "x = Loud()",
            "x = Operator()",
            "x = Works(1)",
            "Loud.x = loud(1)",
            "R['a']['b'] = 1",
        ),
        *(
            "REG['a'].append(1)",
            "os.environ['A'] = '1'",
            "A.x = 1",
            "del A",
            "A += 1",
            "Hooked.x = 1",
            "quiet.x = 1",
            "Record.x = 1",
            "R |= {}",
            "print(1)",
            "try:\n    f = os.environ.update\n    f()\nexcept A: ...",
            "if A:\n    def f(): loud(1)\n    f()",
            "class S(ABC):\n    def __subclasshook__(c, o): loud(1)\nx = isinstance(1, S)",
        ),
        *("x = sorted([1], key=loud)", "x = list(map(loud, [1]))", "x = sorted([1], key=A)"),
        *("x = iter(loud, 1)", "import collections\nx = collections.defaultdict(loud)"),
        "import json\nx = json.loads('{}', cls=Operator)",
        "import json\nx = json.loads('1.5', parse_float=loud)",
        "import json\nx = json.dumps({}, default=loud)",
        "from collections import defaultdict as d\nx = d(loud)",
        *(
            "def f(a=loud(1)): ...",
            "def f(a: loud(1)): ...",
            "@loud\ndef f(): ...",
            "x = loud(1) + 1",
        ),
        *(
            "class B:\n    x = loud(1)",
            "class B(Hooked): ...",
            "class B(metaclass=M): ...",
            "from enum import Enum as E\nclass B(E):\n    x = 1\n    def __init__(self, x): ...",
            "import enum\nclass B(Record, enum.Enum): x = 1",
            "class B(c()): ...",
        ),
        *(
            "@functools.partial(loud)\ndef f(): ...",
            "def __getattr__(name): ...",
            "from b import *",
        ),
        *(
            "for f in [loud]: f(1)",
            "for x in loud(1): ...",
            "for R['a']['b'] in [1]: ...",
            "for d in [R]: d['a'] = 1",
            "for d in [R]: d += [1]",
            "with A: ...",
            "with open('a', 'w') as f: ...",
            "with open('a') as os.x: ...",
            "match A:\n    case 1: ...",
            "assert loud(1)",
            "class E(Exception):\n    def __init__(self): loud(1)\nraise E",
            "def f(x): x += [1]\ny = f(R)",
            "def f():\n    x = R\n    x.update(a=1)\ny = f()",
            "def f(x=None):\n    x.append(1)\n    x = []\ny = f(R)",
            "x = functools.reduce(lambda a, b: loud(a), [1, 2])",
            "x = type('B', (), {})",
            "def type(x): loud(x)\nx = type(1)",
            "@functools.singledispatch\ndef f(x): ...\n@f.register\ndef _(x: int): ...",
        ),
        *(
            "class G:\n    def __class_getitem__(cls, x): loud(x)\nx = G[1]",
            "raise A",
            "if loud(1): x = 1",
        ),
        *(
            "R['a'] += [1]",
            "def f():\n    x = {'a': R}\n    x['a'] |= {1: 1}\nf()",
            "def f():\n    def g(): R = []\n    R.update(a=1)\nf()",
            "class B:\n    def add(self): self.x += [1]\nx = B()",
            "class B:\n    @classmethod\n    def add(cls): cls.x = 1\nx = B()",
            "class B:\n    @staticmethod\n    def add(x): x.y = 1\nx = B()",
            "class B:\n    def add(self):\n        self = R\n        self.x = 1\nx = B()",
            "import dataclasses as d\n@d.dataclass\nclass B:\n    x: int = d.field(default_factory=loud)\nx = B()",
            "x = A.dict(R)\nx['a'] = 1",
            "x = np.exp([1], out=A)",
            "class B:\n    def add(self):\n        if self := A: self.x = 1\nx = B()",
            "x = open('a', opener=loud)",
            "try:\n    import a\nexcept ImportError: ...",
        ),
    ],
)
def test_all_else_may_do_anything(code: str) -> None:
    assert "anything" in effect(code)


def test_what_a_statement_uses_acts_too() -> None:
    assert effect("x = Operator()\ny = x << 1") == {"anything"}


def test_classes_that_inherit_each_other_by_one_name_are_read_once() -> None:
    assert effect("class C: ...\nclass D(C): ...\nclass C(D): ...") == set()
