"""What code and which packages a task class depends on.

Knows the project's modules, what a name in one of them refers to, and what this process imported.
Does not know tasks' ids, records or MLflow.

Others use `fingerprint` (the fingerprint of a class), `snapshot` (when an id is made again) and
`imports` (the audit hook: which code ran, which files are opened).
"""
