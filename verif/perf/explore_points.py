"""Points of explorations of the smallest engine, for tests."""

from perf.explore.design import design_of
from perf.explore.point import Point

__all__ = ["SMALL", "point"]

SMALL = {"rows": 2, "cols": 2}


def point(name="32x32x32", mix="MX6", family="ecp5", seeds=0, **values) -> Point:
    design = design_of({**SMALL, "target": "ecp5", **values})
    return Point(workload=name, mix=mix, design=design, family=family, seeds=seeds, source="s")
