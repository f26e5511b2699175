"""From records to MLflow, never back."""
