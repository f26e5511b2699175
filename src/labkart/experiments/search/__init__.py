"""Searches: Optuna's trials as experiments."""
