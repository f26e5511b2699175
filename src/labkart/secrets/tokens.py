"""Finds tokens and private keys in texts by their form alone: `ghp_...`, `AKIA...`, a JWT.

The forms are those of detect-secrets and a few more. Knows no names.
"""

import logging
import re
import warnings
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache
from typing import Any

from labkart.secrets.names import is_random

Span = tuple[int, int]

# Tokens of services that research code talks to, and whose form detect-secrets does not know.
_MORE_TOKENS = re.compile(
    r"\b(?:hf_[A-Za-z0-9]{30,}|github_pat_\w{22,}|sk-(?:ant|proj|or|svcacct)-[\w-]{20,}"
    r"|sk-[A-Za-z0-9]{32,}|AIza[\w-]{35}|ya29\.[\w-]{20,}|GOCSPX-[\w-]{20,}|AKCp[A-Za-z0-9]{60,}|npm_[A-Za-z0-9]{36}"
    r"|(?:gsk|r8|xai|nvapi|pplx|dckr_pat|dop_v1|lin_api|figd|ntn|glsa|shpat|whsec)[_-][\w-]{24,}"
    r"|hvs\.[\w-]{24,}|ATATT3[\w=-]{20,}|xapp-[\w-]{20,}|dapi[0-9a-f]{32}|\d{8,10}:AA[\w-]{33}"
    r"|discord(?:app)?\.com/api/webhooks/\d+/[\w-]{60,})"
)
_LONG_RUN = re.compile(
    r"(?<![\w+/=.:~-])[\w+/=.:~-]{20,}", re.ASCII
)  # the shortest token that a service has
_REST_OF_TOKEN = re.compile(r"(?:[\w+/=-]|\.(?=\w))*")
_NUCLEOTIDES = re.compile(r"[ACGTUN]+")

# Up to the end of a private key; if that is missing, the lines that look like it.
_KEY = re.compile(
    r"[^\v]{0,20000}?(?=-----END|Private-MAC)|.*(?:\n[-+ ]?[ \t]*[\"']?[A-Za-z0-9+/=]{16,}.*)*"
)
_LINE_OF_KEY = re.compile(r"[A-Za-z0-9/=][^\n\r]*")


def tokens(text: str) -> Iterator[Span]:
    """The secrets that are known by their form."""
    places: dict[str, list[int]] = {}
    for run in _LONG_RUN.finditer(text):
        places.setdefault(run.group(), []).append(run.start())
    runs = list(places)
    starts = list[int]()
    length = 0
    for run in runs:
        starts.append(length)
        length += len(run) + 1
    joined = "\n".join(runs)
    for pattern in _patterns() if runs else ():
        for match in pattern.finditer(joined):
            index = bisect_right(starts, match.start()) - 1
            for start, end in _token(match):
                for place in places[runs[index]]:
                    yield place + start - starts[index], place + end - starts[index]


def _token(match: re.Match[str]) -> Iterator[Span]:
    """All of a token: the signature of a JWT too, and a key that is longer than they used to be."""
    start, end = match.span()
    around = match.string[start - 1 : start] + match.string[end : end + 1]
    # DNA and proteins contain AWS's ACCA... and AKIA..., too.
    is_sequence = re.search("[A-Z0-9]", around) or _NUCLEOTIDES.fullmatch(match.group())
    is_data = "AKIA" in match.re.pattern and is_sequence
    is_path = match.re.pattern.startswith("[MNO]") and not is_random(match.group())
    if not (is_data or is_path):
        rest = _REST_OF_TOKEN.match(match.string, end)
        yield start, rest.end() if rest else end


def private_keys(text: str) -> Iterator[Span]:
    """The lines of private keys, without what a diff or an indent puts before them."""
    if "BEGIN " not in text and "PuTTY" not in text:
        return
    for pattern in _plugins()["PrivateKeyDetector"].denylist:
        for match in pattern.finditer(text):
            if body := _KEY.match(text, match.end()):
                lines = _LINE_OF_KEY.finditer(text, match.end(), body.end())
                yield from (line.span() for line in lines)


@cache
def _patterns() -> list[re.Pattern[str]]:
    """The forms of tokens that the plugins of detect-secrets know, and ours.

    Left out are those that need a name, which names find; that look at entropy or at IP addresses,
    as commits and data have entropy and an address opens nothing; and Artifactory's, which match
    words. Its own scanner is not used: it has global settings, reads a line some thirty times, and
    says what it found but not where.
    """
    plugins = _plugins()
    from detect_secrets.plugins.base import RegexBasedDetector

    left_out = ("PrivateKey", "IPPublic", "Artifactory", "BasicAuth", "AzureStorageKey")
    detectors: list[Any] = [
        plugin
        for name, plugin in plugins.items()
        if issubclass(plugin, RegexBasedDetector) and name.removesuffix("Detector") not in left_out
    ]
    patterns = [pattern for detector in detectors for pattern in detector.denylist]
    needs_name = RegexBasedDetector.build_assignment_regex("", "", "").pattern[:10]
    forms = [pattern for pattern in patterns if not pattern.pattern.startswith(needs_name)]
    return [*forms, _MORE_TOKENS]


@cache
def _plugins() -> dict[str, Any]:
    """The plugins of detect-secrets by their names. Its first import here leaves no trace."""
    show = warnings.showwarning
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class

    if warnings.showwarning is not show:
        logging.captureWarnings(False)  # its import sends all warnings of the process to the log
    return {plugin.__name__: plugin for plugin in get_mapping_from_secret_type_to_class().values()}
