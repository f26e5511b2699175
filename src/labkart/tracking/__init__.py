"""From records to MLflow, never back.

Knows the store that runs go to, and how a record becomes a run: its metrics, parameters, files and
page. Decides nothing about tasks; whatever is here can be made again from the records.

- Which store, which run (without MLflow, which is slow to import): `store`, `links`.
- When: `publisher`, a process beside the tasks that does what `follower` says; `sync`, all of it
  now. Both open the store by `connection`.
- What: `experiment_run` and `study_run`, a run from its record, made of `entities`, `artifacts`,
  `pipeline_svg` and `models`.
- The page that a person opens: `ui`, `view`.

So a metric goes from `tasks.logging` to a file of `records.live_metrics`, from there by `follower`
to MLflow while its task runs, and by `experiment_run` at the end, in the form that `entities` gives
it. Others may use `publisher`, `links`, `store`, `connection`, `sync`, `ui` and `direct`.

What tasks tell MLflow themselves goes the other way first: see `direct`. A fifth of the lines is
that, a fifth the page with its drawing, and much of the rest is there so that no fault of a server
or a kill loses or doubles a run.
"""
