"""Names for registers that have none in the export, so that claims can speak of them."""

from hw.axi.read_master import ReadMaster
from hw.stream.ring_reader import RingReader
from verif.formal.prover.mutation import Edit

__all__ = ["NAMES"]

_NAMED = (
    (RingReader, "elaborate", "none, same = Signal(init=1),", 'none, same = Signal(name="none", init=1),'),
    (RingReader, "elaborate", "accessed, full = Signal(),", 'accessed, full = Signal(name="written"),'),
    (RingReader, "elaborate", '"written"), Signal(),', '"written"), Signal(name="accessed"),'),
    (ReadMaster, "_issue", "active, fresh = Signal(),", 'active, fresh = Signal(name="active"),'),
)  # fmt: skip

NAMES = tuple(Edit("a name", *named) for named in _NAMED)
