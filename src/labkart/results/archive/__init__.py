"""One file with all that is behind the tables in `reports/`, to hand in and to deposit.

* `contents` says which files belong to it: reports, records, outputs, data.
* `repository` makes the git bundle, `wheels` the packages.
* `readme` and `crate` describe it, for an examiner and for machines (RO-Crate).
* `archive` writes the file, `verify` checks it and reproduces one of its tables.

Copies and describes; runs no task but through `labkart reproduce`, in `verify`. Others use
`archive.make` and `verify.verify`.
"""
