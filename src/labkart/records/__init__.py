"""What runs leave behind in `outputs/records/`: the truth that everything else is made from.

Knows the records as dataclasses and JSON files, how to find, group and compare them, where a result
came from and which process works on what. Does not know how a task runs, and no MLflow.

Other rooms use all of its modules:

- One record: `record` (of a task, of an experiment), `sweep`, `study` and `verdict` (the other
  kinds), `record_file` (how all of them are written), `portable_record` (as it lies beside a
  table), `states` and `names` (what their parts are called), `values`, `diff`, `last_used`.
- Many experiments: `query` and `condition` (those that a person means), `summaries` (read
  quickly), `seeds` and `direction` (grouped and ranked).
- What lies beside a task's record: `task_log`, `live_metrics`, `machine_use`, `mlflow_log` (what
  it told MLflow); beside an experiment's: `provenance` (git, packages, machine, variables), `texts`
  (stored once), `job_log`.
- Processes: `file_lock`, `locks` (who works on what), `leftovers` (of killed ones), `unpublished`
  (what MLflow lacks).

Texts and values come to it through `labkart.secrets`.

A quarter of its lines is the text beside the numbers: logs, what tasks tell MLflow, differences of
code. Queries, conditions, directions and seeds are here because sweeps need them, not only reports.
"""
