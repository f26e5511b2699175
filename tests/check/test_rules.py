"""Rules: what breaks each one and what keeps it."""

from pathlib import Path

import pytest

from labkart import git
from labkart.check.rules import RULES
from tests.check.conftest import Find, places
from tests.support.rules import PAGES, page
from tests.support.tiny import write

_HEAD = "from labkart import Task\nfrom luigi import IntParameter\n\n\n"
_NOTEBOOK = '{{"cells": [{{"cell_type": "code", "outputs": [{0}], "execution_count": {1}}}]}}'
_TOKEN = "ghp_" + "a1B2" * 9


def _task(body: str) -> dict[str, str]:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return {"src/study/tasks/a.py": f"{_HEAD}class Add(Task[int]):\n{lines}"}


def _draws(*calls: str) -> dict[str, str]:
    """A module that makes calls, from line 8 on, of what a library of estimators has."""
    head = "def forest(trees, random_state=None): ...\ndef split(x, *, shuffle=False, random_state=None): ...\ndef logistic(c=1, solver='lbfgs', random_state=None): ...\ndef bootstrap(x, *, rng=None, random_state=None): ...\n\ndef run(x, table, solver):\n    from random import Random; import random\n"
    return {"src/study/tasks/b.py": head + "".join(f"    {call}\n" for call in calls)}


# A rule, files that break it, where, and files that keep it.
_CASES: list[tuple[str, dict[str, str], list[str], dict[str, str]]] = [
    (
        "outside-layout",
        {"run.py": "", ".DS_Store": "", ".env": "", "Notes.txt": "", "scripts/a.py": "", "drafts/a.tex": "", "src/other/a.py": "", "data/clean/a.csv": "", "conf/a.yml": "", "src/study/a.csv": "", "outputs/a.pkl": "", "src/study/my-tools.py": "", "src/study/tasks/2nd.py": "", "src/study/class.py": ""},
        [".DS_Store", ".env", "Notes.txt", "conf/a.yml", "data/clean/", "drafts/", "outputs/a.pkl", "run.py", "scripts/", "src/other/", "src/study/a.csv", "src/study/class.py", "src/study/my-tools.py", "src/study/tasks/2nd.py"],
        {"paper/a.tex": "", "Dockerfile": "", "Makefile": "", "justfile": "", ".gitlab-ci.yml": "", ".env.example": "", ".zenodo.json": "{}", "codemeta.json": "{}", "mkdocs.yml": "", "renovate.json": "{}", "requirements.txt": "", "requirements-dev.txt": "", "environment.yml": "", "setup.cfg": "", "mise.toml": "", "Dockerfile.gpu": "", "compose.yml": "", "AGENTS.md": "", "NOTICE": "", ".envrc": "", ".idea/a.xml": "", "apptainer.def": "", "slides/a.tex": "", "external/a/b.py": "", "data/raw.dvc": "", "data/.gitignore": "", "dvc.yaml": "", "docs/a.md": "", "CHANGELOG.md": "", "src/study/helpers.py": "", "notebooks/a.txt": "", ".vscode/a.json": "", "run.trec": "", "run.trec.labkart.json": "{}", "makefile": "", "Jenkinsfile": "", "Pipfile": "", "package.json": "{}", "params.yaml": "", "readthedocs.yml": "", "azure-pipelines.yml": "", "_quarto.yml": "", "requirements.in": "", "CITATION.bib": "", "README.en.md": "", "thesis.Rproj": "", "a.code-workspace": "{}", "LICENSES/MIT.txt": "", "setup.py": ""},
    ),
    (
        "stray-task",
        {"src/study/pipeline.py": f"{_HEAD}class Add(Task[int]):\n    pass\n"},
        ["src/study/pipeline.py:5"],
        {"src/study/pipeline.py": "from .tasks.a import Add\n", **_task("pass")},
    ),
    (
        "foreign-task",
        {"src/study/tasks/a.py": "import luigi as l, gokart\n\n\nclass Add(l.Task):\n    pass\n\n\nclass Sum(gokart.TaskOnKart[int]):\n    pass\n\n\nclass Settings(l.Config):\n    pass\n"},
        ["src/study/tasks/a.py:4", "src/study/tasks/a.py:8", "src/study/tasks/a.py:12"],
        {"src/study/tasks/a.py": f"{_HEAD}class Big(IntParameter):\n    pass\n\n\nclass Add(Task[int]):\n    pass\n"},
    ),
    (
        "untyped-parameter",
        _task("a = IntParameter()\nb: int = IntParameter()\nc, d = IntParameter(), IntParameter()\ne: 'Task' = IntParameter()"),
        [f"src/study/tasks/a.py:{line}" for line in (6, 7, 8, 8, 9)],
        _task("a: IntParameter = IntParameter()\nb: 'IntParameter' = IntParameter(default=1)\nc = 3\nimport gokart\nd: gokart.TaskInstanceParameter[Task] = gokart.TaskInstanceParameter(Task)\ne: 'gokart.TaskInstanceParameter[Task[int]]' = gokart.TaskInstanceParameter(Task)"),
    ),
    (
        "untested-task",
        {"src/study/tasks/a.py": f"{_HEAD}class Add(Task[int]):\n    pass\n\n\nclass Sub(Task[int]):\n    pass\n", "tests/test_a.py": '"""Subtraction is right."""\nfrom study.tasks import a\na.Sub()\n', "src/study/pipeline.py": "from .tasks.a import Add, Sub\ndef pipeline(cfg): Add(), Sub()\n"},
        ["src/study/tasks/a.py:5"],
        {"src/study/tasks/a.py": f"{_HEAD}class Base(Task[int]):\n    pass\n\n\nclass Add(Base):\n    pass\n", "src/study/layout.py": "from .tasks import a\nMODELS = {'a': a.Add}\n", "src/study/pipeline.py": "from .layout import MODELS\ndef pipeline(cfg): MODELS\n", "tests/test_a.py": "from study.pipeline import pipeline\n"},
    ),
    ("undocumented-task", _task("x = 1"), ["src/study/tasks/a.py:5"], _task('"""Add."""')),
    (
        "heavy-property",
        _task("from functools import cached_property\nimport pandas as pd\n@property\ndef a(self):\n    for x in y: pass\n\n@cached_property\ndef b(self):\n    return pd.read_csv(self.f)\n\n@property\ndef c(self):\n    return np.loadtxt(self.f)"),
        ["src/study/tasks/a.py:10", "src/study/tasks/a.py:14", "src/study/tasks/a.py:18"],
        _task("@property\ndef a(self):\n    return self.n + 1\n\ndef run(self):\n    for x in y: load(x)"),
    ),
    (
        "absolute-path",
        {"src/study/a.py": 'A = "/home/ann/data.csv"\nB = "C:\\\\data"\nC = "~/data"\nD = f"/home/{A}"\nE = Path("/data")\nF = "/home/ann (old)/a+b.csv"\nG = r"\\\\nas\\share"\nH = "file:///home/ann"\nI = "/kaggle/input/a"\nJ = "/data1/a"\nK = r"\\\\nas\\share\\a (b)"\nL = "../shared/a.csv"\nM = Path("..") / L\n', "conf/a.yaml": "name: a\nfolder: /gpfs0/lab/data\nfiles: [~/a.csv, 'D:/b']\n"},
        ["conf/a.yaml:2", "conf/a.yaml:3", "conf/a.yaml:3", *(f"src/study/a.py:{line}" for line in range(1, 14))],
        {"src/study/a.py": '"""/home/ann is no good."""\nA = "data/raw/a.csv"\nB = "https://example.org/a"\nC = "/"\nD = "a / b"\nE = f"{A}/raw/a.csv"\nF = A + "/raw/a.csv"\nG = F["/entry/data"]\nJ = "/measurements/channel_1"\nGROUP = "/data"\nTITLES = etree.XPath("/book/title")\nK = "/v1/predict"\nL = "/dev/null"\nH = read_hdf(F, key="/entry/data")\nI = "/database"\nM = file.get("/data/images")\nN = r"\\\\begin\\{(\\w+)\\}"\nO = root.findall("/data/object")\nP = "../"\nIMAGE_KEY = "/data/images"\nread(F, group="/data/images")\nQ = r"\\\\midrule\\n"\n', "conf/a.yaml": "file: data/raw/a.csv\nnull_device: /dev/null\nurl: https://example.org/a/b\n"},
    ),
    (
        "stray-write",
        {"src/study/tasks/a.py": 'open("data/raw/a.csv", "w")\ntable.to_csv("x.csv")\nPath("notes.txt").write_text("a")\n(Path("data") / name).open(mode="ab")\nfigure.savefig(f"plot-{1}.png")\nnp.save("a.npy", a)\npathlib.Path("models").mkdir()\nopen(f"{1}", "w")\n', "src/study/b.py": 'OUT = Path("out")\nFILE = "a"\ntorch.save(net, OUT / "a.pt")\njoblib.dump(x, FILE)\nopen(os.path.join("a", x), "w")\ntable.to_csv(path_or_buf="a" + x)\ntable.to_csv("a/%s" % x)\nimwrite("a/{}".format(x), x)\nshutil.copy(x, f"{OUT}/a")\nh5py.File("a", "w")\nOUT.mkdir()\n(OUT / x).touch()\nmodel.save_pretrained(str(OUT))\ngzip.open(FILE, "wt")\nos.rename("a", "b")\nwav.write("a.wav", 9, x)\nnib.save(x, "a.nii.gz")\nonnx.export(x, x, OUT / "a")\nOUT.joinpath(x).write_text("a")\ntorch.save(obj=x, f="a.pt")\ntarfile.open("a.tar", "w:gz")\nnp.memmap("a.dat", mode="w+")\nlogging.basicConfig(filename="a.log")\n'},
        [*(f"src/study/b.py:{line}" for line in (*range(3, 16), *range(15, 24))), *(f"src/study/tasks/a.py:{line}" for line in range(1, 8))],
        {"src/study/tasks/a.py": 'open("data/raw/a.csv")\nopen(file, "w")\ntable.to_csv()\ntable.to_csv(path)\nopen("reports/notes.md", "w")\n(self.checkpoint_dir / "model.pt").write_bytes(b"")\nname.replace("a", "b")\nself.log_artifact("a.txt", path)\ntable.to_numpy("x")\nPath("data/raw/a.csv").read_text()\nPath("a.csv").open("r")\n', "src/study/b.py": 'A = "a"\nA.replace("a", "b")\nB = "a"\nB = x\nopen(B, "w")\nC = C / "a"\nopen(C, "w")\nself.dump("a", "b")\nnames.remove("a")\nimage.save(x, "PNG")\ntorch.save("a", x)\ngzip.open("a")\nh5py.File("a")\nD = Path("outputs") / "a"\nD.mkdir()\ndef f(A): open(A, "w")\npickle.dumps("a.b")\nself.dump("a.b")\nfile.write("a.b")\narchive.write("data/a", "a.b")\narchive.writestr("a.b", x)\nsheet.write(0, 0, "a/b")\n'},
    ),
    (
        "same-name",
        {"src/study/tasks/a.py": f"{_HEAD}class Add(Task[int]):\n    pass\n", "src/study/tasks/b.py": f"{_HEAD}class Add(Task[int]):\n    pass\n"},
        ["src/study/tasks/b.py:5"],
        {"src/study/tasks/a.py": f"{_HEAD}class Add(Task[int]):\n    pass\n", "src/study/tasks/b.py": "from .a import Add\n"},
    ),
    (
        "merge-marker",
        {"docs/a.md": "A\n<<<<<<< HEAD\nB\n=======\nC\n>>>>>>> other\n", "conf/a.yaml": "a: 1\n<<<<<<< HEAD\n", "conf/b.yaml": "a: 1\n>>>>>>> other\n"},
        ["conf/a.yaml:2", "conf/b.yaml:2", "docs/a.md:2"],
        {"docs/a.md": "A\n=======\n`<<<<<<< HEAD`\n>>>>>>>\n"},
    ),
    (
        "unbounded-dependency",
        {"pyproject.toml": '[project]\nname = "study"\ndependencies = [\n    "polars",\n    "a[b]",\n    "a>=1",\n    "c @ git+https://example.org/c",\n]\n[dependency-groups]\ndev = ["ruff", {include-group = "x"}, "study[b]"]\ndocs = ["d!=1"]\n[tool.uv]\ndev-dependencies = ["e [x]"]\nsources = {polars = {index = "lab"}}\n[tool.labkart]\npipeline = "study.pipeline:pipeline"\n'},
        ["pyproject.toml:4", "pyproject.toml:10", "pyproject.toml:11", "pyproject.toml:13"],
        {"pyproject.toml": '[project]\nname = "study"\ndependencies = ["polars>=1", "a.x[b]", "A-x", "c"]\n[dependency-groups]\ndev = ["a_x<2"]\n[tool.uv.sources]\nc = {path = "c"}\n[tool.labkart]\npipeline = "study.pipeline:pipeline"\n'},
    ),
    (
        "missing-choice",
        {"conf/data/iris.yaml": "", ".github/workflows/ci.yml": "env:\n  SMALL: data=wine\nrun: labkart run -m data=iris,x,y data=digits seed=1,2\n", "Makefile": "run:\n\tlabkart run data=x\n", ".circleci/config.yml": "run: labkart run data/b=x data@a.b=x\n", "conf/data/b/c.yaml": "", "tests/test_a.py": 'compose("data=wine", f"data={x}", data=wine)\n'},
        [".circleci/config.yml:1", ".circleci/config.yml:1", *(f".github/workflows/ci.yml:{line}" for line in (2, 3, 3, 3)), "Makefile:2", "tests/test_a.py:1"],
        {"conf/data/wine.yaml": "", "CHANGELOG.md": "data=x is gone\n", ".github/workflows/ci.yml": "run: labkart run data=wine,wine --data=x hydra/launcher=joblib\n", "tests/test_a.py": 'compose(data=iris)\n"data=wine"\n'},
    ),
    (
        "unseeded-random",
        {"src/study/tasks/a.py": "import random\nimport numpy as np\nfrom numpy.random import default_rng as rng\n\nnp.random.default_rng()\nrng(None)\nrandom.Random()\nnp.random.RandomState(seed=None)\nnp.random.Generator(np.random.PCG64())\nrandom.seed()\n", **_draws("forest(5)", "forest(5, None)", "split(x, shuffle=True)", "table.sample(frac=1)", "Random()", "logistic(solver='saga')", "logistic(1, solver)", "random.shuffle(x)", "bootstrap(x)", "norm.rvs(3)", "table.sample(n=3)", "df[x].sample(3)")},
        [*(f"src/study/tasks/a.py:{line}" for line in range(5, 11)), *(f"src/study/tasks/b.py:{line}" for line in range(8, 20))],
        {"src/study/tasks/a.py": "import random\nimport numpy as np\n\nSEED = 1\nnp.random.default_rng(0)\nnp.random.default_rng(seed=SEED)\nrandom.Random(SEED)\nrandom.seed(SEED)\nrandom.getstate()\ndict()\n", **_draws("forest(5, 1)", "forest(5, random_state=x)", "forest(**x)", "forest(*x)", "logistic(1)", "split(x)", "table.sample(frac=1, random_state=1)", "Random(1).sample(x, 1)", "Random(1)", "bootstrap(x, rng=x)", "norm.rvs(3, random_state=x)", "table.sample(n=3, seed=1)", "memory.sample(3)")},
    ),
    (
        "environment-variable",
        {"src/study/tasks/a.py": 'import os\nfrom os import environ, getenv\n\n\ndef read():\n    os.environ["RATE"]\n    environ.get("RATE", "1")\n    getenv("RATE")\n    os.getenv("NUM_TOKENS")\n    os.getenv(RATE)\n', "src/study/tasks/b.py": 'import os\nRATE = "RATE"\nos.environ[RATE]\n'},
        [*(f"src/study/tasks/a.py:{line}" for line in range(6, 10)), "src/study/tasks/b.py:3"],
        {"src/study/tasks/a.py": 'import os\n\n\ndef read(settings):\n    os.environ["HF_TOKEN"]\n    os.getenv("DB_PASSWORD")\n    os.environ["RATE"] = "1"\n    "RATE" in os.environ\n    os.environ.get("SLURM_JOB_ID")\n    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")\n    os.environ.pop("RATE", None)\n    settings.get("RATE")\n', "src/study/plots.py": 'import os\n\nos.getenv("DISPLAY")\n'},
    ),
    ("raw-data", {"data/raw/a.csv": "1"}, ["data/raw"], {"data/raw/README.md": "About"}),
    (
        "secret",
        {"conf/a.yaml": f"a: 1\ntoken: {_TOKEN}\n"},
        ["conf/a.yaml:2"],
        {"conf/a.yaml": "token: ${oc.env:TOKEN}\n", "README.md": "The password is in the safe.\n", "uv.lock": 'name = "tokenizers"\n'},
    ),
    ("large-file", {"reports/a.txt": "a" * 5_000_001}, ["reports/a.txt"], {"data/raw/a.txt": "a" * 5_000_001, "uv.lock": "a" * 5_000_001}),
    (
        "notebook-output",
        {"notebooks/a.ipynb": _NOTEBOOK.format("{}", "null"), "notebooks/b.ipynb": _NOTEBOOK.format("", "3")},
        ["notebooks/a.ipynb", "notebooks/b.ipynb"],
        {"notebooks/a.ipynb": _NOTEBOOK.format("", "null")},
    ),
    (
        "waiver",
        {"src/study/a.py": "# labkart: allow absolute-path\nA = 1  # labkart: allow everything: why not\n"},
        ["src/study/a.py:1", "src/study/a.py:2"],
        {"src/study/a.py": "# labkart: allow absolute-path: it is there on every node\n"},
    ),
]  # fmt: skip
# Those have files of their own.
_ELSEWHERE = {"broken-config", "broken-pipeline", "unused-key", "version-mismatch"}


@pytest.mark.parametrize(
    ("id", "wrong", "found", "right"), _CASES, ids=[case[0] for case in _CASES]
)
def test_a_rule_finds_what_breaks_it_and_nothing_else(
    study: Path,
    find: Find,
    *,
    id: str,
    wrong: dict[str, str],
    found: list[str],
    right: dict[str, str],
) -> None:
    documented = '"""Nothing."""\n'
    clean = {"src/study/tasks/__init__.py": documented, "src/study/pipeline.py": documented}
    assert places(find(id, **clean | wrong)) == [f"{place} {id}" for place in found]
    for path in wrong:
        (study / path).unlink()
    assert find(id, **clean | right) == []


def test_every_rule_has_such_a_test() -> None:
    assert {rule.id for rule in RULES} == {case[0] for case in _CASES} | _ELSEWHERE


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("call", "draws"),
    [
        ("ensemble.RandomForestClassifier()", True),
        ("cluster.KMeans(3)", True),
        ("linear_model.SGDClassifier()", True),
        ("linear_model.LogisticRegression(solver='saga')", True),
        ("svm.SVC(probability=True)", True),
        ("model_selection.KFold(5, shuffle=True)", True),
        ("model_selection.train_test_split([1], [2])", True),
        ("linear_model.LogisticRegression(max_iter=9)", False),
        ("linear_model.Ridge()", False),
        ("linear_model.Lasso()", False),
        ("svm.SVC()", False),
        ("decomposition.PCA(2)", False),
        ("dummy.DummyClassifier()", False),
        ("gaussian_process.GaussianProcessRegressor()", False),
        ("model_selection.KFold(5)", False),
        ("neighbors.KNeighborsClassifier()", False),
        ("ensemble.RandomForestClassifier(random_state=0)", False),
    ],
)
def test_what_draws_random_numbers_in_scikit_learn(find: Find, *, call: str, draws: bool) -> None:
    module = call.partition(".")[0]
    code = f"def run():\n    from sklearn import {module}\n    {call}\n"
    files = {"src/study/tasks/a.py": code}
    assert len(find("unseeded-random", **files)) == draws


def test_data_too_large_for_git_belongs_to_git_lfs(study: Path, find: Find) -> None:
    git.run(study, "init", "-q")
    (study / "data/raw").mkdir(parents=True)
    with (study / "data/raw/a.bin").open("wb") as file:
        file.truncate(50_000_001)
    assert places(find("large-file")) == ["data/raw/a.bin large-file"]
    write(study, **{".gitattributes": "*.bin filter=lfs\n"})
    assert find("large-file") == []


def test_a_task_is_known_through_other_classes_modules_and_names(find: Find) -> None:
    base = "from labkart import Task\nfrom luigi import Task as Other\n\nTable = Task[int]\nOld = Other\n\n\nclass Base(Table):\n    'Base.'\n"
    child = "from ..base import Base, Old\n\n\nclass Child(Base):\n    a = 1\n\n\nclass Elder(Old):\n    'Old.'\n"
    stray = "from .tasks.base import Base\n\n\nclass More(Base):\n    'More.'\n"
    files = {"base.py": base, "sub/a.py": child, "__init__.py": "from study import more\n"}
    files = {f"src/study/tasks/{name}": text for name, text in files.items()}
    files |= {"src/study/more.py": stray, "src/study/pipeline.py": ""}
    assert places(find("undocumented-task", "foreign-task", "stray-task", **files)) == [
        "src/study/more.py:4 stray-task",
        "src/study/tasks/sub/a.py:4 undocumented-task",
        "src/study/tasks/sub/a.py:8 foreign-task",
    ]


def test_a_file_that_is_no_notebook_is_left_to_its_own_tools(find: Find) -> None:
    nested = {"notebooks/a.ipynb": "[" * 100_000, "notebooks/b.ipynb": '{"cells": [1]}'}
    assert find("notebook-output", **nested) == []


def test_a_secret_is_shown_without_itself(find: Find) -> None:
    (finding,) = find("secret", **{"src/study/a.py": f'key = load("{_TOKEN}")\n'})
    assert finding.message() == 'looks like a secret: key = load("***")'


@pytest.mark.parametrize("language", PAGES)
def test_the_documentation_lists_the_rules_as_they_are(language: str) -> None:
    assert PAGES[language].read_text(encoding="utf-8") == page(language), (
        "write it again: python -m tests.support.rules"
    )
