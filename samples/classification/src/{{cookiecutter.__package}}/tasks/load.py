"""Stage 1: from raw data to one table."""

import pandas as pd
from labkart import Task
from luigi import StrParameter
from sklearn import datasets

SOURCES = {
    "breast_cancer": datasets.load_breast_cancer,
    "digits": datasets.load_digits,
    "wine": datasets.load_wine,
}


class LoadTable(Task[pd.DataFrame]):
    """Load a data set of scikit-learn: numeric features, and the class names in `target`."""

    name: StrParameter = StrParameter()

    def run(self) -> None:
        bunch = SOURCES[self.name](as_frame=True)
        names = [str(name) for name in bunch.target_names]
        table = bunch.data.assign(target=[names[code] for code in bunch.target])
        self.log_metric("rows", len(table))
        self.dump(table)
