"""Tables and figures for a thesis, from the records of experiments.

* `config` is the file `reports/<name>.yaml`; `report` makes a report's files of it.
* `selection` and `comparability` say which runs a report has and which do not belong together.
* `table` has the numbers, with `statistics`.
* `formats`, `method` and `plots` write them; `origin` and `staleness` tell where they come from and
  whether they are current.

Runs no task. Others use `report.report`, `report.ReportOptions` and `report.parser`.
"""
