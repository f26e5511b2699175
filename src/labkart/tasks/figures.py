"""Figures and pictures of any library as files. Knows no task.

None of the libraries is imported for it: what a task made was made by a library that is there.
"""

import logging
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from labkart.errors import LabkartError
from labkart.language import mistake
from labkart.wording import describe_type

_DRAWN = (".png", ".svg", ".pdf", ".jpg", ".jpeg", ".webp")
_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")
_PLOTLY = (".html", ".png", ".svg", ".pdf", ".jpg", ".jpeg", ".webp")
_ALL = {*_DRAWN, *_PICTURES, *_PLOTLY}


_logger = logging.getLogger(__name__)


class Drawing(NamedTuple):
    """What can be written to a file.

    Attributes:
        library: whose it is.
        suffixes: of the files that it can be written to, the usual one first.
        write: writes a file, whose name ends in one of them.
    """

    library: str
    suffixes: tuple[str, ...]
    write: Callable[[Path], object]


def figure_drawing(figure: Any) -> Drawing:
    """A figure of Matplotlib (or what is part of one), Plotly or PIL.

    Raises:
        LabkartError: it is none.
    """
    if drawn := _matplotlib_figure(figure):
        return Drawing("Matplotlib", _DRAWN, lambda path: _write_matplotlib(drawn, path))
    if _is_a(figure, "plotly.basedatatypes", "BaseFigure"):
        return Drawing("Plotly", _PLOTLY, lambda path: _write_plotly(figure, path))
    if _is_a(figure, "PIL.Image", "Image"):
        return Drawing("PIL", _PICTURES, figure.save)
    raise mistake(
        "the figure must be one of Matplotlib, Plotly or PIL, got {type}.",
        type=describe_type(figure),
    )


def image_drawing(image: Any) -> Drawing:
    """A picture of PIL, or an array of one.

    Raises:
        LabkartError: it is none.
    """
    if not _is_a(image, "PIL.Image", "Image"):
        image = _picture(image)
    return Drawing("PIL", _PICTURES, image.save)


def file_name(name: str, drawing: Drawing) -> str:
    """The name of the file for a drawing: without one of its suffixes it gets the usual one.

    Raises:
        LabkartError: the suffix is one of other figures.
    """
    suffix = Path(name).suffix.lower()
    if suffix in drawing.suffixes:
        return name
    if suffix in _ALL:
        raise mistake(
            "{library} writes no {suffix} file. Choose one of {suffixes}.",
            library=drawing.library,
            suffix=suffix,
            suffixes=", ".join(drawing.suffixes),
        )
    return name + drawing.suffixes[0]


def _matplotlib_figure(thing: Any) -> Any:
    """The figure that a thing is, or is part of: an Axes, a line, several of these, or pyplot."""
    while isinstance(thing, list | tuple) or type(thing).__name__ == "ndarray":
        if not len(thing):
            return None
        thing = thing[0]
    if thing is sys.modules.get("matplotlib.pyplot", sys):
        return thing.gcf()
    # Of scikit-learn's displays and of seaborn's grids, too.
    for name in ("figure_", "figure"):
        thing = getattr(thing, name, thing)
    if _is_a(thing, "matplotlib.figure", "FigureBase"):
        return thing.get_figure(root=True)
    return None


def _is_a(thing: Any, module: str, name: str) -> bool:
    kind = getattr(sys.modules.get(module), name, None)
    return kind is not None and isinstance(thing, kind)


def _write_matplotlib(figure: Any, path: Path) -> None:
    """Write a figure, with the letters that its own fonts do not have from another font."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        for axis in figure.findobj(lambda part: hasattr(part, "get_ticklabels")):
            # It makes them; to draw the figure for it would take as long as to write it.
            for is_minor in (False, True):
                axis.get_ticklabels(minor=is_minor)
        texts = figure.findobj(lambda part: hasattr(part, "set_fontfamily"))
        # Matplotlib's own font has the sign of negative numbers.
        if not all(text.get_text().replace("\N{MINUS SIGN}", "").isascii() for text in texts):
            _add_fonts(texts)
        figure.savefig(path, bbox_inches="tight")


def _add_fonts(texts: Sequence[Any]) -> None:
    from labkart.tasks.fonts import fonts_for  # it imports Matplotlib

    try:
        fonts = fonts_for(text.get_text() for text in texts)
    except LabkartError as error:
        _logger.warning("%s", error)
        return
    for text in texts:
        text.set_fontfamily([*text.get_fontfamily(), *fonts])


def _write_plotly(figure: Any, path: Path) -> None:
    if path.suffix == ".html":
        # As MLflow does: with the library in it, each file would have 5 MB.
        figure.write_html(path, include_plotlyjs="cdn")
        return
    if not find_spec("kaleido"):
        raise mistake(
            "Plotly writes a {suffix} file only with the package kaleido."
            " Add it (uv add kaleido), or choose .html.",
            suffix=path.suffix,
        )
    figure.write_image(path)


def _picture(image: Any) -> Any:
    """An array as a picture of PIL."""
    import numpy as np
    from PIL import Image

    pixels = np.asarray(image) if hasattr(image, "__array__") else None
    if pixels is None or pixels.dtype.kind not in "biuf":
        raise mistake(
            "the image must be one of PIL, or an array of numbers, got {type}.",
            type=describe_type(image),
        )
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    is_grey, is_colour = pixels.ndim == 2, pixels.ndim == 3 and pixels.shape[2] in (3, 4)
    if not (is_grey or is_colour) or not pixels.size:
        raise mistake(
            "the array must have the shape height x width, or height x width x 3 (or 4),"
            " got {shape}.",
            shape=pixels.shape,
        )
    most = 1 if pixels.dtype.kind in "bf" else 255
    low, high = pixels.min(), pixels.max()
    if not (low >= 0 and high <= most):
        raise mistake(
            "the array must have floats from 0 to 1, or integers from 0 to 255,"
            " got {low:g} to {high:g}.",
            low=low,
            high=high,
        )
    if most == 1:
        pixels = np.round(pixels * 255.0)
    return Image.fromarray(pixels.astype(np.uint8))
