"""The figures of a report, a module per kind, with the page, labels and fonts that they share.

Knows a report's numbers and draws them; `plots` knows which figures there are. Writes no file.
"""
