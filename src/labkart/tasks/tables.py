"""What makes a data frame, and the data frame as CSV without secrets. Knows no task."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkart.language import mistake
from labkart.secrets import redact
from labkart.wording import describe_type

if TYPE_CHECKING:
    import pandas as pd


def data_frame(table: Any) -> "pd.DataFrame":
    """A table of pandas, polars, NumPy or plain Python as a data frame.

    Raises:
        LabkartError: it cannot be one.
    """
    import pandas as pd

    if hasattr(table, "to_pandas"):  # of polars, PyArrow
        table = table.to_pandas()
    elif hasattr(table, "__array__") and not isinstance(table, pd.DataFrame | pd.Series):
        table = table.__array__()
    if isinstance(table, Mapping) and not any(map(_is_column, table.values())):
        table = [table]
    reason = ""
    try:
        if table is not None:
            return table if isinstance(table, pd.DataFrame) else pd.DataFrame(table)
    except (TypeError, ValueError) as error:
        is_close = isinstance(table, Mapping | list | tuple) or hasattr(table, "shape")
        reason = f": {error}" if is_close else ""
    raise mistake(
        "the table must be a data frame, or make one"
        " (a Series, a dict, a list of dicts, an array), got {value}.",
        value=f"{describe_type(table)}{reason.rstrip('.')}",
    )


def write_csv(frame: "pd.DataFrame", path: Path) -> None:
    """Write a data frame without secrets; an index that is more than row numbers is kept."""
    redacted = redact.redact_table(frame)
    has_index = type(frame.index).__name__ != "RangeIndex"
    if has_index:
        redacted.index = _redacted_index(frame.index)
    redacted.to_csv(path, index=has_index)


def _is_column(value: Any) -> bool:
    return hasattr(value, "__len__") and not isinstance(value, str | bytes)


def _redacted_index(index: "pd.Index") -> "pd.Index":
    import pandas as pd

    levels = redact.redact_table(index.to_frame(index=False))
    if index.nlevels > 1:
        return pd.MultiIndex.from_frame(levels, names=index.names)
    return pd.Index(levels.iloc[:, 0]).rename(index.name)
