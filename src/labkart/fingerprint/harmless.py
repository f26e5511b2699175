"""What is known of names of other packages: which only make a value, and which may reach any code.

A name that is missing among the harmless ones costs computations; among the unsure ones, trust.
"""

import builtins
import sys


def _words(text: str) -> set[str]:
    return set(text.split())


# The machinery around a task, not its computation.
RUNTIMES = {"gokart", "hydra_plugins", "labkart", "luigi"}
# What a task's class tells luigi's scheduler: it decides when a task runs, not what it computes.
SCHEDULING = {"priority", "resources", "retry_count", "worker_timeout"}
# Classes of these, which have capitals, only make an object when they are called or inherited.
_PLAIN = (sys.stdlib_module_names - {"ctypes", "subprocess"}) | RUNTIMES
_PLAIN |= _words("lightgbm lightning numpy pandas polars pydantic pytorch_lightning scipy sklearn")
_PLAIN |= _words("torch torchvision transformers xgboost")
# All functions of these only make a value.
_PURE = _words("datetime hashlib math statistics textwrap")
_FUNCTIONS = _words("""
    abs all any ascii bin bool bytearray bytes callable chr classmethod complex dict divmod
    enumerate filter float format frozenset getattr hasattr hash hex int isinstance issubclass
    len list map max min object oct ord pow property range repr reversed round set slice sorted
    staticmethod str sum super tuple zip ast.literal_eval base64.b64decode base64.b64encode
    collections.defaultdict collections.deque collections.namedtuple contextlib.suppress
    copy.copy copy.deepcopy csv.reader dataclasses.asdict dataclasses.astuple dataclasses.field
    dataclasses.fields dataclasses.replace dict.fromkeys enum.auto functools.partial
    functools.partialmethod functools.reduce itertools.chain itertools.chain.from_iterable
    itertools.combinations itertools.count itertools.cycle itertools.islice itertools.pairwise
    itertools.permutations itertools.product itertools.repeat itertools.zip_longest json.load
    json.loads logging.getLogger numpy.arange numpy.array numpy.asarray numpy.concatenate
    numpy.cos numpy.deg2rad numpy.diag numpy.dtype numpy.empty numpy.exp numpy.eye numpy.finfo
    numpy.float32 numpy.float64 numpy.full numpy.full_like numpy.geomspace numpy.hstack
    numpy.iinfo numpy.int32 numpy.int64 numpy.linspace numpy.log numpy.log10 numpy.log2
    numpy.logspace numpy.meshgrid numpy.ones numpy.ones_like numpy.random.default_rng numpy.sin
    numpy.sqrt numpy.stack numpy.uint8 numpy.vstack numpy.zeros numpy.zeros_like operator.add
    operator.attrgetter operator.itemgetter operator.mul operator.or_ os.cpu_count
    os.environ.get os.getcwd os.getenv pandas.concat pandas.date_range pandas.read_csv
    pandas.read_json pandas.to_datetime pandas.to_timedelta pathlib.Path.cwd pathlib.Path.home
    platform.system re.compile re.escape re.findall re.match re.search re.split
    sklearn.compose.make_column_transformer sklearn.pipeline.make_pipeline str.maketrans
    struct.calcsize threading.local time.monotonic time.perf_counter time.time tomllib.load
    tomllib.loads torch.arange torch.cuda.is_available torch.device torch.eye torch.linspace
    torch.ones torch.tensor torch.zeros typing.cast typing.get_args typing.get_origin uuid.uuid4
    yaml.safe_load
""")
# Arguments that a harmless function calls: sorted() its key, and map() the first one.
CALLBACKS = _words("cls converters default_factory key object_hook object_pairs_hook")
CALLBACKS |= _words("parse_constant parse_float parse_int")
CALLING = {"map", "filter", "collections.defaultdict", "functools.reduce"}
_ITERATORS = _words("collections.defaultdict csv.reader csv.DictReader enumerate filter iter map")
_ITERATORS |= _words("open reversed zip")
_MOVING = ("configparser", "io", "itertools", "queue")  # what these make changes where it is read
# Methods of a value, which only make another one, of a text, a path, a table.
METHODS = _words("""
    __init__ _asdict _replace absolute as_posix astype copy date decode difference digest encode
    endswith exists expanduser format fromkeys get getChild hexdigest intersection isoformat
    items join joinpath keys lower lstrip max mean min read read_bytes read_text readlines
    replace reshape resolve round rstrip split splitlines startswith strftime strip sum
    timestamp title to_numpy tolist total_seconds union upper values with_name with_suffix
""")
# Decorators of these return what they decorate, or a wrapper, and that is all.
_DECORATING = RUNTIMES | _words("""
    abc attr attrs beartype contextlib dataclasses enum functools hypothesis jax jaxtyping numba
    numpy pydantic pytest sklearn tenacity torch typing typing_extensions warnings
""")
# With these a function or class still is what its statement says.
KEEPING = _words("contextlib.contextmanager dataclasses.dataclass functools.cache")
KEEPING |= _words("functools.lru_cache functools.total_ordering")

# After these, names do not show what is reached: code from text, modules by string.
_UNSURE = _words("""
    SourceFileLoader Unpickler __builtins__ __doc__ __globals__ __import__ __loader__ __spec__
    __subclasses__ allow_pickle cffi co_firstlineno create_subprocess_exec
    create_subprocess_shell ctypes currentframe dill entry_points exec_module f_back f_globals
    f_lineno find_spec get_class get_code get_method get_object get_objects get_source
    get_task_cls getcomments getdoc getmodule getsource getsourcelines import_module
    instantiate iter_modules linecache load_library load_module locate marshal read_pickle
    resolve_name run_module run_path shelve spec_from_file_location subprocess unsafe_load
    walk_packages cloudpickle.load cloudpickle.loads hydra.utils.call inspect.stack joblib.load
    mock.patch os.popen os.posix_spawn os.startfile os.system pickle.load pickle.loads
    pkgutil.get_data sys._getframe sys.modules timeit.Timer timeit.repeat timeit.timeit
    tokenize.open torch.jit.load torch.load torch.ops torch.package yaml.load
""")
_UNSURE |= {f"os.{start}{end}" for start in ("exec", "spawn") for end in _words("l le lp v ve vp")}
UNSURE_WORDS = {word for word in _UNSURE if "." not in word}
# As methods these are harmless: re.compile, model.eval.
_UNSURE_ALONE = _words("compile eval exec globals")
# Handed on, or asked with `getattr`.
_UNSURE_MODULES = _words("builtins importlib importlib.util pkgutil runpy zipimport")


def is_task(dotted: str) -> bool:
    """Whether a class of another package is a task's."""
    return dotted.partition(".")[0] in RUNTIMES and "Task" in dotted


def is_harmless_call(dotted: str) -> bool:
    """Whether a call of a builtin, or of something of another package, only makes a value."""
    error = getattr(builtins, dotted, None)
    is_error = isinstance(error, type) and issubclass(error, BaseException)
    is_pure = dotted.partition(".")[0] in _PURE or dotted.startswith("os.path.")
    is_class = "." in dotted and is_plain_class(dotted)
    return dotted in _FUNCTIONS or is_error or is_pure or is_class


def is_iterator(dotted: str) -> bool:
    """Whether a call makes what can be read once, or changes otherwise where it is read."""
    return dotted in _ITERATORS or dotted.partition(".")[0] in _MOVING


def is_plain_class(dotted: str) -> bool:
    """Whether a name is a class that does nothing when it is inherited."""
    words = dotted.split(".")
    if len(words) == 1:
        return isinstance(getattr(builtins, dotted, None), type) and dotted != "type"
    is_class = words[-1][:1].isupper() and words[-1] not in ("ABCMeta", "EnumMeta", "EnumType")
    return is_class and words[0] in _PLAIN and words[:2] != ["torch", "library"]


def is_harmless_decorator(dotted: str) -> bool:
    """Whether a decorator only returns what it decorates, or a wrapper."""
    words = dotted.split(".")
    acts = "regist" in dotted.lower() or words[-1] in ("partial", "event_handler")
    if acts or words[:2] in (["torch", "library"], ["numba", "extending"]):
        return False
    return words[0] in _DECORATING or dotted == "hydra.main" or is_harmless_call(dotted)


def is_unsure(mention: str) -> bool:
    """Whether a name reaches something that does not show in the code."""
    words = mention.split(".")
    if words[0] in _UNSURE_ALONE or (words[0] == "builtins" and words[-1] in _UNSURE_ALONE):
        return True
    parts = {*words, ".".join(words[:2]), ".".join(words[:3]), ".".join(words[-2:])}
    return mention in _UNSURE_MODULES or not parts.isdisjoint(_UNSURE)
