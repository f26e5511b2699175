"""A graph on plain gokart: `python graph.py flat 500`."""

import sys

import gokart
from graphs.tasks import GRAPHS

print(gokart.build(GRAPHS[sys.argv[1]](n=int(sys.argv[2]))))
