"""Graphs of trivial tasks: what they cost is what the machinery costs."""
