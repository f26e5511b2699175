"""The task that students inherit from, and what it needs: the layer above fingerprint and tracking.

Knows one task: its parameters and how `make` checks them, its id, its data files, its run, what it
logs and what it costs. Knows nothing of experiments, sweeps and searches, prints nothing.

Others may use `task.Task`, `make.make`, `data_files.DataFile` and `DataFolder` (students' too), the
functions of `task_id`, `config_source.ConfigSource`, `context.context` (what the tasks of this
process belong to) and `pruning.prune_with`.

A third of its lines watches a run from outside: what it prints, reads, writes and uses. Another
part, a quarter, reads and writes values: parameters, file formats, figures and tables.
"""
