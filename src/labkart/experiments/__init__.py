"""From `conf/` to finished experiments: the configuration, the plan, the build, the record.

Knows Hydra, luigi's build and SLURM, and what identifies an experiment. Compares no results and
prints no tables: results go to a `run_output.RunOutput`.

Others may use `composer.compose_overrides` and `composer.Composer`, `pipeline.call_pipeline`,
`plan.plan`, `status.statuses`, `run.run`, `run.plan_all` and `run.run_on_node`,
`accept.accept_changes`, `override_syntax.write_value`, `sweep_file.read_grids`, `sweep.expand`,
`session.session`, and `search.search.search`.

A fifth of its lines is what lets many experiments share a machine or a cluster: the processes of
tasks, allocations of what is scarce, SLURM and Dask. A third is what a person may write wrong
or differently: sweeps, searches, overrides, files of `conf/`, and what to say about each.
"""
