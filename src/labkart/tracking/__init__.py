"""From records to MLflow, never back.

Knows the store that runs go to, and how a record becomes a run: its metrics, parameters, files and
page. Decides nothing about tasks; whatever is here can be made again from the records.

- Which store, which run (without MLflow, which is slow to import): `store`, `links`.
- When: `publisher`, a process that writes while tasks run, does what `follower` says, and `live`
  shows what runs; `writer` opens the store and writes all of it now.
- What: `publish` an experiment and `studies` a search, of `entities`, `artifacts`, `pipeline_svg`
  and `models`.
- The page that a person opens: `ui`, `view`.

So a metric goes from `tasks.logging` to a file of `records.live_metrics`, from there by `live` to
MLflow while its task runs, and by `publish` at the end, in the form that `entities` gives it.
Others may use `publisher`, `links`, `store`, `writer`, `ui` and `direct`.

What tasks tell MLflow themselves goes the other way first: see `direct`. A fifth of the lines is
that, a fifth the page with its drawing, and much of the rest is there so that no fault of a server
or a kill loses or doubles a run.
"""
