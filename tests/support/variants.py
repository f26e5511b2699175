"""Which cases of a table `make test` runs, and which are left to `make test-all`."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from _pytest.mark import ParameterSet


def variants(cases: Mapping[str, Any] | Iterable[Any], essential: int = 1) -> list[ParameterSet]:
    """The cases as parameters of a test: all but the first, which are essential, are `thorough`.

    The keys of a mapping are the names of the cases. A case of several values is a tuple.
    """
    pairs = cases.items() if isinstance(cases, Mapping) else ((None, case) for case in cases)
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else (case,)),
            id=name,
            marks=[pytest.mark.thorough] if number >= essential else [],
        )
        for number, (name, case) in enumerate(pairs)
    ]
