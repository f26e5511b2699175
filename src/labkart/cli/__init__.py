"""The command `labkart`: `main` and one module per verb, each of which parses, calls and prints.

Knows how arguments become calls of the rooms below, and how their answers look on a terminal. The
verbs without a room of their own do their work here: `clean` knows what an output is still needed
for, `update` and `template` know cruft and uv. No other room uses this one.

Every verb's module has `main(argv)`, which returns the exit code.

Half of its lines are three verbs and one shortcut: `update` (with `template` and `rendering`),
`clean` and `search`, and `answers`, which gives the last answer again before anything is imported.
"""
