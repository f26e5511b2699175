"""A graph on plain gokart: `python graph.py flat 500`; with workers: `python graph.py fan 8 4`."""

import sys

import gokart
from graphs.tasks import GRAPHS

shape, n, *workers = sys.argv[1:]
print(gokart.build(GRAPHS[shape](n=int(n)), workers=int(*workers or ["1"])))
