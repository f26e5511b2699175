"""What a person asks after the runs: lists, comparisons, the pipeline as a picture, notebooks, reports, reproductions."""
