"""The task that students inherit from, and what it needs: the layer above fingerprint and tracking.

Knows one task: its parameters and how `make` checks them, its id, its data files, its run, what it
logs and what it costs. Knows nothing of experiments, sweeps and searches, prints nothing.

Public are `task.Task`, `make.make`, `data_files.DataFile` and `DataFolder`. The rooms above also
use the functions of `task_id`, the texts of `params`, `context.context` (what the tasks of this
process belong to), and what `config_source` and `config_values` know of a configuration. Only
`experiments` uses what runs a task in another process: `capture`, `debugger`, `handover`,
`pruning`, `resources`. `lfs`, `fonts` and `file_formats` know no task, and serve others too.

A third of its lines watches a run from outside: what it prints, reads, writes and uses. Another
part, a quarter, reads and writes values: parameters, file formats, figures and tables.
"""
