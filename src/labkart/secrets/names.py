"""Tells by a name and a value whether the value is a secret: `db_password`, not `password_dataset`.

A name counts by its words, above all by the last one. Knows no text around them.
"""

import fnmatch
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from labkart import project
from labkart.errors import LabkartError

MASK = "***"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What people choose; and what machines issue, of which a value must look so, or its other words say
# what it opens: `pad_token`, `hf_token`.
_CHOSEN = _words(
    "password passwd passphrase passcode passwort kennwort contrasena pwd pswd pw pass secret"
    " credential cred pin"
)
_ISSUED = _words("token key auth authorization bearer cookie signature sig jwt pat sas")
_SERVICES = _words(
    "aws azure gcp google github gh gitlab huggingface hf hub openai anthropic claude wandb comet"
    " neptune kaggle zenodo slack discord telegram twilio stripe sendgrid pypi npm docker"
    " ibm cloudant softlayer databricks mlflow dagshub deepl gemini mistral cohere groq"
    " replicate notion postgres postgresql pg mysql mariadb mongo mongodb redis smtp imap ldap"
    " ftp sftp ssh vault vpn wifi db database admin root sudo"
)
_ACCESS = _SERVICES | _words(
    "api access auth oauth bearer secret private priv signing encryption encrypt crypt refresh"
    " personal deploy webhook jwt gpg pgp master csrf xsrf security verification recovery mfa pin"
)
_PERHAPS_ACCESS = _words(
    "account activation app application basic bot ci client cluster consumer device host http id"
    " lab license login my project proxy publish read registration registry server"
    " service session shared storage subscription team upload user workspace write"
)
# After the word of a secret they change nothing, and these before it tell of something else.
_ADDITIONS = _SERVICES | _words(
    "value string str text plain plaintext raw prod production dev staging live local remote old"
    " new current backup default confirm confirmation repeat again main primary secondary b64"
    " base64 bytes encoded code"
)
_NO_SECRET = _words(
    "public max min num n total count no not is has use used show hide require need ask forgot"
    " reset page next continuation"
)
_PASSES = _words("band high low forward backward single multi first second one two all")
_DESCRIPTIONS = _words(
    "user username name email host hostname port url uri type kind region file path dir folder"
    " provider scheme endpoint model dataset count length size env id enabled required expires root"
    " home device devices seed threads workers jobs level mode lang version date"
)
# These name a place or a machine.
_PUBLIC = _words("HOME USER LOGNAME PWD SHELL HOSTNAME LANG TMPDIR VIRTUAL_ENV")
_JAPANESE = re.compile(
    "(?:パスワード|パスフレーズ|パスコード|暗証番号|合言葉|秘密鍵|認証情報|認証キー|アクセスキー|秘密キー"
    "|アクセストークン|認証トークン|シークレット|密码|口令)$"
)
_IN_ENGLISH = {"キー": "key", "トークン": "token"}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")
_JOINED = re.compile(r"(.+)(password|passwd|passphrase|pwd|secret|credential|token|key|pass)")

_NUMBERS = [["pin"], ["otp"], ["code"], ["暗証番号"]]

NEVER, IF_RANDOM, IF_MIXED, ALWAYS = range(4)  # when a value under a name is a secret

_PLAIN = _words(
    "true false null none nil yes no on off str string bytes int bool text varchar char secretstr"
    " optional any required prompt ask env keyring vault empty dummy placeholder auto bearer basic"
    " token password secret passed failed hidden redacted masked missing unset invalid expired self"
    " inherit forward backward high low band coarse fine x-oauth-basic"
    " 必須 必要 不要 任意 あり なし 有り 無し 未設定 設定済み 成功 失敗 非公開 省略"
)
_PLACEHOLDER = re.compile(
    r"\$?\{[^{}]*\}|<[^<>]*>|\$\(.*\)|\$\w+|%\(?\w*\)?s|^:\w+$|^!\w+|^your?[-_ ].*|x{3,}|\.{3,}",
    re.IGNORECASE,
)
_VARIABLE = re.compile(r"[A-Z_]*(?:TOKEN|KEY|SECRET|PASSWORD|PASSWD)S?")
_REFERENCE = re.compile(r"[A-Za-z_][\w.-]*[\[(]|(?:env|vault|keyring|file):|[a-z][\w+.-]*://")
_SMALL_NUMBER = re.compile(r"\d{1,3}(?:桁|文字|個|件|回)?|\d*\.\d+")
_PATH = re.compile(r"(?:~|\.{1,2}|[A-Za-z]:)?[/\\][^\n]*|[\w.-]+(?:/[\w.-]+)+\.\w{1,6}")
_LETTERS_AND_DIGITS = re.compile(r"(?=[^\s]*[A-Za-z])(?=[^\s]*\d|[^\s]*[!#$%^&*?~])\S{6,}")
_TASK_ID = re.compile(r"[A-Z]\w*_[0-9a-f]{32}")
_IDENTIFIER = re.compile(r"[A-Za-z]+(?:[-_.][A-Za-z]+)*[-_.]?\d{1,4}[a-z]?")  # sample2, ses-02
_HEX = re.compile(r"[0-9a-f]{32,128}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LONG = re.compile(r"[A-Za-z0-9]{12,}")
_DIGEST = re.compile(r"[0-9a-f]+")
_MOST = 400  # characters that show what a value is
_SYLLABLE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")


@dataclass(frozen=True)
class Names:
    """Which names are secret; a project adds to it, and takes away.

    Attributes:
        secrets: further names or patterns such as `lab_*`, with or without the sections above.
        not_secrets: those whose values are no secrets, whatever they look like.
    """

    secrets: frozenset[str] = frozenset()
    not_secrets: frozenset[str] = frozenset()

    @classmethod
    def current(cls) -> "Names":
        """Those of the project around the working directory."""
        try:
            current = project.current()
        except LabkartError:
            return cls()
        return cls(current.secrets, current.not_secrets)

    def are_secret(self, name: str, value: object) -> bool:
        """Whether a value is a secret under this name: `db.password`, `HF_TOKEN`, `X-Api-Key`."""
        return is_secret(str(value), self.level(name), name)

    def are_secret_variable(self, name: str, value: str) -> bool:
        """Whether a value that a configuration takes from this environment variable is a secret.

        People put secrets there, whatever they call them. So all are, but for what is evidently
        none: a number, a path, what a name such as `DATA_DIR` describes.
        """
        if self.allows(name) or is_harmless(value):
            return False
        if self.level(name):
            return True
        is_described = set(_split(name)[-1:]) & _DESCRIPTIONS
        return not (is_described or name in _PUBLIC or re.fullmatch(r"[-+\d.,e\s]*", value))

    def level(self, name: str) -> int:
        """How sure it is that a value under this name is a secret: from `NEVER` to `ALWAYS`."""
        if self.allows(name):
            return NEVER
        return ALWAYS if _matches(name, self.secrets) else _level(name.strip(".-"))

    def allows(self, name: str) -> bool:
        """Whether the project says that the values are no secrets."""
        return _matches(name, self.not_secrets)


def is_secret(value: str, level: int, name: str = "") -> bool:
    """Whether a value is a secret, given how sure its name is."""
    value = value.strip()[:_MOST]
    if level == NEVER or is_harmless(value) or value.lower() == name.lower():
        return False
    if level == ALWAYS:
        return True
    head = _split(name)[-1:]
    if head == ["cookie"] and "=" in value:
        return True
    if level == IF_MIXED:
        is_number = value.isdigit() and len(value) > 3 and head in _NUMBERS
        is_identifier = _level(name) in (IF_RANDOM, IF_MIXED) and _IDENTIFIER.fullmatch(value)
        return bool(is_number or (_LETTERS_AND_DIGITS.fullmatch(value) and not is_identifier))
    # A digest is the key of a cache or a table.
    return is_random(value) or bool(_HEX.fullmatch(value) and head != ["key"])


def is_harmless(value: str) -> bool:
    """Whether a value is no secret under any name: a switch, a small number, a path."""
    word = value.strip().lower().strip(",;.")
    if not word or word == MASK or word in _PLAIN or _SMALL_NUMBER.fullmatch(word):
        return True
    if not re.search(r"\w", word) or _REFERENCE.match(value):
        return True
    if not re.search(r"\w{3}", _PLACEHOLDER.sub("", value)) and _PLACEHOLDER.search(value):
        return True
    if (
        _TASK_ID.fullmatch(value)
        or _VARIABLE.fullmatch(value)
        or (value.isupper() and "_" in value and _level(value))
    ):
        return True
    is_path = _PATH.fullmatch(value) and not is_random(value)
    return bool(is_path and not re.search(r"[/\\][^/\\]*[!#$%^&*?]", value))


def is_random(value: str) -> bool:
    """Whether a machine drew a text: its letters and digits change too often to be words."""
    if _HEX.fullmatch(value):
        return False
    for match in _LONG.finditer(value):
        part = match.group()
        digits = sum(map(str.isdigit, part))
        if _DIGEST.fullmatch(part):
            continue
        if 1 < digits < len(part) - 2 and len(_SYLLABLE.findall(part)) * 3.1 > len(part):
            return True
    return False


@cache
def _level(name: str) -> int:
    parts = [part for part in name.split(".") if part and not part.isdigit()]
    if not parts:
        return NEVER
    words = _split(parts[-1])
    above = _split(parts[-2]) if len(parts) > 1 else []
    if set(words) <= _ADDITIONS | _ISSUED:  # `api.token`, `password.value`
        words = [*above, *words]
    level = _level_of_words(words)
    if level or not above or set(words) & _DESCRIPTIONS:
        return level
    is_section = parts[-2].lower().endswith("s") and _level_of_words(above) == ALWAYS
    return ALWAYS if is_section else NEVER


def _level_of_words(words: list[str]) -> int:
    services = _SERVICES.intersection(words)
    while len(words) > 1 and (words[-1].isdigit() or words[-1] in _ADDITIONS):
        if words[-1] == "code" and words[-2] in _ACCESS:
            break
        words = words[:-1]
    if not words or _NO_SECRET.intersection(words):
        return NEVER
    head, before = words[-1], set(words[:-1])
    if head == "pass" and before & _PASSES:
        return NEVER
    if head in ("pin", "otp") or (head == "code" and before & _ACCESS):
        return IF_MIXED
    if head in _CHOSEN or _JAPANESE.search(head):
        return ALWAYS
    is_hash = head in ("hash", "salt") and before & _CHOSEN
    return _level_of_issued(words, services) if head in _ISSUED else IF_RANDOM * bool(is_hash)


def _level_of_issued(words: list[str], services: frozenset[str]) -> int:
    if words[-2:-1] and words[-2] in _ACCESS:
        return ALWAYS
    is_access = {*words[:-1], *services} & (_ACCESS | _PERHAPS_ACCESS)
    is_access = is_access or words[-1] == "authorization"
    return IF_MIXED if is_access else IF_RANDOM


def _split(name: str) -> list[str]:
    """The words of a name in small letters, in the singular: `APIKeys` is `api` and `key`."""
    words = list[str]()
    for part in _WORD.findall(name.replace("ñ", "n")):
        word = part.lower()
        is_plural = word[-1] == "s" and word[:-1] in _CHOSEN | _ISSUED | {"code"}
        word = word[:-1] if is_plural else word.rstrip("はが")
        word = str(_IN_ENGLISH.get(word, word))
        joined = _JOINED.fullmatch(word)
        if joined and (joined[2] in ("password", "passphrase") or joined[1] in _ACCESS):
            words += joined.groups()
        else:
            words.append(word)
    for index, pair in reversed(list(enumerate(pairwise(words)))):
        if "".join(pair) in _CHOSEN:  # passWord, pass_phrase
            words[index : index + 2] = ["".join(pair)]
    return words


def _matches(name: str, patterns: Collection[str]) -> bool:
    name = name.lower().strip(".-")
    last = name.rpartition(".")[2]
    return any(
        fnmatch.fnmatchcase(text, pattern.lower()) for pattern in patterns for text in (name, last)
    )
