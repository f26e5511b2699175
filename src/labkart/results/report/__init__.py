"""Tables and figures for a thesis, from the records of experiments.

* `config` is the file `reports/<name>.yaml`, `choices` what it may contain, `arguments` what the
  command takes; `report` makes a report's files of them.
* `selection` and `comparability` say which runs a report has and which do not belong together,
  `narrowing` how to leave some out.
* `table` has the numbers: `line` those of a group, `pairs` what is tested, `datasets` and `overall`
  what several data sets say. `statistics`, `paired` and `ranks` know numbers alone.
* `formats`, `supplements`, `method`, `cautions`, `plots` and `rank_diagram` write them; `origin`
  and `staleness` tell where they come from and whether they are current.

Runs no task. Others use `report.report` and `arguments`.
"""
