"""What a person asks after the runs: lists, comparisons, reports, reproductions, archives.

Knows how recorded experiments relate to each other and to today's code. Reads records; only
`reproduce` runs anything, in a checkout of its own, and only `report` and `copies` write into the
project. How an answer looks on a terminal is in `cli`, but for `report` and `reproduce`.

Others may use `notebook.runs` and `notebook.load` (as `labkart.runs`, `labkart.load`), the
functions of `runs`, `compare`, `log`, `pipeline`, `outputs` and `copies`, and the entries of
`report`, `reproduce` and `archive`.

Half of its lines are `report`: the statistics of a table, which of them may be claimed, and its
forms for LaTeX, Markdown and the terminal. A third is a result once more: `reproduce`, `archive`.
"""
