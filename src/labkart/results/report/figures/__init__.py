"""The figures of a report, a module per kind; `plots` knows which there are. Writes no file."""
