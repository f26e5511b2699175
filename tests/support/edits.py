"""Edits of a study, as tables: what counts for a task, and what does not."""

from collections.abc import Callable
from pathlib import Path

from tests.support.study import HEAD, STUDY, Case, task
from tests.support.tiny import write

COUNTS: dict[str, Case] = {
    # The task itself
    "the body of run()": {"scale.py": task("x * §")},
    "a method": {"scale.py": task("self.scaled(x)", "def scaled(self, x):\n    return x * §")},
    "a constant of a class": {"scale.py": task("x * self.RATE", "RATE = §")},
    "a constant of a module": {"scale.py": task("x * RATE", head="RATE = §")},
    "a priority that run() reads": {"scale.py": task("x * self.priority", "priority = §")},
    "a priority that a helper reads": {
        "scale.py": task("f(self, x)", "priority = §", "def f(a, x): return x * a.priority")
    },
    "tries that are computed": {
        "scale.py": task("x * S.N", "retry_count = S.N = §", "class S: ...")
    },
    "resources of what is no task": {
        "scale.py": task("x * vars(A)[f'{N}']", head="N = 'priority'\nclass A:\n    priority = §")
    },
    "a property": {"scale.py": task("x * self.rate", "@property\ndef rate(self):\n    return §")},
    "a cached property": {
        "scale.py": task(
            "x * self.rate", "@functools.cached_property\ndef rate(self):\n    return §"
        )
    },
    "a setter": {
        "scale.py": task(
            "x * [setattr(self, 'rate', 1), self.half][1]", "@property\ndef rate(self): return 0\n"
        )
        + "\n    @rate.setter\n    def rate(self, value):\n        self.half = value * §\n"
    },
    "a class method": {
        "scale.py": task("x * self.rate()", "@classmethod\ndef rate(cls):\n    return §")
    },
    "a static method": {
        "scale.py": task("x * self.rate()", "@staticmethod\ndef rate():\n    return §")
    },
    "a parameter's default": {
        "scale.py": task("x * self.rate", "rate = luigi.IntParameter(default=§)")
    },
    "a parameter's default by name": {
        "scale.py": task("x * self.rate", "rate = luigi.IntParameter(default=RATE)", "RATE = §")
    },
    "an inherited method": {
        "scale.py": task(
            "x * self.rate()",
            bases="Base",
            head="class Base(Task):\n    def rate(self):\n        return §",
        )
    },
    "a method inherited from another module": {
        "scale.py": task("x * self.rate()", bases="Base", head="from .base import Base"),
        "base.py": "from labkart import Task\nclass Base(Task):\n    def rate(self):\n        return §\n",
    },
    "a method inherited from two modules away": {
        "scale.py": task("x * self.rate()", bases="Base", head="from .base import Base"),
        "base.py": "from labkart import Task\nfrom .far import Far\nclass Base(Far, Task): ...\n",
        "far.py": "class Far:\n    def rate(self):\n        return §\n",
    },
    "an inherited run()": {
        "scale.py": task("x * §").replace("Scale", "Base") + "class Scale(Base): ...\n",
    },
    "a mixin": {
        "scale.py": task("x * self.rate", bases="Rated, Task", head="from .mixin import Rated"),
        "mixin.py": "class Rated:\n    rate = §\n",
    },
    "another base class": {
        "scale.py": task("x * self.rate", bases="Rated§, Task", head="from .mixin import *"),
        "mixin.py": "class Rated2:\n    rate = 2\nclass Rated5:\n    rate = 5\n",
    },
    "a generator run()": {"scale.py": task("x * §") + "        yield from ()\n"},
    "what super() reaches": {
        "scale.py": task("super().scaled(x)", bases="Base", head="from .base import Base"),
        "base.py": "from labkart import Task\nclass Base(Task):\n    def scaled(self, x):\n        return x * §\n",
    },
    "a helper of another task": {
        "scale.py": task("Lent.scaled(x)", head="from .lent import Lent"),
        "lent.py": "from labkart import Task\nclass Lent(Task):\n    def scaled(x):\n        return x * §\n",
    },
    # Helpers, near and far
    "a helper in the same module": {
        "scale.py": task("scaled(x)", head="def scaled(x):\n    return x * §")
    },
    "a helper in another module": "def scaled(x):\n    return x * §\n",
    "a helper two modules away": {
        "way.py": "from .far import rate\ndef scaled(x):\n    return x * rate()\n",
        "far.py": "def rate():\n    return §\n",
    },
    "a constant two modules away": {
        "way.py": "from . import far\ndef scaled(x):\n    return x * far.RATE\n",
        "far.py": "RATE = §\n",
    },
    "a constant derived from another": "RATE = §\nDOUBLE = RATE * 10\ndef scaled(x):\n    return x * DOUBLE // 10\n",
    "a helper in the package's __init__": {
        "__init__.py": "def rate():\n    return §\n",
        "way.py": "from . import rate\ndef scaled(x):\n    return x * rate()\n",
    },
    "a helper behind a package's __init__": {
        "way.py": "from .tools import rate\ndef scaled(x):\n    return x * rate()\n",
        "tools/__init__.py": "from .inner import rate\n",
        "tools/inner.py": "def rate():\n    return §\n",
    },
    "a helper behind a star in a package's __init__": {
        "way.py": "from . import tools\ndef scaled(x):\n    return x * tools.rate()\n",
        "tools/__init__.py": "from .inner import *\n",
        "tools/inner.py": "__all__ = ['rate']\ndef rate():\n    return §\n",
    },
    "a helper in a folder without __init__": {
        "way.py": "from helpers.rates import rate\ndef scaled(x):\n    return x * rate()\n",
        "../helpers/rates.py": "def rate():\n    return §\n",
    },
    "a helper in a module beside the package": {
        "way.py": "import rates\ndef scaled(x):\n    return x * rates.rate()\n",
        "../rates.py": "def rate():\n    return §\n",
    },
    # Kinds of definitions
    "a method of a project class": "class Model:\n    def fit(self, x):\n        return x * §\ndef scaled(x):\n    return Model().fit(x)\n",
    "an operator": "class Rate:\n    def __rmul__(self, x):\n        return x * §\ndef scaled(x):\n    return x * Rate()\n",
    "a nested function": "def scaled(x):\n    def inner():\n        return §\n    return x * inner()\n",
    "a nested class": "class A:\n    class B:\n        rate = §\ndef scaled(x):\n    return x * A.B.rate\n",
    "a lambda": "scaled = lambda x: x * §\n",
    "a lambda's constant": "RATE = §\nscaled = lambda x: x * RATE\n",
    "a lambda's default": "scaled = lambda x, rate=§: x * rate\n",
    "a default value": "def scaled(x, rate=§):\n    return x * rate\n",
    "a default value by name": "RATE = §\ndef scaled(x, *, rate=RATE):\n    return x * rate\n",
    "a closure over a module's variable": "RATE = §\ndef make():\n    return lambda x: x * RATE\nscaled = make()\n",
    "the argument of a closure": "def make(rate):\n    return lambda x: x * rate\nscaled = make(§)\n",
    "a partial function": "import functools, operator\nscaled = functools.partial(operator.mul, §)\n",
    "the last of two definitions": "def scaled(x):\n    return 0\ndef scaled(x):\n    return x * §\n",
    "the first of two definitions": "def scaled(x):\n    return x * §\nbefore = scaled\ndef scaled(x):\n    return before(x)\n",
    "a decorator's argument": """
def times(rate):
    return lambda function: lambda x: function(x) * rate

@times(§)
def scaled(x):
    return x
""",
    "a decorator's wrapper": {
        "way.py": "from .wrap import timed\n@timed\ndef scaled(x):\n    return x\n",
        "wrap.py": "import functools\ndef timed(f):\n    @functools.wraps(f)\n    def g(x):\n        return f(x) * §\n    return g\n",
    },
    "a dataclass's default": """
from dataclasses import dataclass

@dataclass
class Model:
    rate: int = §

def scaled(x):
    return x * Model().rate
""",
    "a dataclass's default by name": """
from dataclasses import dataclass, field
RATE = §

@dataclass
class Model:
    rate: list = field(default_factory=lambda: [RATE])

def scaled(x):
    return x * Model().rate[0]
""",
    "an enum's value": "import enum\nclass Rate(enum.Enum):\n    LOW = §\ndef scaled(x):\n    return x * Rate['LOW'].value\n",
    "a named tuple's default": "from typing import NamedTuple\nclass M(NamedTuple):\n    rate: int = §\ndef scaled(x):\n    return x * M().rate\n",
    "an annotation": "from typing import Annotated\nclass M:\n    a: Annotated[int, §]\ndef scaled(x):\n    return x * M.__annotations__['a'].__metadata__[0]\n",
    "a coroutine": "import asyncio\nasync def rate():\n    return §\ndef scaled(x):\n    return x * asyncio.run(rate())\n",
    "a generator": "def rates():\n    yield §\ndef scaled(x):\n    return x * next(rates())\n",
    "a context manager": """
from contextlib import contextmanager

@contextmanager
def rate():
    yield §

def scaled(x):
    with rate() as value:
        return x * value
""",
    "a descriptor": """
class Rate:
    def __get__(self, instance, owner):
        return §

class Model:
    rate = Rate()

def scaled(x):
    return x * Model.rate
""",
    "a metaclass": "class Meta(type):\n    rate = §\nclass Model(metaclass=Meta): ...\ndef scaled(x):\n    return x * Model.rate\n",
    "a keyword of a class": """
class Base:
    def __init_subclass__(cls, rate):
        cls.rate = rate

class Model(Base, rate=§): ...

def scaled(x):
    return x * Model.rate
""",
    "a class made by type()": "Model = type('Model', (), {'rate': §})\ndef scaled(x):\n    return x * Model.rate\n",
    "a module's __getattr__": {
        "way.py": "from . import far\ndef scaled(x):\n    return x * far.RATE\n",
        "far.py": "def __getattr__(name):\n    if name != 'RATE':\n        raise AttributeError(name)\n    return §\n",
    },
    "a pattern": "def scaled(x):\n    match x:\n        case 6:\n            return x * §\n",
    "a text": "def scaled(x):\n    return x * int(f'{x}§'[1:])\n",
    "a docstring that is used": 'def scaled(x):\n    """§"""\n    return x * int(scaled.__doc__)\n',
    "a class's docstring that is used": "class A:\n    '''§'''\ndef scaled(x):\n    return x * int(getattr(A, '__doc__'))\n",
    "a module's docstring that is used": {
        "way.py": "from . import far\ndef scaled(x):\n    return x * int(far.__doc__)\n",
        "far.py": '"""§"""\n',
    },
    "bytes": "def scaled(x):\n    return x * int(b'§')\n",
    # Statements that bind
    "an unpacked constant": "ONE, (_, *RATE) = 1, (0, §)\ndef scaled(x):\n    return x * RATE[0]\n",
    "a constant made larger": "RATE = 0\nRATE += §\ndef scaled(x):\n    return x * RATE\n",
    "a constant in a block": "if True:\n    RATE = §\nelse:\n    RATE = 0\ndef scaled(x):\n    return x * RATE\n",
    "a constant of a loop": "for RATE in (1, §):\n    pass\ndef scaled(x):\n    return x * RATE\n",
    "a constant of a with": "import contextlib\nwith contextlib.nullcontext(§) as RATE:\n    pass\ndef scaled(x):\n    return x * RATE\n",
    "a condition at import": "rate = lambda: 2\nif § == 5:\n    rate = lambda: 5\ndef scaled(x):\n    return x * rate()\n",
    "an attribute of a function": "def scaled(x):\n    return x * scaled.rate\nscaled.rate = §\n",
    "an attribute of an attribute": "class A:\n    class B: ...\nA.B.rate = §\ndef scaled(x):\n    return x * A.B.rate\n",
    "the defaults of a function": "def scaled(x, rate):\n    return x * rate\nscaled.__defaults__ = (§,)\n",
    "the code of a function": "def scaled(x): ...\ndef other(x):\n    return x * §\nscaled.__code__ = other.__code__\n",
    "an element of a list": "RATES = [0]\nRATES[0] = §\ndef scaled(x):\n    return x * RATES[0]\n",
    "a deleted name": "rate = min\ndef min(a, b):\n    return 5\nif § == 2:\n    del min\ndef scaled(x):\n    return x * min(2, 3)\n",
    # Ways to import
    "import a.b as c": {
        "way.py": "import study.far as f\ndef scaled(x):\n    return x * f.rate()\n",
        "far.py": "def rate():\n    return §\n",
    },
    "import a.b": {
        "way.py": "import study.deep.far\ndef scaled(x):\n    return x * study.deep.far.rate()\n",
        "deep/far.py": "def rate():\n    return §\n",
        "deep/__init__.py": "",
    },
    "from ... import, relative": {
        "way.py": "from .deep.er.near import rate\ndef scaled(x):\n    return x * rate()\n",
        "deep/__init__.py": "",
        "deep/er/__init__.py": "",
        "deep/er/near.py": "from ... import far\ndef rate():\n    return far.RATE\n",
        "far.py": "RATE = §\n",
    },
    "import *": {
        "way.py": "from .far import *\ndef scaled(x):\n    return x * rate()\n",
        "far.py": "def rate():\n    return §\n",
    },
    "import * of import *": {
        "way.py": "from .far import *\ndef scaled(x):\n    return x * rate()\n",
        "far.py": "from .deep import *\n",
        "deep.py": "def rate():\n    return §\n",
    },
    "import * over a builtin": {
        "way.py": "from .far import *\ndef scaled(x):\n    return x * max(1, 2)\n",
        "far.py": "def max(*values):\n    return §\n",
    },
    "import in a function": {
        "way.py": "def scaled(x):\n    from .far import rate\n    return x * rate()\n",
        "far.py": "def rate():\n    return §\n",
    },
    "import in a method, of a module": {
        "way.py": "class A:\n    def rate(self):\n        import study.far\n        return study.far.rate()\ndef scaled(x):\n    return x * A().rate()\n",
        "far.py": "def rate():\n    return §\n",
    },
    "import in a nested function": {
        "way.py": "def scaled(x):\n    def inner():\n        from .far import rate as r\n        return r()\n    return x * inner()\n",
        "far.py": "def rate():\n    return §\n",
    },
    "import in a try": {
        "way.py": "try:\n    from .fast import rate\nexcept ImportError:\n    from .far import rate\ndef scaled(x):\n    return x * rate()\n",
        "far.py": "def rate():\n    return §\n",
    },
    "import in an if": {
        "way.py": "import sys\nif sys.maxsize:\n    from .far import rate\ndef scaled(x):\n    return x * rate()\n",
        "far.py": "def rate():\n    return §\n",
    },
    "the same name of another module": {
        "way.py": "from .rate§ import rate\ndef scaled(x):\n    return x * rate()\n",
        "rate2.py": "def rate():\n    return 2\n",
        "rate5.py": "def rate():\n    return 5\n",
    },
    "the same name of another module of the same text": {
        "way.py": "from .rate§ import rate\ndef scaled(x):\n    return x * rate()\n",
        "rate2.py": "def rate():\n    return int(__name__[-1])\n",
        "rate5.py": "def rate():\n    return int(__name__[-1])\n",
    },
    "modules that import each other": {
        "way.py": "from . import far\nRATE = §\ndef scaled(x):\n    return x * far.rate()\n",
        "far.py": "from . import way\ndef rate():\n    return way.RATE\n",
    },
    # Ways that a name does not show
    "registered by a decorator": {
        "way.py": "from .register import REGISTER\nfrom . import plugin\ndef scaled(x):\n    return x * REGISTER['rate']()\n",
        "register.py": "REGISTER = {}\ndef register(name):\n    def add(f):\n        REGISTER[name] = f\n        return f\n    return add\n",
        "plugin.py": "from .register import register\n@register('rate')\ndef anything():\n    return §\n",
    },
    "registered by a method": {
        "way.py": "from .register import models\nfrom . import plugin\ndef scaled(x):\n    return x * models.get('rate')()\n",
        "register.py": "class Register:\n    def __init__(self):\n        self.all = {}\n    def add(self, f):\n        self.all[f.__name__] = f\n    def get(self, name):\n        return self.all[name]\nmodels = Register()\n",
        "plugin.py": "from .register import models\n@models.add\ndef rate():\n    return §\n",
    },
    "registered in a class": {
        "way.py": "from .register import Register\nfrom . import plugin\ndef scaled(x):\n    return x * Register.all['rate']()\n",
        "register.py": "class Register:\n    all = {}\n    @classmethod\n    def add(cls, f):\n        cls.all[f.__name__] = f\n        return f\n",
        "plugin.py": "from .register import Register\n@Register.add\ndef rate():\n    return §\n",
    },
    "registered by a class decorator": {
        "way.py": "from .register import REGISTER\nfrom . import plugin\ndef scaled(x):\n    return x * REGISTER[0]().rate()\n",
        "register.py": "REGISTER = []\ndef register(cls):\n    REGISTER.append(cls)\n    return cls\n",
        "plugin.py": "from .register import register\n@register\nclass Model:\n    def rate(self):\n        return §\n",
    },
    "registered by being inherited": {
        "way.py": "from .register import Base\nfrom . import plugin\ndef scaled(x):\n    return x * Base.all['Model'].rate\n",
        "register.py": "class Base:\n    all = {}\n    def __init_subclass__(cls):\n        Base.all[cls.__name__] = cls\n",
        "plugin.py": "from .register import Base\nclass Model(Base):\n    rate = §\n",
    },
    "registered by a metaclass": {
        "way.py": "from .register import ALL, Base\nfrom . import plugin\ndef scaled(x):\n    return x * ALL['Model'].rate\n",
        "register.py": "ALL = {}\nclass Meta(type):\n    def __init__(cls, name, bases, space):\n        ALL[name] = cls\nclass Base(metaclass=Meta): ...\n",
        "plugin.py": "from .register import Base\nclass Model(Base):\n    rate = §\n",
    },
    "found by __subclasses__": {
        "way.py": "from .register import Base\nfrom . import plugin\ndef scaled(x):\n    return x * Base.__subclasses__()[0].rate\n",
        "register.py": "class Base: ...\n",
        "plugin.py": "from .register import Base\nclass Model(Base):\n    rate = §\n",
    },
    "registered with singledispatch": {
        "way.py": "from .register import rate\nfrom . import plugin\ndef scaled(x):\n    return x * rate(x)\n",
        "register.py": "import functools\n@functools.singledispatch\ndef rate(x):\n    return 0\n",
        "plugin.py": "from .register import rate\n@rate.register\ndef _(x: int):\n    return §\n",
    },
    "registered by an element": {
        "way.py": "from .register import REGISTER\nfrom . import plugin\ndef scaled(x):\n    return x * REGISTER['rate']()\n",
        "register.py": "REGISTER = {}\n",
        "plugin.py": "from . import register\ndef rate():\n    return §\nregister.REGISTER['rate'] = rate\n",
    },
    "registered in the module itself": "REGISTER = {}\ndef rate():\n    return §\nREGISTER['x'] = rate\ndef scaled(x):\n    return x * REGISTER['x']()\n",
    "an attribute of a class set elsewhere": {
        "way.py": "from .model import Model\nfrom . import plugin\ndef scaled(x):\n    return x * Model.rate\n",
        "model.py": "class Model:\n    rate = 0\n",
        "plugin.py": "from .model import Model\nModel.rate = §\n",
    },
    "an attribute of an object set elsewhere": {
        "way.py": "from .model import model\nfrom . import plugin\ndef scaled(x):\n    return x * model.rate\n",
        "model.py": "from types import SimpleNamespace\nmodel = SimpleNamespace(rate=0)\n",
        "plugin.py": "from .model import model\nmodel.rate = §\n",
    },
    "a constant set elsewhere": {
        "way.py": "from . import model, plugin\ndef scaled(x):\n    return x * model.RATE\n",
        "model.py": "RATE = 0\n",
        "plugin.py": "from . import model\nmodel.RATE = §\n",
    },
    "a constant set from a function elsewhere": {
        "way.py": "from . import model, plugin\ndef scaled(x):\n    return x * model.RATE\n",
        "model.py": "RATE = 0\n",
        "plugin.py": "from . import model\ndef setup():\n    model.RATE = §\nDONE = setup()\n",
    },
    "a function replaced elsewhere": {
        "way.py": "from . import model, plugin\ndef scaled(x):\n    return x * model.rate()\n",
        "model.py": "def rate():\n    return 0\n",
        "plugin.py": "from . import model\ndef faster():\n    return §\nmodel.rate = faster\n",
    },
    "a method replaced elsewhere": {
        "way.py": "from .model import Model\nfrom . import plugin\ndef scaled(x):\n    return x * Model().rate()\n",
        "model.py": "class Model:\n    def rate(self):\n        return 0\n",
        "plugin.py": "from .model import Model\nModel.rate = lambda self: §\n",
    },
    "a decorator that takes the name": {
        "way.py": "from . import model, plugin\ndef scaled(x):\n    return x * model.rate()\n",
        "model.py": "def rate():\n    return 0\n",
        "plugin.py": "from . import model\ndef instead(name):\n    def put(f):\n        setattr(model, name, f)\n        return f\n    return put\n@instead('rate')\ndef faster():\n    return §\n",
    },
    "a name in a query of pandas": """
import pandas as pd
LIMIT = §

def scaled(x):
    return x * len(pd.DataFrame({"a": range(10)}).query("a < @LIMIT"))
""",
    "a function in a query of pandas": """
import pandas as pd

def limit(x):
    return §

def scaled(x):
    return x * len(pd.DataFrame({"a": range(10)}).query("a < @limit(1)"))
""",
    # What is read at import
    "JSON read at import": {
        "way.py": "import json\nfrom pathlib import Path\nRATE = json.loads(Path(__file__).with_name('rate.json').read_text())\ndef scaled(x):\n    return x * RATE\n",
        "rate.json": "§",
    },
    "JSON read at import by a helper": {
        "way.py": "from .far import read\nRATE = read('rate.json')\ndef scaled(x):\n    return x * RATE\n",
        "far.py": "import json\nfrom pathlib import Path\ndef read(name):\n    return json.loads(Path(__file__).with_name(name).read_text())\n",
        "rate.json": "§",
    },
    "JSON read at import by another module": {
        "way.py": "from .far import RATES\ndef scaled(x):\n    return x * RATES['rate']\n",
        "far.py": "import json\nfrom pathlib import Path\nwith open(Path(__file__).with_name('rate.json')) as file:\n    RATES = json.load(file)\n",
        "rate.json": '{"rate": §}',
    },
    "a table read at import": {
        "way.py": "import pandas as pd\nfrom pathlib import Path\nRATE = pd.read_csv(Path(__file__).with_name('rate.csv'))['rate'][0]\ndef scaled(x):\n    return x * int(RATE)\n",
        "rate.csv": "rate\n§\n",
    },
    "a file that a cached function has read for another module": {
        "way.py": "from . import other\nfrom .far import read\nRATE = read('rate.txt')\ndef scaled(x):\n    return x * RATE\n",
        "other.py": "from .far import read\nRATE = read('rate.txt')\n",
        "far.py": "import functools\nfrom pathlib import Path\n@functools.cache\ndef read(name):\n    return int(Path(__file__).with_name(name).read_text())\n",
        "rate.txt": "§",
    },
    "a resource read at import": {
        "way.py": "from importlib import resources\nRATE = int(resources.files('study').joinpath('rate.txt').read_text())\ndef scaled(x):\n    return x * RATE\n",
        "rate.txt": "§",
    },
    "registered by a module that is imported in run()": {
        "way.py": "from .register import REGISTER\ndef scaled(x):\n    from . import plugin\n    return x * REGISTER['rate']()\n",
        "register.py": "REGISTER = {}\ndef register(f):\n    REGISTER['rate'] = f\n",
        "plugin.py": "from .register import register\n@register\ndef anything():\n    return §\n",
    },
    "registered by a module that another module imports in run()": {
        "way.py": "from .register import REGISTER\ndef load():\n    import study.deep\ndef scaled(x):\n    load()\n    return x * REGISTER['rate']()\n",
        "register.py": "REGISTER = {}\ndef register(f):\n    REGISTER['rate'] = f\n",
        "deep.py": "from .plugin import *\n",
        "plugin.py": "from .register import register\n@register\ndef anything():\n    return §\n",
    },
    "plugins that are imported by their names": {
        "way.py": "from .register import REGISTER\nfrom . import plugins\ndef scaled(x):\n    return x * REGISTER['rate']()\n",
        "register.py": "REGISTER = {}\ndef register(f):\n    REGISTER['rate'] = f\n",
        "plugins/__init__.py": "import pkgutil\nfrom importlib import import_module\nALL = [import_module('study.plugins.' + each.name) for each in pkgutil.iter_modules(__path__)]\n",
        "plugins/one.py": "from study.register import register\n@register\ndef anything():\n    return §\n",
    },
    "a module in __all__": {
        "way.py": "from .tools import *\ndef scaled(x):\n    return x * rates.rate()\n",
        "tools/__init__.py": "__all__ = ['rates']\n",
        "tools/rates.py": "def rate():\n    return §\n",
    },
    "another task's class that requires() reads for run()": {
        "scale.py": task("x * self.rate", head="from .other import Rated")
        .replace("return Load()", "self.rate = Rated.RATE; return Load()")
        .replace("x = self", "self.requires(); x = self"),
        "other.py": "from labkart import Task\nclass Rated(Task):\n    RATE = §\n",
    },
    "another task's class that a helper of requires() reads for run()": {
        "scale.py": task("x * self.rate", head="from .way import prepare")
        .replace("return Load()", "prepare(self); return Load()")
        .replace("x = self", "self.requires(); x = self"),
        "way.py": "from .other import Rated\ndef prepare(task):\n    task.rate = Rated.RATE\n",
        "other.py": "from labkart import Task\nclass Rated(Task):\n    RATE = §\n",
    },
    "a task's class that something else requires": {
        "way.py": "from .other import Rated\nclass Plan:\n    def requires(self):\n        return Rated.RATE\ndef scaled(x):\n    return x * Plan().requires()\n",
        "other.py": "from labkart import Task\nclass Rated(Task):\n    RATE = §\n",
    },
    "a task with luigi's requires": {
        "scale.py": task("x * §", head="from luigi.util import requires\n@requires(Load)").replace(
            "    def requires(self):\n        return Load()\n", ""
        ),
    },
    "a decorator of the task's class": {
        "scale.py": task("x * self.rate", head="from .wrap import rated\n@rated"),
        "wrap.py": "def rated(cls):\n    cls.rate = §\n    return cls\n",
    },
    "a decorator of run()": {
        "scale.py": task("x * self.rate()", "rate = lambda self: 2")
        .replace("    def run", "    @times\n    def run")
        .replace(HEAD, HEAD + "from .wrap import times\n"),
        "wrap.py": "import functools\ndef times(run):\n    @functools.wraps(run)\n    def ran(self):\n        self.rate = lambda: §\n        return run(self)\n    return ran\n",
    },
    "a run() that is put in its place": {
        "scale.py": task("0") + "from .far import run\nScale.run = run\n",
        "far.py": "from .trace import ran\ndef run(self):\n    ran(self)\n    self.dump(self.load() * §)\n",
    },
    "a decorated run() that is put in its place": {
        "scale.py": task("0") + "from .far import run\nScale.run = run\n",
        "far.py": "import functools\nfrom .trace import ran\ndef as_it_is(f):\n    @functools.wraps(f)\n    def g(self):\n        return f(self)\n    return g\n@as_it_is\ndef run(self):\n    ran(self)\n    self.dump(self.load() * §)\n",
    },
    "a run() that is bound in the class": {
        "scale.py": task("0") + "    from .far import run\n",
        "far.py": "from .trace import ran\ndef run(self):\n    ran(self)\n    self.dump(self.load() * §)\n",
    },
    "an upstream task's class that run() uses": {
        "scale.py": task("x * Lent.rate", head="from .lent import Lent").replace(
            "return Load()", "return [Load(), Lent()][0]"
        ),
        "lent.py": "from labkart import Task\nclass Lent(Task):\n    rate = §\n",
    },
    "a helper that requires() shares with run()": {
        "scale.py": task("x * rates()['Scale']", head="from .far import rates").replace(
            "return Load()", "return Load() if rates() else None"
        ),
        "far.py": "def rates():\n    return {'Scale': §}\n",
    },
    "an annotation in quotes": {
        "way.py": "import typing\nfrom .far import Rate\nclass A:\n    rate: 'Rate'\ndef scaled(x):\n    return x * typing.get_type_hints(A)['rate'].value\n",
        "far.py": "class Rate:\n    value = §\n",
    },
    "an annotation in quotes of a function": {
        "way.py": "import typing\nfrom .far import Rate\ndef f(a: 'list[Rate]' = None): ...\ndef scaled(x):\n    return x * typing.get_args(typing.get_type_hints(f)['a'])[0].value\n",
        "far.py": "class Rate:\n    value = §\n",
    },
    "an array read at import": {
        "way.py": "import numpy as np\nfrom pathlib import Path\nRATE = np.loadtxt(Path(__file__).with_name('rate.txt'))\ndef scaled(x):\n    return x * int(RATE)\n",
        "rate.txt": "§\n",
    },
}

# Where reading cannot be sure what is reached, the task depends on all code.
UNSURE: dict[str, Case] = {
    "a method of the task replaced elsewhere": {
        "scale.py": task("x * self.rate()", "def rate(self):\n    return 0"),
        "__init__.py": "from . import scale\nscale.Scale.rate = lambda self: §\n",
    },
    "imported by a string": {
        "way.py": "from importlib import import_module\ndef scaled(x):\n    return x * import_module('study.plugin').RATE\n",
        "plugin.py": "RATE = §\n",
    },
    "imported by a string of parts": {
        "way.py": "import importlib as il\ndef scaled(x):\n    return x * getattr(il, 'import' + '_module')('study.plu' + 'gin').RATE\n",
        "plugin.py": "RATE = §\n",
    },
    "imported by __import__": {
        "way.py": "def scaled(x):\n    return x * __import__('study.plugin').plugin.RATE\n",
        "plugin.py": "RATE = §\n",
    },
    "imported from its path": {
        "way.py": "import runpy, os\ndef scaled(x):\n    return x * runpy.run_path(os.path.dirname(__file__) + '/plugin.py')['RATE']\n",
        "plugin.py": "RATE = §\n",
    },
    "looked up with getattr on a module": {
        "way.py": "from . import plugin\ndef scaled(x):\n    return x * getattr(plugin, 'RA' + 'TE')\n",
        "plugin.py": "RATE = §\n",
    },
    "looked up with getattr on a package": {
        "way.py": "import study.plugin\ndef scaled(x):\n    return x * getattr(study, 'plugin').RATE\n",
        "plugin.py": "RATE = §\n",
    },
    "looked up in a module's dict": {
        "way.py": "from . import plugin\ndef scaled(x):\n    return x * vars(plugin)['RATE'] + x * plugin.__dict__['RATE'] - x * plugin.RATE\n",
        "plugin.py": "RATE = §\n",
    },
    "looked up in globals()": "def rate():\n    return §\ndef scaled(x):\n    return x * globals()['rate']()\n",
    "looked up in sys.modules": {
        "way.py": "import sys\nfrom . import plugin\ndef scaled(x):\n    return x * sys.modules['study.plugin'].RATE\n",
        "plugin.py": "RATE = §\n",
    },
    "looked up in modules of sys": {
        "way.py": "from sys import modules as m\nfrom . import plugin\ndef scaled(x):\n    return x * m['study.plugin'].RATE\n",
        "plugin.py": "RATE = §\n",
    },
    "looked up with getattr on an alias of a module": {
        "way.py": "from . import plugin\nALIAS = [plugin]\ndef scaled(x):\n    return x * getattr(ALIAS[0], 'RATE')\n",
        "plugin.py": "RATE = §\n",
    },
    "looked up in a package's namespace": {
        "way.py": "import pkgutil, study.plugins\ndef scaled(x):\n    return x * sum(i.module_finder.find_spec(i.name).loader.load_module().RATE for i in pkgutil.iter_modules(study.plugins.__path__))\n",
        "plugins/__init__.py": "",
        "plugins/one.py": "RATE = §\n",
    },
    "replaced at import by setattr": {
        "way.py": "from . import model, plugin\ndef scaled(x):\n    return x * model.rate()\n",
        "model.py": "def rate():\n    return 0\n",
        "plugin.py": "from . import model\ndef faster():\n    return §\nsetattr(model, 'rate', faster)\n",
    },
    "registered by a call": {
        "way.py": "from .register import REGISTER\nfrom . import plugin\ndef scaled(x):\n    return x * REGISTER['rate']()\n",
        "register.py": "REGISTER = {}\n",
        "plugin.py": "from .register import REGISTER\nREGISTER.update(rate=lambda: §)\n",
    },
    "registered by a call of a function": {
        "way.py": "from .register import get\nfrom . import plugin\ndef scaled(x):\n    return x * get('rate')()\n",
        "register.py": "_all = {}\ndef put(name, f):\n    _all[name] = f\ndef get(name):\n    return _all[name]\n",
        "plugin.py": "from . import register\nregister.put('rate', lambda: §)\n",
    },
    "registered in a loop": {
        "way.py": "from .register import REGISTER\nfrom . import plugin\ndef scaled(x):\n    return x * REGISTER['rate']\n",
        "register.py": "REGISTER = {}\n",
        "plugin.py": "from .register import REGISTER as R\nfor name in ['rate']:\n    R.setdefault(name, §)\n",
    },
    "registered in the __init__ of the package": {
        "way.py": "from .register import REGISTER\ndef scaled(x):\n    return x * REGISTER['rate']()\n",
        "__init__.py": "from . import register\nregister.REGISTER.update(rate=lambda: §)\n",
        "register.py": "REGISTER = {}\n",
    },
    "executed from a text": "TEXT = 'def rate(): return §'\nspace = {}\nexec(TEXT, space)\ndef scaled(x):\n    return x * space['rate']()\n",
    "executed from the text of a file": {
        "way.py": "from pathlib import Path\nexec(Path(__file__).with_name('plugin.txt').read_text())\ndef scaled(x):\n    return x * rate()\n",
        "plugin.txt": "def rate():\n    return §\n",
    },
    "a file that an executed text reads": {
        "way.py": "from pathlib import Path\nexec(\"RATE = int(Path(__file__).with_name('rate.txt').read_text())\")\ndef scaled(x):\n    return x * RATE\n",
        "rate.txt": "§",
    },
    "executed in run() from a module's text": {
        "way.py": "from pathlib import Path\ndef scaled(x):\n    space = {}\n    exec(Path(__file__).with_name('plugin.py').read_text(), space)\n    return x * space['RATE']\n",
        "plugin.py": "RATE = §\n",
    },
    "evaluated": {
        "way.py": "from . import plugin\ndef scaled(x):\n    return x * eval('plugin' + '.RATE')\n",
        "plugin.py": "RATE = §\n",
    },
    "evaluated under another name": {
        "way.py": "from . import plugin\nimport builtins as b\nrun = b.eval\ndef scaled(x):\n    return x * run('plugin.RATE')\n",
        "plugin.py": "RATE = §\n",
    },
    "instantiated by Hydra": {
        "way.py": "from hydra.utils import instantiate\ndef scaled(x):\n    return x * instantiate({'_target_': 'study.plugin.Model'}).rate\n",
        "plugin.py": "class Model:\n    rate = §\n",
    },
    "found by its source": {
        "way.py": "import inspect\nfrom . import plugin\ndef scaled(x):\n    return x * int(inspect.getsource(plugin)[-2])\n",
        "plugin.py": "# The rate is\n# §\n",
    },
    "a builtin set elsewhere": {
        "way.py": "from . import plugin\ndef scaled(x):\n    return x * RATE\n",
        "plugin.py": "import builtins\nbuiltins.RATE = §\n",
    },
    "set by an object's method": {
        "way.py": "from .model import model\nfrom . import plugin\ndef scaled(x):\n    return x * model.rate\n",
        "model.py": "class Model:\n    rate = 0\n    def set(self, rate):\n        self.rate = rate\nmodel = Model()\n",
        "plugin.py": "from .model import model\nmodel.set(§)\n",
    },
    "a constant bound in an expression": "print(end=str(RATE := §)[1:])\ndef scaled(x):\n    return x * RATE\n",
    "a constant of a try": "try:\n    int('a')\nexcept ValueError as error:\n    RATE = §\ndef scaled(x):\n    return x * RATE\n",
    "a constant set by a function": """
RATE = 0

def setup(rate):
    global RATE
    RATE = rate

setup(§)

def scaled(x):
    return x * RATE
""",
    "a context set in one's own module": {
        "way.py": "import decimal\nPRECISION = §\ndecimal.getcontext().prec = PRECISION\ndef scaled(x):\n    return x * len(str(decimal.Decimal(1) / 3)[2:])\n"
    },
    "the environment, set at import": {
        "way.py": "import os\nfrom . import plugin\ndef scaled(x):\n    return x * int(os.environ['RATE'])\n",
        "plugin.py": "import os\nos.environ['RATE'] = '§'\n",
    },
    "loaded from a pickle": {
        "way.py": "import pickle\nfrom . import plugin\ndef scaled(x):\n    return x * pickle.loads(b'cstudy.plugin\\nModel\\n.').rate\n",
        "plugin.py": "class Model:\n    rate = §\n",
    },
    "a table in a database read at import": {
        "way.py": "import sqlite3\nfrom pathlib import Path\nwith sqlite3.connect(':memory:') as db:\n    db.executescript(Path(__file__).with_name('rate.sql').read_text())\n    RATE = db.execute('select rate from t').fetchone()[0]\ndef scaled(x):\n    return x * RATE\n",
        "rate.sql": "create table t (rate int); insert into t values (§);",
    },
    "bound in locals()": "locals()['rate'] = lambda: §\ndef scaled(x):\n    return x * rate()\n",
    "bound in vars()": "def _(): return §\nvars()['rate'] = _\ndef scaled(x):\n    return x * rate()\n",
    "bound with globals()": "globals().update(rate=lambda: §)\ndef scaled(x):\n    return x * rate()\n",
    "bound in another module's dict": {
        "way.py": "from . import model, plugin\ndef scaled(x):\n    return x * model.rate()\n",
        "model.py": "def rate():\n    return 0\n",
        "plugin.py": "from . import model\nmodel.__dict__['rate'] = lambda: §\n",
    },
    "a function of Python's that is replaced": {
        "way.py": "from . import plugin\nimport statistics\ndef scaled(x):\n    return x * statistics.mean([1])\n",
        "plugin.py": "import statistics\nstatistics.mean = lambda numbers: §\n",
    },
    "plugins that are imported in a loop": {
        "way.py": "from .register import REGISTER\nfrom . import plugins\ndef scaled(x):\n    return x * REGISTER['rate']()\n",
        "register.py": "REGISTER = {}\ndef register(f):\n    REGISTER['rate'] = f\n",
        "plugins/__init__.py": "import pkgutil\nfrom importlib import import_module\nfor each in pkgutil.iter_modules(__path__):\n    import_module('study.plugins.' + each.name)\n",
        "plugins/one.py": "from study.register import register\n@register\ndef anything():\n    return §\n",
    },
    "a method found by its name": {
        "way.py": "from . import models\nclass Chosen(models.Base): ...\ndef scaled(x):\n    return x * getattr(Chosen(), 'ra' + 'te')()\n",
        "models.py": "class Base:\n    def rate(self):\n        return §\n",
    },
    "looked up in a module's own vars()": "RATE = §\nSPACE = vars()\ndef scaled(x):\n    return x * SPACE['RATE']\n",
    "timed": {
        "way.py": "import timeit\nRATES = []\ndef scaled(x):\n    timeit.timeit('way.RATES.append(far.RATE)', 'from study import far, way', number=1)\n    return x * RATES[-1]\n",
        "far.py": "RATE = §\n",
    },
    "a line of a file": {
        "way.py": "import linecache\ndef scaled(x):\n    linecache.clearcache()\n    return x * int(linecache.getline('src/study/far' + '.py', 1))\n",
        "far.py": "§\n",
    },
    "an operator by its name": {
        "way.py": "import operator\nfrom . import plugin\ndef scaled(x):\n    return x * operator.attrgetter('RATE')(plugin)\n",
        "plugin.py": "RATE = §\n",
    },
}

IGNORED: dict[str, Case] = {
    "a comment": "# §\ndef scaled(x):\n    return x * 2  # §\n",
    "a docstring": '"""§"""\ndef scaled(x):\n    """§"""\n    return x * 2\n',
    "a docstring of a class": "class A:\n    '''§'''\n    rate = 2\ndef scaled(x):\n    return x * A.rate\n",
    "tries of a task": {"scale.py": task("x * 2", "retry_count = §")},
    "a limit and a priority of a task": {
        "scale.py": task("x * 2", "worker_timeout: int = §\npriority = §\nresources = {'gpu': §}")
    },
    "tries of a task's base": {
        "scale.py": task("x * 2", bases="Base", head="class Base(Task):\n    retry_count = §")
    },
    "a docstring of the task": {"scale.py": task("x * 2", "'''§'''")},
    "an unrelated function beside a class of attrs": "import attrs\n@attrs.define\nclass A:\n    rate: int = 2\ndef scaled(x):\n    return x * A().rate\ndef other():\n    return §\n",
    "an unrelated function": "def scaled(x):\n    return x * 2\ndef other():\n    return §\n",
    "an unrelated function in the task's module": {
        "scale.py": task("x * 2", head="def other():\n    return §\n")
    },
    "an unrelated task": {
        "scale.py": task("x * 2")
        + "class Unrelated(Task):\n    def run(self):\n        self.dump(§)\n"
    },
    "an unrelated constant": "RATE = §\ndef scaled(x):\n    return x * 2\n",
    "an unrelated constant made by a call": "RATE = int('§')\ndef scaled(x):\n    return x * 2\n",
    "an unrelated list": "RATES = [1, §]\ndef scaled(x):\n    return x * 2\n",
    "an unrelated class": "class Model:\n    rate = §\ndef scaled(x):\n    return x * 2\n",
    "an unrelated dataclass": "from dataclasses import dataclass\n@dataclass\nclass M:\n    rate: int = §\ndef scaled(x):\n    return x * 2\n",
    "an unrelated enum": "import enum\nclass Rate(enum.Enum):\n    LOW = §\ndef scaled(x):\n    return x * 2\n",
    "an unrelated decorated function": "import functools\n@functools.cache\ndef other():\n    return §\ndef scaled(x):\n    return x * 2\n",
    "an unrelated function with a decorator of ours": {
        "way.py": "from .wrap import timed\n@timed\ndef other(x):\n    return §\ndef scaled(x):\n    return x * 2\n",
        "wrap.py": "import functools\ndef timed(f):\n    @functools.wraps(f)\n    def g(*args):\n        return f(*args)\n    return g\n",
    },
    "a function registered where nobody looks": {
        "way.py": "from . import plugin\ndef scaled(x):\n    return x * 2\n",
        "register.py": "REGISTER = {}\ndef register(f):\n    REGISTER[f.__name__] = f\n    return f\n",
        "plugin.py": "from .register import register\n@register\ndef rate():\n    return §\n",
    },
    "an unrelated table that a loop fills": "def made(i):\n    return i * §\nTABLE = {}\nfor i in range(3):\n    TABLE[i] = made(i)\nassert TABLE\ndef scaled(x):\n    return x * 2\n",
    "a function whose name is a local variable": "def rate():\n    return §\ndef scaled(x):\n    rate = 2\n    return x * rate\n",
    "a function whose name is an argument": "def x():\n    return §\ndef scaled(x):\n    return x * 2\n",
    "a function whose name is an attribute": "def real():\n    return §\ndef scaled(x):\n    return x.real * 2\n",
    "a function whose name is a variable of a comprehension": "def i():\n    return §\ndef scaled(x):\n    return sum([i * x for i in (2,)])\n",
    "a function whose name is a word in a text": "def rate():\n    return §\ndef scaled(x):\n    return x * len('rate') // 2\n",
    "a function whose name is a keyword argument": "def sep():\n    return §\ndef scaled(x):\n    return x * len('a b'.split(sep=' '))\n",
    "a module that is imported and not used": {
        "way.py": "from .far import other\ndef scaled(x):\n    return x * 2\n",
        "far.py": "def other():\n    return §\n",
    },
    "another function of a module that is used": {
        "way.py": "from . import far\ndef scaled(x):\n    return x * far.rate()\n",
        "far.py": "def rate():\n    return 2\ndef other():\n    return §\n",
    },
    "another function of a module that a star imports": {
        "way.py": "from .far import *\ndef scaled(x):\n    return x * rate()\n",
        "far.py": "def rate():\n    return 2\ndef other():\n    return §\n",
    },
    "another module of a package that is used": {
        "way.py": "from . import tools\ndef scaled(x):\n    return x * tools.rate.rate()\n",
        "tools/__init__.py": "from . import other, rate\n",
        "tools/rate.py": "def rate():\n    return 2\n",
        "tools/other.py": "def other():\n    return §\n",
    },
    "a module that nobody imports": {"alone.py": "RATE = §\n"},
    "a test": {"../../tests/test_way.py": "RATE = §\n"},
    "what runs as a script only": "def scaled(x):\n    return x * 2\nif __name__ == '__main__':\n    print(§)\n",
    "what a type checker sees only": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from a import b§\ndef scaled(x):\n    return x * 2\n",
    "a file that is no code": {
        "notes.txt": "§",
        "../../README.md": "§",
        "../../conf/config.yaml": "rate: §\n",
    },
    "a logger's level": "import logging\nlog = logging.getLogger(__name__)\ndef other():\n    log.info(§)\ndef scaled(x):\n    log.info(2)\n    return x * 2\n",
    "a task in a dict of requires()": {
        "scale.py": task("x * 2", head="from .others import MODELS").replace(
            "return Load()", "return {'load': Load, **MODELS}['load']()"
        ),
        "others.py": "from labkart import Task\nclass Tree(Task):\n    rate = §\nMODELS = {'tree': Tree}\n",
    },
    "a task in a union of types": {
        "scale.py": task(
            "x * 2",
            "model: gokart.TaskInstanceParameter[Load | Tree] = gokart.TaskInstanceParameter(default=Load())",
            head="import gokart\nfrom .others import Tree",
        ).replace("        return Load()", "        return self.model"),
        "others.py": "from labkart import Task\nclass Tree(Task):\n    rate = §\n",
    },
    "a task in a branch of requires()": {
        "scale.py": task("x * 2", head="from .others import Tree").replace(
            "return Load()", "return Load() if Load else Tree()"
        ),
        "others.py": "from labkart import Task\nclass Tree(Task):\n    rate = §\n",
    },
    "a task in a function that requires() calls": {
        "scale.py": task("x * 2", head="from .others import made").replace(
            "return Load()", "return made('load')"
        ),
        "others.py": "from labkart import Task\nfrom .load import Load\nclass Tree(Task):\n    rate = §\ndef made(name):\n    return {'load': Load, 'tree': Tree}[name]()\n",
    },
    "an unrelated task with luigi's requires": {
        "scale.py": task("x * 2")
        + "from luigi.util import requires\n@requires(Load)\nclass Unrelated(Task):\n    rate = §\n",
    },
    "another task's helper": {
        "scale.py": task("x * 2")
        + "def helped():\n    return §\nclass Unrelated(Task):\n    def run(self):\n        self.dump(helped())\n",
    },
}

NAMED = "def scaled(x):\n    return x * len(f.__name__)\n"

POWER = "def scaled(x):\n    return x * {'int': 2, 'float': 5}[type(pow(2, 1)).__name__]\n"

# Edits that are no replacement of 2 by 5: before and after.
SWAPPED = {
    "another function by the same name": (
        "from operator import lt as f\n" + NAMED,
        "from math import floor as f\n" + NAMED,
    ),
    "another module by the same name": ("import os as f\n" + NAMED, "import posix as f\n" + NAMED),
    "a function instead of an installed one": (
        "from operator import lt as f\n" + NAMED,
        "def floor(): ...\nf = floor\n" + NAMED,
    ),
    "a star over a builtin function": ("import math\n" + POWER, "from math import *\n" + POWER),
}

A, B = "import math\nimport os\n\n", "import os\nimport math\n\n"
F, G = "def scaled(x):\n    return x * rate()\n", "def rate():\n    return 2\n"

WAYS_TO_WRITE = {
    "formatting": (
        "def scaled(x):\n    return x*(2)\n",
        "def scaled(\n    x,\n):\n\n    return (x * 2)\n",
    ),
    "quotes": (
        "def scaled(x):\n    return x * len('ab')\n",
        'def scaled(x):\n    return x * len("""ab""")\n',
    ),
    "numbers": (
        "def scaled(x):\n    return x * 2_000 // 1000\n",
        "def scaled(x):\n    return x * 0x7D0 // 1_000\n",
    ),
    "order of imports": (A + G + F, B + G + F),
    "one line of imports": (A + G + F, "import math, os\n" + G + F),
    "an import more": (G + F, A + G + F),
    "order of functions": (F + G, G + F),
    "order of functions and classes beside a call": (
        f"import os\nos.getpid()\nclass A: rate = 2\ndef rate() -> int:\n    return A.rate\n{F}",
        f"import os\nos.getpid()\n{F}def rate() -> int:\n    return A.rate\nclass A: rate = 2\n",
    ),
    "line ends": (F + G, (F + G).replace("\n", "\r\n")),
    "an encoding": (F + G, "# -*- coding: utf-8 -*-\n" + F + G),
    "a docstring more": (
        F + G,
        '"""Rates."""\n' + F + G.replace("\n    ", '\n    """2."""\n    ', 1),
    ),
    "a pass more": (F + G, F + G.replace("    return", "    pass\n    return") + "pass\n"),
    "a function more": (F + G, F + "def other():\n    return 5\n" + G),
    "a name for an import": ("import math\n" + G + F, "import math as m\n" + G + F),
}

# Load, with declared data
DATA = STUDY["load.py"].replace(
    "from .trace", "from labkart.tasks.data_files import DataFile, DataFolder\nfrom .trace"
)
LOADS = {
    "a file": DATA.replace("self.dump(6)", "self.dump(int(self.data.read_text()))").replace(
        "class Load(Task):",
        "class Load(Task):\n    data: DataFile = DataFile(default='data/raw/a.txt')",
    ),
    "a folder": DATA.replace(
        "self.dump(6)", "self.dump(sum(int(file.read_text()) for file in self.data.rglob('*.txt')))"
    ).replace(
        "class Load(Task):",
        "class Load(Task):\n    data: DataFolder = DataFolder(default='data/raw')",
    ),
}

# What is done to a folder of data, and the sum of the numbers in it afterwards; before it is 6.
FOLDERS: dict[str, tuple[Callable[[Path], object], int]] = {
    "a new file": (lambda raw: (raw / "c.txt").write_text("1"), 7),
    "a new file deep down": (lambda raw: write(raw, **{"far/down/c.txt": "1"}), 7),
    "a file less": (lambda raw: (raw / "a.txt").unlink(), 4),
    "another name": (lambda raw: (raw / "a.txt").rename(raw / "z.txt"), 6),
    "two names exchanged": (lambda raw: [write(raw, **{"a.txt": "4", "deep/b.txt": "2"})], 6),
    "a file that moved": (lambda raw: (raw / "a.txt").rename(raw / "deep/a.txt"), 6),
    "an edit deep down": (lambda raw: (raw / "deep/b.txt").write_text("7"), 9),
}

# Packages, and how a task imports them
DEP = {"dep.py": "RATE = §\n", "dep-§.0.dist-info/METADATA": "Name: dep\nVersion: §.0\n"}
LOW = {"low.py": "RATE = §\n", "low-§.0.dist-info/METADATA": "Name: low\nVersion: §.0\n"}
ON_LOW = {
    "dep.py": "from low import RATE\n",
    "dep-1.dist-info/METADATA": "Name: dep\nVersion: 1\nRequires-Dist: Low>=1\n",
}
OTHERWISE = {
    "dep.py": "RATE = §\n",
    "Other_Name-§.0.dist-info/METADATA": "Name: Other.Name\nVersion: §.0\n",
    "Other_Name-§.0.dist-info/RECORD": "dep.py,,\nOther_Name.dist-info/METADATA,,\n",
}
SPACE = {
    "space/dep.py": "RATE = §\n",
    "space_dep-§.0.dist-info/METADATA": "Name: space-dep\nVersion: §.0\n",
    "space_dep-§.0.dist-info/RECORD": "space/dep.py,,\n",
}
COMMIT = {
    "dep.py": "RATE = §\n",
    "dep-1.0.dist-info/METADATA": "Name: dep\nVersion: 1.0\n",
    "dep-1.0.dist-info/direct_url.json": '{"url": "", "vcs_info": {"commit_id": "a§", "vcs": "git"}}',
}
FAR = {"way.py": "from .far import rate\ndef scaled(x):\n    return x * rate()\n"}

INSTALLED: dict[str, tuple[dict[str, str], Case]] = {
    "in the task": (DEP, {"scale.py": task("x * dep.RATE", head="import dep")}),
    "in run()": (DEP, {"scale.py": task("x * __import__('dep').RATE")}),
    "in a helper": (DEP, "import dep\ndef scaled(x):\n    return x * dep.RATE\n"),
    "by name": (DEP, "from dep import RATE\ndef scaled(x):\n    return x * RATE\n"),
    "by a star": (DEP, "from dep import *\ndef scaled(x):\n    return x * RATE\n"),
    "in a function": (DEP, "def scaled(x):\n    import dep as d\n    return x * d.RATE\n"),
    "in a try": (
        DEP,
        "try:\n    import dep\nexcept ImportError:\n    dep = None\ndef scaled(x):\n    return x * dep.RATE\n",
    ),
    "two modules away": (DEP, {**FAR, "far.py": "import dep\ndef rate():\n    return dep.RATE\n"}),
    "behind a constant": (
        DEP,
        {**FAR, "far.py": "import dep\nRATE = dep.RATE\ndef rate():\n    return RATE\n"},
    ),
    "behind a star": (
        DEP,
        {
            **FAR,
            "far.py": "from .deep import *\ndef rate():\n    return dep.RATE\n",
            "deep.py": "import dep\n",
        },
    ),
    "by a string": (
        DEP,
        "import importlib\ndef scaled(x):\n    return x * importlib.import_module('dep').RATE\n",
    ),
    "for what it does": (
        {
            "low.py": "RATE = 0\n",
            "low-1.dist-info/METADATA": "Name: low\nVersion: 1\n",
            **DEP,
            "dep.py": "import low\nlow.RATE = §\n",
        },
        "import low\nimport dep\ndef scaled(x):\n    return x * low.RATE\n",
    ),
    "for what it does, in a function": (
        {
            "low.py": "RATE = 0\n",
            "low-1.dist-info/METADATA": "Name: low\nVersion: 1\n",
            **DEP,
            "dep.py": "import low\nlow.RATE = §\n",
        },
        "import low\ndef scaled(x):\n    import dep\n    return x * low.RATE\n",
    ),
    "as a base class": (
        {**DEP, "dep.py": "class Rated:\n    rate = §\n"},
        {"scale.py": task("x * self.rate", bases="Rated, Task", head="from dep import Rated")},
    ),
    "through another package": (
        {**LOW, **ON_LOW},
        "import dep\ndef scaled(x):\n    return x * dep.RATE\n",
    ),
    "of another name": (OTHERWISE, "import dep\ndef scaled(x):\n    return x * dep.RATE\n"),
    "in a namespace": (SPACE, "import space.dep\ndef scaled(x):\n    return x * space.dep.RATE\n"),
    "at another commit": (COMMIT, "import dep\ndef scaled(x):\n    return x * dep.RATE\n"),
}

# A pipeline that imports all tasks, and so all that happens at import counts for all of them.
ENTRY = {"pipeline.py": "from .report import Report\n"}

# What happens at import counts for every task: here for `Other`, which reaches nothing of it.
MODEL_ENV = "import os\ndef rate():\n    return int(os.environ['RATE'])\n"
WAY_ENV = "from . import model, plugin\ndef scaled(x):\n    return x * model.rate()\n"
ACTS: dict[str, Case] = {
    "a call": {
        "way.py": "from . import model, plugin\ndef scaled(x):\n    return x * model.rate()\n",
        "model.py": "import os\ndef rate():\n    return int(os.environ['RATE'])\n",
        "plugin.py": "import os\nos.putenv('A', '1')\nos.environ.update(RATE='§')\n",
    },
    "a call in a header": {
        "way.py": "from .register import get\nfrom . import plugin\ndef scaled(x):\n    return x * get()\n",
        "register.py": "import os\ndef register(name, value):\n    os.environ[name] = str(value)\n    return True\ndef get():\n    return int(os.environ['a'])\n",
        "plugin.py": "from .register import register\nif not register('a', §):\n    raise ValueError\n",
    },
    "a call in a with": {
        "way.py": WAY_ENV,
        "model.py": MODEL_ENV,
        "plugin.py": "import contextlib, os\n@contextlib.contextmanager\ndef setting(value):\n    os.environ['RATE'] = str(value)\n    yield\nwith setting(§):\n    pass\n",
    },
    "a call in the header of a loop": {
        "way.py": WAY_ENV,
        "model.py": MODEL_ENV,
        "plugin.py": "import os\ndef values():\n    os.environ['RATE'] = str(§)\n    yield 1\nfor _ in values():\n    pass\n",
    },
    "a call in an assert": {
        "way.py": WAY_ENV,
        "model.py": "import os\ndef put(value):\n    os.environ['RATE'] = str(value)\n    return True\ndef rate():\n    return int(os.environ['RATE'])\n",
        "plugin.py": "from . import model\nassert model.put(§)\n",
    },
    "a call whose value is kept": {
        "way.py": WAY_ENV,
        "model.py": MODEL_ENV,
        "plugin.py": "import os\ndef configure():\n    os.environ['RATE'] = str(§)\n    return True\nREADY = configure()\n",
    },
    "a call in a class's body": {
        "way.py": WAY_ENV,
        "model.py": MODEL_ENV,
        "plugin.py": "import os\ndef configure(value):\n    os.environ['RATE'] = str(value)\nclass Settings:\n    ready = configure(§)\n",
    },
    "a call in a default": {
        "way.py": WAY_ENV,
        "model.py": MODEL_ENV,
        "plugin.py": "import os\ndef configure(value):\n    os.environ['RATE'] = str(value)\ndef f(ready=configure(§)): ...\n",
    },
    "a call in an annotation": {
        "way.py": WAY_ENV,
        "model.py": MODEL_ENV,
        "plugin.py": "import os\ndef configure(value):\n    os.environ['RATE'] = str(value)\ndef f(ready: configure(§)): ...\n",
    },
    "a call in a comprehension": {
        "way.py": WAY_ENV,
        "model.py": MODEL_ENV,
        "plugin.py": "import os\ndef configure(value):\n    os.environ['RATE'] = str(value)\nREADY = [configure(value) for value in (1, §)]\n",
    },
    "a call of a function that another one wraps": {
        "way.py": WAY_ENV,
        "model.py": MODEL_ENV,
        "plugin.py": "import os\ndef setting(f):\n    def g():\n        os.environ['RATE'] = str(§)\n        return f()\n    return g\n@setting\ndef one():\n    return 1\nONE = one()\n",
    },
    "a call by way of two functions": {
        "way.py": WAY_ENV,
        "model.py": MODEL_ENV,
        "plugin.py": "import os\ndef put(value):\n    os.environ['RATE'] = str(value)\ndef configure():\n    return put(§)\nREADY = configure()\n",
    },
    "a class that is made": {
        "way.py": WAY_ENV,
        "model.py": MODEL_ENV,
        "plugin.py": "import os\nclass Setting:\n    def __init__(self, value):\n        os.environ['RATE'] = str(value)\nSETTING = Setting(§)\n",
    },
    "a class that is made and inherits": {
        "way.py": WAY_ENV,
        "model.py": MODEL_ENV,
        "plugin.py": "import os\nclass Base:\n    def __init__(self, value):\n        os.environ['RATE'] = str(value)\nclass Setting(Base): ...\nSETTING = Setting(§)\n",
    },
    "a partial as a decorator": {
        "way.py": WAY_ENV,
        "model.py": MODEL_ENV,
        "plugin.py": "import functools\nimport os\ndef put(value, f):\n    os.environ['RATE'] = str(value)\n    return f\n@functools.partial(put, §)\ndef f(): ...\n",
    },
    "a partial by a name as a decorator": {
        "way.py": WAY_ENV,
        "model.py": MODEL_ENV,
        "plugin.py": "import functools\nimport os\ndef put(value, f):\n    os.environ['RATE'] = str(value)\n    return f\nputting = functools.partial(put, §)\n@putting\ndef f(): ...\n",
    },
    "a class as a decorator": {
        "way.py": WAY_ENV,
        "model.py": MODEL_ENV,
        "plugin.py": "import os\nclass Put:\n    def __init__(self, f):\n        os.environ['RATE'] = str(§)\n@Put\ndef f(): ...\n",
    },
    "__set_name__": {
        "way.py": WAY_ENV,
        "model.py": MODEL_ENV,
        "plugin.py": "import os\nclass Field:\n    def __set_name__(self, owner, name):\n        os.environ['RATE'] = str(§)\nclass Model:\n    field = Field()\n",
    },
    "__init_subclass__": {
        "way.py": WAY_ENV,
        "model.py": "import os\nclass Base:\n    def __init_subclass__(cls):\n        os.environ['RATE'] = str(cls.rate)\ndef rate():\n    return int(os.environ['RATE'])\n",
        "plugin.py": "from .model import Base\nclass Model(Base):\n    rate = §\n",
    },
    "__init_subclass__ two classes above": {
        "way.py": WAY_ENV,
        "model.py": "import os\nclass Base:\n    def __init_subclass__(cls):\n        os.environ['RATE'] = str(getattr(cls, 'rate', 0))\ndef rate():\n    return int(os.environ['RATE'])\nclass Middle(Base): ...\n",
        "plugin.py": "from .model import Middle as M\nclass Model(M):\n    rate = §\n",
    },
    "an enum that acts": {
        "way.py": WAY_ENV,
        "model.py": MODEL_ENV,
        "plugin.py": "import enum\nimport os\nclass Rate(enum.Enum):\n    LOW = §\n    def __init__(self, value):\n        os.environ['RATE'] = str(value)\n",
    },
    "a base by another name": {
        "way.py": WAY_ENV,
        "model.py": "import os\nclass Base:\n    def __init_subclass__(cls):\n        os.environ['RATE'] = str(cls.rate)\ndef rate():\n    return int(os.environ['RATE'])\nOther = Base\n",
        "plugin.py": "from . import model\nclass Model(model.Other):\n    rate = §\n",
    },
    "a base that is made": {
        "way.py": WAY_ENV,
        "model.py": "import os\nclass Base:\n    def __init_subclass__(cls):\n        os.environ['RATE'] = str(cls.rate)\ndef rate():\n    return int(os.environ['RATE'])\ndef base():\n    return Base\n",
        "plugin.py": "from . import model\nclass Model(model.base()):\n    rate = §\n",
    },
    "a pattern": {
        "way.py": WAY_ENV,
        "model.py": MODEL_ENV,
        "plugin.py": "import os\nmatch §:\n    case 2 | 5 as rate:\n        os.environ['RATE'] = str(rate)\n",
    },
    "setattr in a loop": {
        "way.py": WAY_ENV,
        "model.py": MODEL_ENV,
        "plugin.py": "import os\nfor name, value in {'RATE': '§'}.items():\n    os.environ[name] = value\n",
    },
    "a helper of what acts": {
        "way.py": WAY_ENV,
        "model.py": MODEL_ENV,
        "far.py": "def rate():\n    return §\n",
        "plugin.py": "import os\nfrom . import far\nos.environ['RATE'] = str(far.rate())\n",
    },
    "setattr as a value": {
        "way.py": WAY_ENV,
        "model.py": MODEL_ENV,
        "plugin.py": "import os\n_ = os.environ.update(RATE='§')\n",
    },
    "a value that a sort makes": {
        "way.py": WAY_ENV,
        "model.py": MODEL_ENV,
        "plugin.py": "import os\ndef key(value):\n    os.environ['RATE'] = str(value)\n    return value\nSORTED = sorted([§], key=key)\n",
    },
    "a value that a function puts in an argument": {
        "way.py": "from . import model, plugin\ndef scaled(x):\n    return x * model.RATES['a']\n",
        "model.py": "RATES = {}\n",
        "plugin.py": "from . import model\ndef put(rates):\n    rates['a'] = §\n    return rates\nRATES = put(model.RATES)\n",
    },
    "a module that the pipeline imports": {
        "way.py": "from . import model\ndef scaled(x):\n    return x * model.RATE\n",
        "model.py": MODEL_ENV,
        "setup.py": "from . import model\nmodel.__dict__.update(RATE=§)\n",
        "pipeline.py": "from . import setup\nfrom .report import Report\n",
        "report.py": STUDY["report.py"] + "from . import pipeline\n",
    },
}

# What binds and is reached by name counts for those that reach it.
COUNTS |= {
    "a walrus": "if (RATE := §) > 9:\n    RATE = 9\ndef scaled(x):\n    return x * RATE\n",
    "an error that an import of an import catches": {
        "way.py": "try:\n    from . import far\n    RATE = 2\nexcept AssertionError:\n    RATE = 5\ndef scaled(x):\n    return x * RATE\n",
        "far.py": "from . import model\n",
        "model.py": "assert § == 2\n",
    },
    "an error that a function catches": {
        "way.py": "from contextlib import suppress\ndef scaled(x):\n    with suppress(ValueError):\n        from .far import RATE\n        return x * RATE\n    return x * 5\n",
        "far.py": "RATE = 2\nif § != 2: raise ValueError\n",
    },
    "an error before a register is filled": {
        "way.py": "from . import model\ntry:\n    from . import far\nexcept AssertionError: ...\ndef scaled(x):\n    return x * model.RATES.get('rate', 5)\n",
        "far.py": "from .model import RATES\nassert § == 2\nRATES['rate'] = 2\n",
        "model.py": "RATES = {}\n",
    },
    "a walrus in a comprehension": "ALL = [RATE := § for _ in '1']\ndef scaled(x):\n    return x * RATE\n",
    "a walrus in a default": "def f(a=(RATE := §)): ...\ndef scaled(x):\n    return x * RATE\n",
    "a pattern that binds": "match {'rate': §}:\n    case {'rate': RATE}: ...\ndef scaled(x):\n    return x * RATE\n",
    "the rest of a pattern": "match [1, §]:\n    case [_, *RATE]: ...\ndef scaled(x):\n    return x * RATE[0]\n",
    "a star's __all__": {
        "way.py": "from .far import *\ndef scaled(x):\n    return x * rate()\n",
        "far.py": "__all__ = ['rate'] if § == 2 else ['other', 'rate']\ndef other(): ...\ndef rate():\n    return §\n",
    },
    "an attribute that a star brings": {
        "way.py": "from .far import *\ndef scaled(x):\n    return x * A.rate\n",
        "far.py": "class A:\n    rate = §\n",
    },
    "a name bound twice, by an import too": {
        "way.py": "from .far import rate\nif § == 5:\n    def rate():\n        return 5\ndef scaled(x):\n    return x * rate()\n",
        "far.py": "def rate():\n    return 2\n",
    },
    "a registered function, in a dict": {
        "way.py": "from .register import MODELS\nfrom . import plugin\ndef scaled(x):\n    return x * MODELS['a']()\n",
        "register.py": "MODELS = {}\n",
        "plugin.py": "from .register import MODELS\nMODELS['a'] = lambda: §\n",
    },
    "a registered function, by an alias of the register": {
        "way.py": "from . import register\nfrom . import plugin\ndef scaled(x):\n    return x * register.MODELS['a']()\n",
        "register.py": "MODELS = {}\n",
        "plugin.py": "from .register import MODELS\nMINE = MODELS\nMINE['a'] = lambda: §\n",
    },
    "an element of what a class holds": {
        "way.py": "from .register import ALL\nfrom . import plugin\ndef scaled(x):\n    return x * ALL['a']\n",
        "register.py": "ALL = {}\nclass Register:\n    all = ALL\n",
        "plugin.py": "from .register import Register\nRegister.all['a'] = §\n",
    },
    "a register that a function reads": {
        "way.py": "from .register import get\nfrom . import plugin\ndef scaled(x):\n    return x * get('rate')()\n",
        "register.py": "_ALL = {}\ndef register(name):\n    def add(f):\n        if name in _ALL:\n            raise ValueError(f'{name} twice')\n        _ALL[name] = f\n        return f\n    return add\ndef get(name):\n    return _ALL[name]\n",
        "plugin.py": "from .register import register\n@register(name='rate')\ndef anything():\n    return §\n",
    },
    "a helper of a registered function": {
        "way.py": "from .register import R\nfrom . import plugin\ndef scaled(x):\n    return x * R[0]()\n",
        "register.py": "R = []\ndef register(f):\n    R.append(f)\n    return f\n",
        "far.py": "def rate():\n    return §\n",
        "plugin.py": "from .register import register\nfrom .far import rate\n@register\ndef anything():\n    return rate()\n",
    },
    "__getattr__ of a package": {
        "way.py": "from . import tools\ndef scaled(x):\n    return x * tools.rate\n",
        "tools/__init__.py": "from . import inner\ndef __getattr__(name):\n    return inner.VALUES[name]\n",
        "tools/inner.py": "VALUES = {'rate': §, '__path__': []}\n",
    },
    "an instance of a class": "class Rate:\n    def __init__(self, value):\n        self.value = value\nRATE = Rate(§)\ndef scaled(x):\n    return x * RATE.value\n",
    "a descriptor's __set_name__": "class Field:\n    def __set_name__(self, owner, name):\n        self.rate = §\n    def __get__(self, instance, owner):\n        return self.rate\nclass A:\n    rate = Field()\ndef scaled(x):\n    return x * A.rate\n",
    "a type alias": "import typing\nRate = typing.Literal[§]\ndef scaled(x):\n    return x * typing.get_args(Rate)[0]\n",
}

SWAPPED_MORE = {
    "annotations of the future": (
        "import typing\nclass A:\n    rate: int\ndef scaled(x):\n    return x * (5 if isinstance(A.__annotations__['rate'], str) else 2)\n",
        "from __future__ import annotations\nimport typing\nclass A:\n    rate: int\ndef scaled(x):\n    return x * (5 if isinstance(A.__annotations__['rate'], str) else 2)\n",
    ),
    "order of two imports that act": (
        {
            "way.py": "from . import a\nfrom . import b\nfrom .model import RATES\ndef scaled(x):\n    return x * RATES[-1]\n",
            "model.py": "RATES = []\n",
            "a.py": "from .model import RATES\nRATES.append(5)\n",
            "b.py": "from .model import RATES\nRATES.append(2)\n",
        },
        {
            "way.py": "from . import b\nfrom . import a\nfrom .model import RATES\ndef scaled(x):\n    return x * RATES[-1]\n"
        },
    ),
    "order of an import that acts and one that only reads": (
        {
            "__init__.py": "import os\nos.environ.pop('RATE', None)\n",
            "way.py": "from . import b\nfrom . import a\ndef scaled(x):\n    return x * b.RATE\n",
            "a.py": "import os\nos.environ['RATE'] = '5'\n",
            "b.py": "import os\nRATE = int(os.environ.get('RATE', '2'))\n",
        },
        {"way.py": "from . import a\nfrom . import b\ndef scaled(x):\n    return x * b.RATE\n"},
    ),
    "order of a statement that acts and an import": (
        {
            "__init__.py": "import os\nos.environ.pop('RATE', None)\n",
            "way.py": "import os\nfrom . import b\nos.environ['RATE'] = '5'\ndef scaled(x):\n    return x * b.RATE\n",
            "b.py": "import os\nRATE = int(os.environ.get('RATE', '2'))\n",
        },
        {
            "way.py": "import os\nos.environ['RATE'] = '5'\nfrom . import b\ndef scaled(x):\n    return x * b.RATE\n"
        },
    ),
    "order of two imports far away": (
        {
            "way.py": "from .far import RATES\ndef scaled(x):\n    return x * RATES[-1]\n",
            "far.py": "from . import a, b\nfrom .model import RATES\n",
            "model.py": "RATES = []\n",
            "a.py": "from .deep import *\n",
            "deep.py": "from .model import RATES\nRATES.append(5)\n",
            "b.py": "from .model import RATES\nRATES.append(2)\n",
        },
        {"far.py": "from . import b, a\nfrom .model import RATES\n"},
    ),
    "order of two stars": (
        {
            "way.py": "from .a import *\nfrom .b import *\ndef scaled(x):\n    return x * RATE\n",
            "a.py": "RATE = 5\n",
            "b.py": "RATE = 2\n",
        },
        {"way.py": "from .b import *\nfrom .a import *\ndef scaled(x):\n    return x * RATE\n"},
    ),
    "a builtin's name, bound later": (
        "SMALL = min(5, 2)\ndef min(*values):\n    return 5\ndef scaled(x):\n    return x * SMALL\n",
        "def min(*values):\n    return 5\nSMALL = min(5, 2)\ndef scaled(x):\n    return x * SMALL\n",
    ),
    "a name of __all__": (
        {
            "way.py": "from .far import *\ndef scaled(x):\n    return x * (5 if max(1, 3) == 1 else 2)\n",
            "far.py": "__all__ = []\ndef max(*values):\n    return 1\n",
        },
        {"far.py": "__all__ = ['max']\ndef max(*values):\n    return 1\n"},
    ),
    "a module that appears": (
        "try:\n    from .fast import rate\nexcept ImportError:\n    def rate():\n        return 2\ndef scaled(x):\n    return x * rate()\n",
        {"fast.py": "def rate():\n    return 5\n"},
    ),
    "a module that appears, asked by a flag": (
        "try:\n    from . import fast\nexcept ImportError:\n    FAST = False\nelse:\n    FAST = True\ndef scaled(x):\n    return x * (5 if FAST else 2)\n",
        {"fast.py": ""},
    ),
}
SWAPPED |= SWAPPED_MORE
SWAPPED["a pattern of None"] = (
    "def f(value):\n    match value:\n        case None:\n            return 2\n    return 5\ndef scaled(x):\n    return x * f(None)\n",
    "def f(value):\n    match value:\n        case False:\n            return 2\n    return 5\ndef scaled(x):\n    return x * f(None)\n",
)
SWAPPED["two names exchanged in an import"] = (
    {
        "way.py": "from .far import two as a, five as b\ndef scaled(x):\n    return x * a() + 0 * b()\n",
        "far.py": "def two():\n    return 2\ndef five():\n    return 5\n",
    },
    {
        "way.py": "from .far import two as b, five as a\ndef scaled(x):\n    return x * a() + 0 * b()\n"
    },
)
SWAPPED["the number of a line"] = (
    "\ndef f(): ...\ndef scaled(x):\n    return x * f.__code__.co_firstlineno\n",
    "\n\n\n\ndef f(): ...\ndef scaled(x):\n    return x * f.__code__.co_firstlineno\n",
)

# An edit of what an object does when nobody names it; § is in a module that `way` only imports.
_CONF = "class Conf:\n    rate = 2\n"
_SET = "        Conf.rate = §\n        return 1\n"
COUNTS |= {
    f"{name} at import": {
        "way.py": "from . import plugin\nfrom .conf import Conf\ndef scaled(x):\n    return x * Conf.rate\n",
        "conf.py": _CONF,
        "plugin.py": f"import json\nfrom collections import UserDict\nfrom .conf import Conf\n{plugin}\n",
    }
    for name, plugin in {
        "an operator": f"class A:\n    def __lshift__(self, b):\n{_SET}X = A()\nY = X << 1",
        "an operator of another statement": "class A:\n    def __lshift__(self, b):\n        Conf.rate = b\nX = A()\nY = X << §",
        "a length of an object": f"class A:\n    def __len__(self):\n{_SET}X = len(A())",
        "a property": f"class A:\n    @property\n    def go(self):\n{_SET}X = A().go",
        "a property's setter": "class A:\n    @property\n    def go(self): ...\n    @go.setter\n    def go(self, value):\n        Conf.rate = value\nX = A()\nX.go = §",
        "a setter in a constructor": f"class A:\n    def __setattr__(self, name, value):\n{_SET}    def __init__(self):\n        self.a = 1\nX = A()",
        "a part of an argument": "class A:\n    def __init__(self, conf):\n        self.conf = conf\n        self.conf.rate = §\nX = A(Conf)",
        "a method that a base calls": "class A(UserDict):\n    def __setitem__(self, key, value):\n        Conf.rate = value\nX = A(a=§)",
        "a usual method of one's own": f"class A:\n    def get(self):\n{_SET}X = A().get()",
        "a function that map() calls": "def f(value):\n    Conf.rate = value\nX = list(map(f, [§]))",
        "a function that a key calls": "def f(conf):\n    conf.rate = §\nX = sorted([Conf], key=lambda conf: f(conf))",
        "a hook in an argument": f"def hook(pairs):\n{_SET.replace('        ', '    ')}X = json.loads('{{}}', object_hook=hook)",
    }.items()
}

# Code outside of `src/`, which no name reaches.
OUTSIDE: dict[str, Case] = {
    "a file that is executed": {
        "way.py": "def scaled(x):\n    ns = {}\n    exec(open('lib/lm.py').read(), ns)\n    return x * ns['RATE']\n",
        "../../lib/lm.py": "RATE = §\n",
    },
    "a file that is executed at import": {
        "way.py": "ns = {}\nexec(compile(open('lib/lm.py').read(), 'lm', 'exec'), ns)\ndef scaled(x):\n    return x * ns['RATE']\n",
        "../../lib/lm.py": "RATE = §\n",
    },
    "a file that runpy runs": {
        "way.py": "import runpy\ndef scaled(x):\n    return x * runpy.run_path('lib/lm.py')['RATE']\n",
        "../../lib/lm.py": "from helper import RATE\n",
        "../helper.py": "RATE = §\n",
    },
    "a file that is imported by its path": {
        "way.py": "from importlib.util import module_from_spec, spec_from_file_location\ndef scaled(x):\n    spec = spec_from_file_location('lm', 'lib/lm.py')\n    module = module_from_spec(spec)\n    spec.loader.exec_module(module)\n    return x * module.RATE\n",
        "../../lib/lm.py": "RATE = §\n",
    },
    "a file that is imported by its path under another name": {
        "way.py": "import importlib.util as u\ndef scaled(x):\n    s = getattr(u, 'spec_from_' + 'file_location')('lm', 'lib/lm.py')\n    m = u.module_from_spec(s)\n    getattr(s.loader, 'exec_' + 'module')(m)\n    return x * m.RATE\n",
        "../../lib/lm.py": "RATE = §\n",
    },
    "a script that runs as another program": {
        "way.py": "import subprocess, sys\ndef scaled(x):\n    return x * int(subprocess.check_output([sys.executable, 'scripts/s.py']))\n",
        "../../scripts/s.py": "print(§)\n",
    },
    "a script of the shell": {
        "way.py": "from subprocess import run\ndef scaled(x):\n    return x * int(run(['sh', 'scripts/s.sh'], capture_output=True).stdout)\n",
        "../../scripts/s.sh": "echo §\n",
    },
    "a folder that is put in the path": {
        "way.py": "import sys\nsys.path.insert(0, 'lib')\nimport lm\ndef scaled(x):\n    return x * lm.rate()\n",
        "../../lib/lm.py": "from deep.inner import RATE\ndef rate():\n    return RATE\n",
        "../../lib/deep/inner.py": "RATE = §\n",
    },
    "a notebook that is executed": {
        "way.py": "import json\ndef scaled(x):\n    ns = {}\n    for cell in json.load(open('notebooks/a.ipynb'))['cells']:\n        exec(cell, ns)\n    return x * ns['RATE']\n",
        "../../notebooks/a.ipynb": '{"cells": ["RATE = §"]}',
    },
    "a Makefile": {
        "way.py": "import subprocess\ndef scaled(x):\n    return x * int(subprocess.check_output(['make', '-s', 'rate']))\n",
        "../../Makefile": "rate:\n\t@echo §\n",
    },
}

IGNORED |= {
    "a logger of ours": {
        "way.py": "from .log import get_logger\nlog = get_logger(__name__)\ndef scaled(x):\n    return x * 2\n",
        "log.py": "import logging\ndef get_logger(name):\n    return logging.getLogger(name)\ndef other():\n    return §\n",
    },
    "an unrelated record": "class Rate:\n    def __init__(self, value):\n        self.value = value\nRATE = Rate(§)\ndef scaled(x):\n    return x * 2\n",
    "an unrelated closure": "def make(rate):\n    def f(x):\n        return x * rate\n    return f\ntimes = make(§)\ndef scaled(x):\n    return x * 2\n",
    "unrelated values": "import base64, datetime, hashlib, math, textwrap\nimport numpy as np\nDAY = datetime.date(2020, 1, §)\nTEXT = textwrap.dedent('§')\nALL = [math.floor(§), np.log(§), any([§]), dict.fromkeys([§])]\nNAMES = sorted(map(str, [§]), key=lambda name: -len(name))\nKEY = hashlib.sha256(b'§').hexdigest()\ndef scaled(x):\n    return x * 2\n",
    "an unrelated record with operators": "from dataclasses import dataclass, field\n@dataclass\nclass A:\n    all: list = field(default_factory=list)\n    def __iter__(self):\n        return iter(self.all)\n    def __eq__(self, other):\n        return type(other) is A and self.all == other.all\n    def __repr__(self):\n        return f'A({self.all})'\nONE = A([§])\ndef scaled(x):\n    return x * 2\n",
    "an unrelated path": "from pathlib import Path\nROOT = Path(__file__).resolve().parent / 'a§'\ndef scaled(x):\n    return x * 2\n",
    "an unrelated array": "import numpy as np\nRATES = np.linspace(0, §, 3)\ndef scaled(x):\n    return x * 2\n",
    "an unrelated pattern of text": "import re\nWORD = re.compile('§')\ndef scaled(x):\n    return x * 2\n",
    "an unrelated class of Python's": "import json\nclass Model(json.JSONEncoder):\n    rate = §\ndef scaled(x):\n    return x * 2\n",
    "an unrelated protocol": "import typing\nT = typing.TypeVar('T')\nclass P(typing.Protocol[T]):\n    rate: int = §\ndef scaled(x):\n    return x * 2\n",
    "an unrelated abstract class": "import abc\nclass A(abc.ABC):\n    @abc.abstractmethod\n    def f(self):\n        return §\nclass B(metaclass=abc.ABCMeta):\n    @property\n    def f(self):\n        return §\n    @f.setter\n    def f(self, value): ...\ndef scaled(x):\n    return x * 2\n",
    "an unrelated condition": "import sys\nif sys.version_info > (3, §):\n    def other(): ...\nelse:\n    other = None\ndef scaled(x):\n    return x * 2\n",
    "an unrelated function registered in a dict": "REGISTER = {}\ndef rate():\n    return §\nREGISTER['rate'] = rate\ndef scaled(x):\n    return x * 2\n",
    "an unrelated function registered by a factory": {
        "way.py": "from . import plugin\ndef scaled(x):\n    return x * 2\n",
        "register.py": "REGISTER = {}\ndef register(name, **tags):\n    def add(f):\n        REGISTER[name] = f\n        return f\n    return add\n",
        "plugin.py": "from .register import register\n@register('rate', size=§)\ndef rate():\n    return §\n",
    },
    "a lazily imported module that nobody calls": {
        "way.py": "def other():\n    from . import plugin\ndef scaled(x):\n    return x * 2\n",
        "plugin.py": "import os\nos.environ['A'] = '§'\n",
    },
    "code outside of src": {"../../scripts/s.py": "print(§)\n", "../../notebooks/a.ipynb": "§"},
}
