"""Fonts that have the letters of a figure, such as kanji."""

from collections.abc import Iterable
from contextlib import suppress

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

from labkart.language import mistake

_OWN = "DejaVu Sans"  # Matplotlib's


def fonts_for(texts: Iterable[str]) -> list[str]:
    """Matplotlib's own font, and another one for letters that it does not have.

    Raises:
        LabkartError: no font of this machine has them.
    """
    missing = set("".join(texts)) - _letters(font_manager.findfont(_OWN)) - set("\n\t")
    if not missing:
        return [_OWN]
    _add_new_fonts()
    fonts = [
        font
        for font in font_manager.fontManager.ttflist
        if (font.weight, font.style) == (400, "normal")
    ]
    fonts.sort(
        key=lambda font: ("Sans" not in font.name, "Mono" in font.name, "JP" not in font.name)
    )
    for font in fonts:
        if missing <= _letters(font.fname):
            return [_OWN, font.name]
    raise mistake(
        'No font on this machine has "{letters}": figures would show boxes. Install one, for'
        " example fonts-noto-cjk, or write it in other letters (in a report by labels).",
        letters="".join(sorted(missing))[:10],
    )


def _letters(font: str) -> set[str]:
    """The letters of a font; LastResort, which shows boxes for all letters, has none."""
    face = FT2Font(font)
    is_last_resort = "LastResort" in face.family_name.replace(" ", "")
    return set() if is_last_resort else set(map(chr, face.get_charmap()))


def _add_new_fonts() -> None:
    """Add the fonts that were installed since Matplotlib looked for fonts, which it does once."""
    known = {font.fname for font in font_manager.fontManager.ttflist}
    for file in set(font_manager.findSystemFonts()) - known:
        with suppress(RuntimeError, OSError):  # not a font
            font_manager.fontManager.addfont(file)
