"""What runs leave behind in `outputs/records/`: the truth that everything else is made from.

Knows the records as dataclasses and JSON files, how to find, group and compare them, where a result
came from, which process works on what, and what must not be in a record. Does not know how a task
runs, and no MLflow.

Other rooms use: `record` (one task, one experiment), `sweep`, `study` and `verdict` (the other
kinds of records), `summaries`, `query` and `seeds` (many experiments), `diff`, `last_used`,
`live_metrics`, `provenance` (git, packages, machine), `locks` and `leftovers` (killed processes),
`redact` and `secrets`.
"""
