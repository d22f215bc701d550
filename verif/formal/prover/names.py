"""Names for registers that have none in the export, so that claims can speak of them."""

from hw.axi.read_master import ReadMaster
from hw.stream.ring_reader import RingReader
from verif.formal.prover.mutation import Edit

__all__ = ["NAMES"]

_NAMED = (
    (RingReader, "none, same = Signal(init=1),", 'none, same = Signal(name="none", init=1),'),
    (RingReader, "full = Signal(), Signal(),", 'full = Signal(name="written"), Signal(name="accessed"),'),
    (ReadMaster, "active, fresh = Signal(),", 'active, fresh = Signal(name="active"),'),
)  # fmt: skip

NAMES = tuple(Edit("a name", owner, "elaborate", old, new) for owner, old, new in _NAMED)
