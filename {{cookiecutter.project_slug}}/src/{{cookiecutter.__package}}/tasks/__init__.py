"""The tasks of the pipeline, one module per stage."""
