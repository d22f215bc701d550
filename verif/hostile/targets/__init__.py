"""Everything that reads: a file for each kind of input."""

from verif.hostile.targets.idx import IDX
from verif.hostile.targets.plan import PLAN

__all__ = ["TARGETS"]

TARGETS = (PLAN, IDX)
"""All targets, in the order of the table."""
