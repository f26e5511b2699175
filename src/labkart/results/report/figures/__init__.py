"""The figures of a report, a module per kind; `style` has the page, labels and lines they share.

`figures` draws those that a report asks for and makes files of them. Writes no file.
"""
