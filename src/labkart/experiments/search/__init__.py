"""Searches: Optuna's trials as experiments.

Knows Optuna: which values to try next, when to prune, which trials are best. Knows nothing of how
an experiment runs. Others may use `search.search`.
"""
