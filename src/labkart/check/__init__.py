"""`labkart check`: the rules of a project, one small class each, and how findings are printed.

Knows what must hold in a project and what to do where it does not. Changes no file but
`data/raw.sha256`, and runs no task. Rules on tasks and on the pipeline import the student's code.

For others: `report.show(argv)` is the verb, `report.check(options)` with `report.parser()` its two
halves; `rules.RULES` lists the rules, and `report.find_problems` applies some of them to a `Tree`.
"""
