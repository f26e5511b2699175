"""What tasks tell MLflow directly, by MLflow's own functions: into the record, and out of it.

`plugin` leads those functions to a store of the task's own (`task_store`), `reader` makes a log of
it when the task ends, and `runs` writes that log into any store, for `experiment_run`.
"""
