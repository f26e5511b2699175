"""Tables and figures for a thesis, from the records of experiments."""
