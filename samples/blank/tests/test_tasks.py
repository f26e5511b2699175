"""How to test a task: build it with small parameters, look at its output."""

import gokart

from {{cookiecutter.__package}}.tasks.walk import Walk


def test_a_walk_moves_by_one_in_each_step() -> None:
    walk = gokart.build(Walk(steps=10, seed=0))
    assert len(walk) == 10
    assert (walk["place"].diff().dropna().abs() == 1).all()
