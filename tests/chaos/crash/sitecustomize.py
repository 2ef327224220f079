"""Imported by each process that is started with this folder in its PYTHONPATH."""

from tests.chaos.crash import points

points.lay()
