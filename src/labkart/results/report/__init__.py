"""Tables and figures for a thesis, from the records of experiments.

* `config` is the file `reports/<name>.yaml`, `settings` what one of its settings may be,
  `arguments` what the command takes; `report` makes a report's files of them.
* `selection` and `comparability` say which runs a report has, and which do not belong together.
* `table` has the numbers: `line` those of a group, `items` what is paired, `datasets`
  and `ranks` what several data sets say. `statistics` and `paired` know numbers alone.
* `layouts` puts them into cells, which `formats` and `latex` write, with what `method` and
  `cautions` say; `figures` draws them, `numbers` has them for the text, and
  `table_numbers` for programs.
* `origin`, `provenance` and `staleness` tell where files come from and whether they are current.

Runs no task. Others use `report.report` and `arguments`.
"""
