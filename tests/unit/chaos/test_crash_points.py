"""Where fault tests let a process die is still there: a name that is gone would let it live."""

import inspect

import pytest

from tests.chaos.crash.points import ALL, Point


@pytest.mark.parametrize("point", ALL, ids=lambda point: point.method)
def test_a_crash_point_is_an_asynchronous_method(point: Point) -> None:
    assert inspect.iscoroutinefunction(getattr(point.owner, point.name))
