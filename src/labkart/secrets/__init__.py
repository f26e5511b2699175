"""What is a secret, in texts and in what has a name, and how it is masked.

Knows passwords, keys and tokens by names (`names`), in a text by a name (`places`) beside a value
(`named_values`) or above it (`sections`), by form (`tokens`) and by what stands around them
(`masking`). Knows no record and no task.

Other rooms use `redact` and `configuration` for all that a run leaves, `masking` to look for
secrets in files, and `digests`, which tell whether two masked values are the same.

Most of its lines are the words and forms of secrets and of what only looks like one, as the
tables of `tests/secrets` ask.
"""
