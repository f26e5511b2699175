"""Records hold no secrets: what comes from the environment, and what detect-secrets flags. The rest stays as it is."""

import json
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from omegaconf import DictConfig, OmegaConf

from labkart.secrets import configuration, redact
from tests.support.tiny import python

# Made up, and in parts, so that no scanner takes this file for a leak.
WORD = "hunter22" + "-fake"
AWS_ID, AWS_SECRET = "AKIA" + "2FAKE3FAKE4FAKE5", "fake/FAKE+" * 4
GITHUB, GITHUB_FINE = "ghp_" + "Fake0" * 7 + "x", "github" + "_pat_" + "11FAKE" * 8
SLACK, STRIPE = "xoxb-" + "123456789012-" * 2 + "fakeFAKE", "sk_" + "live_" + "fake" * 12
HUGGING_FACE, ANTHROPIC = "hf" + "_" + "FaKe" * 9, "sk-ant-" + "api03-" + "FaKe" * 9
JWT = "eyJ" + "hbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiJmYWtlIn0" + ".fakeSIGNATURE-fakeSIGNATURE_00"
IBM = "fAkE" * 11
KEY_LINES = ["FAKE" * 16, "fake+" * 12 + "0000", "Rest="]
BEGIN, END = "-----BEGIN RSA " + "PRIVATE KEY-----", "-----END RSA " + "PRIVATE KEY-----"


def redacted(cfg: DictConfig, *, resolve: bool = False) -> dict[str, Any]:
    return configuration.redacted_config(cfg, configuration.secrets_of(cfg), resolve=resolve)


def diff(name: str, *lines: str) -> str:
    head = f"diff --git a/src/{name} b/src/{name}\nindex 83db48f..bf269f4 100644\n--- a/src/{name}\n+++ b/src/{name}\n"
    return (
        head
        + f"@@ -1,{len(lines)} +1,{len(lines)} @@ def f():\n"
        + "".join(f"{line}\n" for line in lines)
    )


SECRETS = {
    "AWS key id": (f"boto3.client('s3', '{AWS_ID}')", AWS_ID),
    "AWS secret": (f'aws_secret_access_key = "{AWS_SECRET}"', AWS_SECRET),
    "GitHub": (f"git clone with {GITHUB} today", GITHUB),
    "GitHub, fine grained": (f"see {GITHUB_FINE}.", GITHUB_FINE),
    "Slack": (f"x = '{SLACK}'", SLACK),
    "Stripe": (f"x = '{STRIPE}'", STRIPE),
    "Hugging Face": (f"login({HUGGING_FACE!r})", HUGGING_FACE),
    "Anthropic": (f"client({ANTHROPIC!r})", ANTHROPIC),
    "JWT with its signature": (f"Bearer {JWT}", JWT),
    "IBM": (f"ibm_token: {IBM}", IBM),
    "a URL": (f"sqlalchemy.create_engine('postgresql://ann:{WORD}@db.example.org/runs')", WORD),
    "an assignment": (f'password = "{WORD}"', WORD),
    "an annotated assignment": (f'    api_key: str = "{WORD}"', WORD),
    "a prefix": (f"password = rb'{WORD}'", WORD),
    "no letter first": ('secret = "#1-hunter22"', "#1-hunter22"),
    "the other quotes inside": ('secret = "it\'s-a-fake"', "it's-a-fake"),
    "an argument": (f'db = connect(user="ann", password="{WORD}")', WORD),
    "a comparison": (f'if "{WORD}" == password:', WORD),
    "a dictionary": (f'{{"user": "ann", "password": "{WORD}", "port": 5432}}', WORD),
    "JSON in a notebook": (json.dumps([f'password = "{WORD}"\n']), WORD),
    "YAML": (f"  api_key: {WORD}", WORD),
    "YAML, quoted": (f'  "api_key": "{WORD}"  # ours', WORD),
    "an override": (f"labkart run db.password={WORD} seed=1", WORD),
    "digits only": ("password = '20261121'", "20261121"),
    "in a diff of Python": (diff("a.py", "-x = 1", f"+PASSWORD = '{WORD}'", " y = 2"), WORD),
    "in a diff of YAML": (diff("a.yaml", " db:", f"+  password: {WORD}"), WORD),
    "in a flow of YAML": (diff("a.yaml", f"+db: {{password: {WORD}, user: ann}}"), WORD),
    "in a diff of .env": (diff(".env", f"+DB_PASSWORD={WORD}"), WORD),
    "in a diff of a shell script": (diff("a.sh", f"+export WANDB_API_KEY={WORD}"), WORD),
    "in a context line": (diff("a.toml", f' token_secret = "{WORD}"', "+x = 1"), WORD),
    "in a long line": ("0 " * 60_000 + f'"password": "{WORD}"' + " 0" * 60_000, WORD),
}


@pytest.mark.parametrize("case", SECRETS)
def test_a_secret_is_masked_and_nothing_around_it(case: str) -> None:
    text, secret = SECRETS[case]
    assert redact.redact_text(text) == text.replace(secret, "***")


def test_each_secret_of_a_line_is_masked() -> None:
    text = f"password='{WORD}', api_key='other-fake', key='{AWS_ID}'"
    assert redact.redact_text(text) == "password='***', api_key='***', key='***'"


@pytest.mark.parametrize("before", ["", "    ", "+", "-", " ", '    "'])
def test_a_private_key_is_masked_and_its_borders_are_not(before: str) -> None:
    lines = [BEGIN, *KEY_LINES, END, "x = 1"]
    text = "".join(f"{before}{line}\n" for line in lines)
    masked = redact.redact_text(text)
    assert not [line for line in KEY_LINES if line in masked]
    assert masked == "".join(f"{before}{'***' if line in KEY_LINES else line}\n" for line in lines)


def test_a_private_key_in_one_line_is_masked() -> None:
    text = json.dumps({"k": "\n".join([BEGIN, *KEY_LINES, END]), "project": "wine"})
    masked = redact.redact_text(text)
    assert not [line for line in KEY_LINES if line in masked]
    assert masked.startswith('{"k": "' + BEGIN) and masked.endswith(END + '", "project": "wine"}')


def test_a_private_key_without_an_end_is_masked() -> None:
    masked = redact.redact_text("\n".join([BEGIN, *KEY_LINES[:2]]) + "\n\nThen it broke off.\n")
    assert masked == BEGIN + "\n***\n***\n\nThen it broke off.\n"


SHA1, SHA256 = "0123456789abcdef0123" * 2, "9f86d081884c7d65" * 4
BINARY = f"GIT binary patch\nliteral 260\nzcmZQ{AWS_ID}password='fakefake'\nzcmV-s\n\nliteral 0\nHcmV?d00001\n\n"
ORDINARY = {
    "hyperparameters": "learning_rate: 0.001\nmax_tokens: 512\nn_keys: 8\nseed: 20261121\nsplit: {test_size: 0.25}\n",
    "a dictionary's key": 'key = "abc"\nprimary_key = "patient"\nfor key in ("abc", "def"): pass\n',
    "tokens of a language": 'pad_token: "<pad>"\neos_token_id: 2\ntokenizer = AutoTokenizer("bert-base-uncased")\n',
    "paths": "File /home/ann/study/src/labkart/task.py, line 12, in run\nC:\\data\\key.csv s3://bucket/a/b.parquet\n",
    "uuids": "run: 123e4567-e89b-12d3-a456-426614174000\n",
    "hashes": f"commit {SHA1}\nsha256:{SHA256}\nindex 83db48f..bf269f4 100644\n",
    "a lock file": diff(
        "uv.lock",
        f'+    {{ url = "https://a.org/b.whl", hash = "sha256:{SHA256}", size = 15181 }},',
    ),
    "numbers": "auc=0.912 1e-8 3.14159265358979 1700000000 12345678\n",
    "addresses": "tracking: http://8.8.8.8:5000, version 1.26.4.1\n",
    "DNA and proteins": "ACCAGTGTAGCATTGACCATGACCA ACCAGTGTAGCATTGACCAT MKAKIAFLLGHTRRSTEENWYVVKLMN\n",
    "what asks for a password": "password = getpass.getpass()\napi_key = os.environ['API_KEY']\nconnect(password=password)\n",
    "what asks in a configuration": "password: ${oc.env:DB_PASSWORD}\napi_key: null\nuse_password: true\n",
    "what asks in a shell": diff(
        "a.sh", "+PASSWORD=$(cat file)", "+export API_KEY=$KEY", "+curl ://$U:$P@host"
    ),
    "an annotation": diff(
        "a.py", "+    password: str", "+    secret: str | None = None", "+def f(api_key: str): ..."
    ),
    "a template": "url = f'postgres://{user}:{password}@{host}'\n",
    "an image": diff("a.ipynb", '+   "image/png": "' + "iVBORw0KGgoAAAANSUhEUgAA+/" * 40 + '",'),
    "a binary patch": "diff --git a/a.png b/a.png\nindex 83db48f..bf269f4 100644\n"
    + BINARY
    + diff("b.py", "+x = 1"),
    "no UTF-8": b"name = '\xff\xfe' \r\n\x0c\x85\xe2\x80\xa8x\x00".decode(errors="surrogateescape"),
    "nothing": "",
}


@pytest.mark.parametrize("case", ORDINARY)
def test_ordinary_text_stays_as_it_is(case: str) -> None:
    assert redact.redact_text(ORDINARY[case]) == ORDINARY[case]


def test_what_follows_a_binary_patch_is_masked() -> None:
    assert redact.redact_text(BINARY + diff("b.py", f"+pwd = '{WORD}'")) == BINARY + diff(
        "b.py", "+pwd = '***'"
    )


def test_a_masked_text_stays_as_it_is() -> None:
    once = redact.redact_text("\n".join(text for text, _ in SECRETS.values() if len(text) < 1000))
    assert redact.redact_text(once) == once


def test_the_code_of_the_runtime_has_nothing_to_mask() -> None:
    files = Path(redact.__file__).parent.glob("*.py")
    code = "".join(
        diff(file.name, *(f"+{line}" for line in file.read_text().split("\n"))) for file in files
    )
    assert redact.redact_text(code) == code


VALUES = {"opensesame-1", "open/sesame 1", 'open"sesame', "first-line\nsecond-line"}
KNOWN = {
    "as it is": ("Wrong: opensesame-1.", "Wrong: ***."),
    "within a word": ("xopensesame-1x", "x***x"),
    "beside surrogates": ("\udcff opensesame-1", "\udcff ***"),
    "in a URL": ("https://example.org/?q=open%2Fsesame%201", "https://example.org/?q=***"),
    "in JSON": (r'"open\"sesame"', '"***"'),
    "in its lines": ("+first-line\n+second-line", "+***\n+***"),
}


@pytest.mark.parametrize("case", KNOWN)
def test_known_values_are_masked_however_they_are_written(case: str) -> None:
    text, masked = KNOWN[case]
    assert redact.redact_text(text, VALUES) == masked


@pytest.mark.parametrize("value", ["", "1", "true", "ann", "  ", "------", "production"])
def test_a_trivial_value_leaves_a_text_readable(value: str) -> None:
    text = "1 + 11 is true; ann and production_line, reproductions ------ \n"
    assert redact.redact_text(text, {value}) == text


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "LOGIN": "ann",
        "WORD": WORD,
        "N": "8",
        "PIN": "4711",
        "DATA_DIR": "/data/wine",
        "DATASET": "wine-2021",
        "WHICH": "WORD",
        "LIST": "[fake-one, fake-two]",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("UNSET", raising=False)


FROM_ENV: dict[str, tuple[dict[str, Any], set[str], dict[str, Any]]] = {
    "a value": ({"a": "${oc.env:WORD}"}, {WORD}, {"a": "***"}),
    "short values": (
        {"a": "${oc.env:PIN}", "b": "${oc.env:LOGIN}/x"},
        {"4711", "ann"},
        {"a": "***", "b": "***/x"},
    ),
    "what is no secret": (
        {"a": "${oc.env:N}", "b": "${oc.env:DATA_DIR}/x", "c": "${oc.env:DATASET}"},
        set(),
        {"a": "8", "b": "/data/wine/x", "c": "wine-2021"},
    ),
    "in a text": (
        {"a": "postgres://${oc.env:LOGIN}:${oc.env:WORD}@host"},
        {"ann", WORD},
        {"a": "postgres://***:***@host"},
    ),
    "a reference": (
        {"a": "${b.c}!", "b": {"c": "${oc.env:WORD}"}},
        {WORD},
        {"a": "***!", "b": {"c": "***"}},
    ),
    "a section": (
        {"a": "${b}", "b": {"c": "${oc.env:PIN}", "d": "host"}},
        {"4711"},
        {"a": {"c": "***", "d": "host"}, "b": {"c": "***", "d": "host"}},
    ),
    "a list": ({"a": ["x", "${oc.env:WORD}"]}, {WORD}, {"a": ["x", "***"]}),
    "a name from elsewhere": ({"a": "${oc.env:${oc.env:WHICH}}"}, {"WORD", WORD}, {"a": "***"}),
    "decoded": (
        {"a": "${oc.decode:${oc.env:LIST}}"},
        {"[fake-one, fake-two]", "fake-one", "fake-two"},
        {"a": "***"},
    ),
    "selected": (
        {"a": "${oc.select:b.c}", "b": {"c": "${oc.env:WORD}"}},
        {WORD},
        {"a": "***", "b": {"c": "***"}},
    ),
    "a default": ({"a": "${oc.env:UNSET,fallback}"}, {"fallback"}, {"a": "***"}),
    "no default": (
        {"a": "${oc.env:UNSET,null}", "b": "${oc.env:UNSET}"},
        set(),
        {"a": None, "b": "***"},
    ),
    "none of it": ({"a": 1, "b": "${a}", "c": "???"}, set(), {"a": 1, "b": 1, "c": "???"}),
}


@pytest.mark.usefixtures("variables")
@pytest.mark.parametrize("case", FROM_ENV)
def test_values_from_the_environment_are_known_and_masked_in_their_place(case: str) -> None:
    content, secrets, resolved = FROM_ENV[case]
    cfg = OmegaConf.create(content)
    assert configuration.secrets_of(cfg) == secrets
    assert redacted(cfg, resolve=True) == resolved
    assert cfg == OmegaConf.create(content)


@pytest.mark.usefixtures("variables")
def test_a_configuration_keeps_its_interpolations_but_no_default_of_a_variable() -> None:
    content = {
        "a": "${oc.env:WORD}",
        "b": "${oc.env:UNSET,x}",
        "c": "${oc.env:WORD,${oc.env:UNSET,x}}",
        "d": "${a}",
    }
    content |= {"e": "${oc.env:UNSET,'x}y'}"}
    expected = {"a": "${oc.env:WORD}", "b": "${oc.env:UNSET,***}", "c": "***", "d": "${a}"}
    assert redacted(OmegaConf.create(content)) == {**expected, "e": "***"}


@dataclass
class Typed:
    n: int = "${oc.env:PIN}"  # pyright: ignore[reportAssignmentType]
    m: int = "${n}"  # pyright: ignore[reportAssignmentType]


@pytest.mark.usefixtures("variables")
def test_a_mask_may_stand_where_a_number_must() -> None:
    assert redacted(OmegaConf.structured(Typed), resolve=True) == {
        "n": "***",
        "m": "***",
    }


PLAIN = {
    "seed": 0,
    "model": {"name": "forest", "params": {"trees": 300, "depth": None}},
    "files": ["a.csv", "b.csv"],
}


def test_an_ordinary_configuration_stays_as_it_is() -> None:
    cfg = OmegaConf.create(PLAIN)
    assert redacted(cfg) == PLAIN
    assert configuration.redacted_yaml(cfg, configuration.secrets_of(cfg)) == OmegaConf.to_yaml(cfg)


def test_secrets_in_a_configuration_are_masked_and_its_keys_are_not() -> None:
    cfg = OmegaConf.create(
        {
            "db": {"password": WORD, "port": 5432},
            "api_keys": ["a1", "b2"],
            "pwd": 12345678,
            "x": AWS_ID,
        }
    )
    expected = {
        "db": {"password": "***", "port": 5432},
        "api_keys": ["***", "***"],
        "pwd": "***",
        "x": "***",
    }
    assert redacted(cfg) == expected
    assert (
        OmegaConf.create(configuration.redacted_yaml(cfg, configuration.secrets_of(cfg)))
        == expected
    )
    assert isinstance(cfg, DictConfig) and cfg.db.password == WORD


def test_values_under_a_telling_name_are_masked() -> None:
    data = {
        "api_key": "x1",
        "use_password": True,
        "password_length": 8,
        "error": "no opensesame-1",
        "n": 1,
        "secret": None,
    }
    assert redact.redact_values(data, {"opensesame-1"}) == {
        **data,
        "api_key": "***",
        "error": "no ***",
    }


def test_the_words_of_a_command_are_masked_with_their_spaces() -> None:
    words = [
        "db.password=two words",
        "++x.api_key='a1, b2'",
        "seed=1",
        "model=forest",
        "task",
        f"url=a://b:{WORD}@c",
    ]
    expected = [
        "db.password=***",
        "++x.api_key=***",
        "seed=1",
        "model=forest",
        "task",
        "url=a://b:***@c",
    ]
    assert redact.redact_overrides(words) == expected


def test_a_megabyte_of_code_stays_as_it_is() -> None:
    line = '+    for key, value in sorted(table.items()):  # the keys of {table!r} and "others" in 3 passes\n'
    text = diff("a.py") + (line + "+" + "x = compute(alpha, beta)[0] # 0.25\n" * 2) * 6_200
    assert len(text) > 1_000_000 and redact.redact_text(text) == text


def cpu_seconds(text: str) -> float:
    """The least of several measurements: whatever else the machine does only adds to them."""

    def measure() -> float:
        begin = time.process_time()
        redact.redact_text(text)
        return time.process_time() - begin

    return min(measure() for _ in range(3))


@pytest.mark.thorough
@pytest.mark.parametrize(
    "letters",
    [
        "aB3/",
        "pwd",
        "secret",
        "'",
        "`",
        "password='",
        "://a",
        "eyJ",
        "0:",
        " ",
        "key:",
        "- ",
        "${",
        "{",
    ],
)
def test_the_time_of_a_line_of_data_grows_with_its_length_only(letters: str) -> None:
    cpu_seconds(f"password='{WORD}'")  # imports what it needs
    short, long = (letters * (length // len(letters)) for length in (1_000, 4_000))
    # Four times the time, or somewhat more; sixteen times if it grew with the square.
    assert cpu_seconds(long) < 10 * cpu_seconds(short) + 0.1


def test_many_threads_mask_the_same() -> None:
    text, secret = SECRETS["an argument"]
    results = list[str]()
    threads = [
        threading.Thread(target=lambda: results.append(redact.redact_text(text))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(results) == {text.replace(secret, "***")} and len(results) == 8


def test_nothing_global_is_left_behind_and_the_import_waits(tmp_path: Path) -> None:
    code = """
import sys, warnings
show = warnings.showwarning
from labkart.secrets import configuration, redact
before = "detect_secrets" in sys.modules
redact.redact_text("x = 'AIzafakefakefakefakefake'")
print(before, "detect_secrets" in sys.modules, warnings.showwarning is show)
"""
    assert python(code, tmp_path) == "False True True"


def test_a_list_of_many_words_takes_no_longer_than_other_code() -> None:
    words = "".join(f'+    "word{number}",\n' for number in range(24))
    text = diff("a.py", '+columns = [\n+    "password",\n' + words + "+]")
    assert cpu_seconds(text) < 1 and redact.redact_text(text) == text


def test_a_file_of_any_name_is_a_text_if_it_can_be_read_as_one(tmp_path: Path) -> None:
    contents = {
        "fit.log": f"password={WORD}".encode(),
        "run.sh": f"curl -u ann:{WORD} a".encode(),
        "a.json": json.dumps({"password": WORD}).encode(),
        "weights": f"\x00\xff password={WORD}".encode("latin-1"),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        redact.redact_file(tmp_path / name)
    masked = {name: content.replace(WORD.encode(), b"***") for name, content in contents.items()}
    found = {name: (tmp_path / name).read_bytes() for name in contents}
    assert found == {**masked, "weights": contents["weights"]}


@pytest.mark.parametrize(
    "text",
    [
        '{"columns": ["a", "a"], "data": [[1, "x"]]}',
        '{"columns": ["a"], "data": [1, 2]}',
        '{"columns": 3, "data": "x"}',
        "[" * 3000 + "]" * 3000,
    ],
)
def test_json_of_any_form_stays_as_it_is(text: str) -> None:
    assert redact.redact_json(text) == text
