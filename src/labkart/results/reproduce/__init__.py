"""Runs an experiment again from its record alone, in a checkout and an environment of its own.

* `reproduce` has the steps and gives the verdict, also why a run may differ although nothing
  recorded does; `missing` says what the steps would lack.
* `tables` finds the runs behind a table, and compares the numbers that follow from new ones.
* `checkout`, `data`, `environment` and `overrides` each restore one part of the record.
* `rerun` starts the run there, `agreement` compares its records with the recorded ones.

Knows no part of the recorded version's library but `python -m labkart.replay`. Others use
`reproduce.reproduce_experiment`, `reproduce.reproduce_table`, `missing.missing_parts` and
`tables.find_table`.

Most of its lines are there because a year later something is always missing or different: a commit,
data, a version of Python, a package's folder, a secret. Each is restored, or named in a sentence.
"""
