"""Which files of installed packages are data."""

import hashlib
from pathlib import Path

import pytest

from labkart.tasks.file_access import LibraryData


@pytest.mark.parametrize(
    ("path", "is_data"),
    [
        ("sklearn/datasets/data/iris.csv", True),
        ("sklearn/datasets/data/digits.csv.gz", True),
        ("sklearn/datasets/images/china.jpg", True),
        ("matplotlib/mpl-data/sample_data/goog.npz", True),
        ("statsmodels/datasets/sunspots/sunspots.csv", True),
        ("vega_datasets/_data/cars.json", True),
        ("sklearn/datasets/descr/iris.rst", False),
        ("sklearn/datasets/_base.py", False),
        ("matplotlib/mpl-data/matplotlibrc", False),
        ("matplotlib/mpl-data/fonts/ttf/DejaVuSans.ttf", False),
        ("plotly/package_data/templates/plotly.json", False),
        ("certifi/cacert.pem", False),
        ("dateutil/zoneinfo/dateutil-zoneinfo.tar.gz", False),
        ("pandas-2.3.3.dist-info/entry_points.txt", False),
    ],
)
def test_tables_are_data_and_so_is_what_a_folder_of_data_has(
    tmp_path: Path, path: str, is_data: bool
) -> None:
    file = tmp_path / "lib/python3.11/site-packages" / path
    file.parent.mkdir(parents=True)
    file.write_bytes(b"content")
    data = LibraryData()
    data.add(str(file))
    data.add(str(file))
    data.add(str(tmp_path / path))  # which is no package's
    expected = {path: hashlib.sha256(b"content").hexdigest()} if is_data else {}
    assert data.digests() == expected
