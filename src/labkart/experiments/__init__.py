"""From `conf/` to finished experiments: the configuration, the plan, the build, the record.

Knows Hydra, luigi's build and SLURM, and what identifies an experiment. Compares no results and
prints no tables: results go to a `run_output.RunOutput`.

Public is `composer.compose`. The verbs use `run`, `plan`, `status`, `accept`, `repetition`,
`progress` and `search.search`; so do `results` and `replay` with `composer`, `plan`, `status` and
`run`. The rules of `check` read `conf/` by `composer`, `combinations`, `sweep_file`, `yaml_errors`
and `search.space`, and the pipeline by `pipeline.call_pipeline`.

A fifth of its lines is what lets many experiments share a machine or a cluster: the processes of
tasks, allocations of what is scarce, SLURM and Dask. A third is what a person may write wrong
or differently: sweeps, searches, overrides, files of `conf/`, and what to say about each.
"""
