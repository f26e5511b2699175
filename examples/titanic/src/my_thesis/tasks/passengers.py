"""Stage 1: the passengers."""

import pandas as pd
from labkart import DataFile, Task


class ReadPassengers(Task[pd.DataFrame]):
    """Read a list of passengers, one per row."""

    file: DataFile = DataFile()

    def run(self) -> None:
        table = pd.read_csv(self.file)
        self.log_metric("passengers", len(table))
        self.dump(table)
