"""What runs leave behind in `outputs/records/`: the truth that everything else is made from.

Knows the records as dataclasses and JSON files, how to find, group and compare them, where a result
came from and which process works on what. Does not know how a task runs, and no MLflow.

Other rooms use: `record` (one task, one experiment), `sweep`, `study` and `verdict` (the other
kinds of records), `record_file` (how all of them are written), `summaries`, `query` and `seeds`
(many experiments), `diff`, `last_used`, `live_metrics`, `task_log` and `machine_use` (what a task
prints and takes), `mlflow_log` (what it tells MLflow), `texts` (stored once), `provenance` (git,
packages, machine, variables), `locks`, `leftovers` (killed processes) and `unpublished` (what
MLflow lacks). Texts and values come to it through `labkart.secrets`.

A quarter of its lines is the text beside the numbers: logs, what tasks tell MLflow, differences of
code. Queries, conditions, directions and seeds are here because sweeps need them, not only reports.
"""
