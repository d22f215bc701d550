"""Everything that reads: a file for each kind of input. ``target``: what a target is."""

from verif.hostile.targets.blocks import BLOCKS, PRODUCTS
from verif.hostile.targets.calibration import LAYERS, STATISTICS
from verif.hostile.targets.checkpoints import CHECKPOINTS, WEIGHTS
from verif.hostile.targets.command_line import COMMAND_LINES
from verif.hostile.targets.command_lists import COMMAND_LISTS
from verif.hostile.targets.comparison import PICTURES, RESULTS
from verif.hostile.targets.driver import DEVICES, DRIVER_CALLS
from verif.hostile.targets.explorations import EXPLORATIONS
from verif.hostile.targets.exports import EARLIER_EXPORTS, EXPORTS
from verif.hostile.targets.idx import IDX
from verif.hostile.targets.packed import PACKED
from verif.hostile.targets.plan import PLAN
from verif.hostile.targets.programs import EXAMPLES, PROGRAMS, RUNS
from verif.hostile.targets.prompts import PROMPTS
from verif.hostile.targets.registers import REGISTER_ACCESSES

__all__ = ["TARGETS"]

TARGETS = (
    BLOCKS,
    PRODUCTS,
    COMMAND_LISTS,
    REGISTER_ACCESSES,
    DRIVER_CALLS,
    DEVICES,
    PLAN,
    PROGRAMS,
    EXAMPLES,
    RUNS,
    PACKED,
    CHECKPOINTS,
    WEIGHTS,
    STATISTICS,
    LAYERS,
    RESULTS,
    EXPLORATIONS,
    EXPORTS,
    EARLIER_EXPORTS,
    IDX,
    PICTURES,
    PROMPTS,
    COMMAND_LINES,
)
"""All targets, in the order of the table."""
