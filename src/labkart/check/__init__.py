"""`labkart check`: the rules of a project, one small class each, and how findings are printed.

Knows what must hold in a project and what to do where it does not. Changes no file but
`data/raw.sha256`, and runs no task. Rules on tasks and on the pipeline import the student's code.
About 160 lines of it are texts that users read.

For others: `report.check(options)` is the verb, `report.find_problems` applies rules to a `Tree`,
and `rules.RULES` lists them.
"""
