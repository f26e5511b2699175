"""From records to MLflow, never back.

Knows the store that runs go to, and how a record becomes a run: its metrics, parameters, files and
page. Decides nothing about tasks; whatever is here can be made again from the records.

Others use `store` (which store, which run; without MLflow, which is slow to import), `publisher` (a
process that writes while tasks run), `writer` (write now), `pipeline_svg` (the drawing) and `ui`.

What tasks tell MLflow themselves goes the other way first: see `direct`.

A fifth of its lines is `direct`, a fifth the page that a person opens (its drawing, view and
columns), and the rest is there so that no fault of a server or a kill loses or doubles a run.
"""
