"""Runs an experiment again from its record alone, in a checkout and an environment of its own.

* `reproduce` has the steps and gives the verdict.
* `checkout`, `data`, `environment` and `overrides` each restore one part of the record.
* `rerun` starts the run there, `agreement` compares its records with the recorded ones.

Knows no part of the recorded version's library but `python -m labkart.replay`. Others use
`reproduce.find_experiments`, `reproduce.missing_parts` and `reproduce.reproduce_all`.
"""
