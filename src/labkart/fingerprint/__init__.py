"""What code and which packages a task class depends on.

The rule, as `labkart docs cache` tells it to students:

- What a module defines (functions, classes, constants) counts for the tasks that reach it by name,
  compared as Python writes it: comments, docstrings and formatting do not count.
- Anything else that happens when modules are imported (a call that does something, setting
  something elsewhere) counts for every task, with what it uses. A registered definition counts for
  the tasks that read the register, and so does a loop that fills a table.
- Where code runs from text or is found by a computed name, all code of the project counts.

So the unit is the statement at the top of a file (`statements`, `names`). `modules` knows what a
name refers to (`finder` where Python finds its module), `effects`, `classes` and `moving` whether a
statement only defines, `reach` what counts for a class and in which order, `code` its digests.
`live` compares these with what this process runs. The ways to be wrong: `harmless` lists what other
packages are known to do. Nothing is kept between processes: `cli.answers` gives whole answers
again.

Others use `fingerprint` (the fingerprint of a class), `snapshot` (when an id is made again) and
`imports` (which code ran). Knows no tasks' ids, no records, and nothing of MLflow.

Its size is that of the rule: each clause stands for edits in the tests of `tests/fingerprint`
that would otherwise give a stale result or throw away a good one.
"""
