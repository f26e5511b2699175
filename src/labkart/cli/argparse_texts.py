"""The texts of argparse itself, such as "usage:", in the project's language."""

from labkart import _compat
from labkart.language import bilingual, local

_TEXTS = {
    str(text): text
    for text in (
        bilingual("usage: "),
        bilingual("positional arguments"),
        bilingual("options"),
        bilingual("show this help message and exit"),
        bilingual("%(prog)s: error: %(message)s\n"),
        bilingual("argument %(argument_name)s: %(message)s"),
        bilingual("the following arguments are required: %s"),
        bilingual("not allowed with argument %s"),
        bilingual("expected one argument"),
        bilingual("expected at least one argument"),
        bilingual("expected %s argument"),
        bilingual("expected %s arguments"),
        bilingual("ignored explicit argument %r"),
        bilingual("invalid %(type)s value: %(value)r"),
        bilingual("invalid choice: %(value)r (choose from %(choices)s)"),
    )
}


def translate_argparse() -> None:
    """Let argparse speak the project's language; what is not above stays English."""
    _compat.translate_argparse(lambda text: local(_TEXTS.get(text, text)))
