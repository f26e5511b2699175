"""Figures and pictures of each library become files, and what is none is named."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from PIL import Image

from labkart import LabkartError
from labkart.tasks.figures import figure_drawing, file_name, image_drawing


def written(name: str, drawing: Any, folder: Path) -> Path:
    path = folder / file_name(name, drawing)
    drawing.write(path)
    return path


def test_whatever_is_part_of_a_figure_stands_for_it(tmp_path: Path) -> None:
    figure = Figure()
    axes = figure.subplots(1, 2)
    parts = [figure, axes, axes[0], axes[0].plot([1, 2]), figure.subfigures(1, 1), plt]
    for part in parts:
        assert figure_drawing(part).library == "Matplotlib"
        assert file_name("roc 0.5", figure_drawing(part)) == "roc 0.5.png"
    assert "<svg" in written("roc.svg", figure_drawing(axes[0]), tmp_path).read_text()
    plt.close("all")


def test_japanese_in_a_figure_is_no_boxes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    if not any("CJK" in name for name in font_manager.findSystemFonts()):
        pytest.skip("no CJK font is installed: apt-get install fonts-noto-cjk")
    figure = Figure()
    axes = figure.subplots()
    axes.bar(["林檎", "b"], [1, 2])
    axes.set_xlabel("売上")
    written("sales", figure_drawing(figure), tmp_path)  # a missing letter would be a warning
    for label in (axes.xaxis.label, axes.get_xticklabels()[0]):
        fonts = font_manager.fontManager._find_fonts_by_props(label.get_fontproperties())
        assert any("CJK" in FT2Font(font).family_name for font in fonts)
    assert caplog.records == []
    axes.set_xlabel("\U0003fffd")  # no font has it
    written("sales", figure_drawing(figure), tmp_path)
    assert "figures would show boxes" in caplog.text


def test_a_picture_is_written_in_the_format_of_its_name(tmp_path: Path) -> None:
    drawing = figure_drawing(Image.new("RGB", (3, 2)))
    assert written("a.jpg", drawing, tmp_path).read_bytes().startswith(b"\xff\xd8")
    assert written("a", drawing, tmp_path).read_bytes().startswith(b"\x89PNG")


def test_a_figure_of_plotly_is_html_and_other_formats_need_kaleido(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class BaseFigure:
        def write_html(self, path: Path, **options: object) -> None:
            path.write_text(str(options))

    plotly = ModuleType("plotly.basedatatypes")
    monkeypatch.setitem(sys.modules, "plotly.basedatatypes", plotly)
    plotly.BaseFigure = BaseFigure  # type: ignore[attr-defined]
    drawing = figure_drawing(BaseFigure())
    assert "cdn" in written("loss", drawing, tmp_path).read_text()
    with pytest.raises(LabkartError, match=r"^Plotly writes a \.png file only with .* kaleido"):
        written("loss.png", drawing, tmp_path)


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        (np.array([[0.0, 1.0]]), [[0, 255]]),
        (np.array([[False, True]]), [[0, 255]]),
        (np.array([[7, 255]]), [[7, 255]]),
        (np.full((1, 1, 1), 7, np.uint8), [[7]]),
        (np.full((1, 1, 3), 0.2), [[[51, 51, 51]]]),
        (Image.new("L", (1, 1), 9), [[9]]),
    ],
)
def test_an_array_of_pixels_is_the_picture(pixels: Any, expected: Any, tmp_path: Path) -> None:
    with Image.open(written("a", image_drawing(pixels), tmp_path)) as image:
        assert np.asarray(image).tolist() == expected


@pytest.mark.parametrize(
    ("pixels", "sentence"),
    [
        ([[1, 2]], "the image must be one of PIL, or an array of numbers, got a list."),
        (np.array(["a"]), "the image must be one of PIL, or an array of numbers, got an array."),
        (np.zeros((3, 8, 8)), "got (3, 8, 8)."),
        (np.zeros((0, 8)), "got (0, 8)."),
        (np.full((2, 2), 7.5), "floats from 0 to 1, or integers from 0 to 255, got 7.5 to 7.5."),
        (np.full((2, 2), -1), "got -1 to -1."),
        (np.full((2, 2), np.nan), "got nan to nan."),
    ],
)
def test_what_is_no_picture_is_named(pixels: Any, sentence: str) -> None:
    with pytest.raises(LabkartError) as raised:
        image_drawing(pixels)
    assert str(raised.value).endswith(sentence)


@pytest.mark.parametrize(
    ("thing", "name"), [(3, "an int"), (None, "None"), ([], "a list"), (Figure, "a type")]
)
def test_what_is_no_figure_is_named(thing: Any, name: str) -> None:
    with pytest.raises(LabkartError, match=f"of Matplotlib, Plotly or PIL, got {name}\\.$"):
        figure_drawing(thing)


def test_a_suffix_that_a_library_does_not_write_is_refused() -> None:
    with pytest.raises(LabkartError, match=r"^Matplotlib writes no \.html file\. Choose one of"):
        file_name("roc.html", figure_drawing(Figure()))
