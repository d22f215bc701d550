"""What a job reads and writes, against what it writes itself and what the jobs before it write."""

from amaranth.hdl import Array, Cat, Signal

from hw.gemm.jobs.job import MOST_BESIDE
from hw.gemm.jobs.region import REGION_NAMES, region_layout

__all__ = ["JobRegions"]


class JobRegions:
    """The regions of a job, and the one at hand.

    Attributes
    ----------
    number:
        Of ``REGION_NAMES``, the one at hand.
    at, present:
        That region, to be assigned too, and whether the job has it.
    exists, meets_result, meets_written:
        Whether it is present, and meets ``result`` or each of ``written``: valid two cycles after ``number``.
    result, written:
        D of this job, and of each of ``MOST_BESIDE`` jobs before, the last one first.
    """

    def __init__(self, m, has_b, has_bias, address_bits):
        layout = region_layout(address_bits)
        regions = [Signal(layout, name=name.lower(), reset_less=True) for name in REGION_NAMES]
        self.number = Signal(range(len(REGION_NAMES)), name="number")
        self.result = regions[REGION_NAMES.index("D")]
        # At first nothing was written.
        nothing = {"start": (1 << address_bits) - 1, "last": 0}
        self.written = [Signal(layout, name=f"written_{n}", init=nothing) for n in range(MOST_BESIDE)]
        self.at = Array([region.as_value() for region in regions])[self.number]
        self.present = Array([1, has_b, 1, has_bias])[self.number]
        region = Signal(layout, reset_less=True)
        self.exists, self.meets_result = Signal(name="exists"), Signal(name="meets_result")
        self.meets_written = Signal(MOST_BESIDE, name="meets_written")
        m.d.sync += [
            region.eq(self.at),
            self.exists.eq(self.present),
            self.meets_written.eq(Cat(_meet(region, written) for written in self.written)),
            self.meets_result.eq(_meet(region, self.result)),
        ]

    @property
    def is_last(self):
        """Whether no region follows the one at hand."""
        return self.number == len(REGION_NAMES) - 1

    def each(self, m, names=REGION_NAMES):
        """Each of ``names`` in the case that it is that of the region at hand."""
        with m.Switch(self.number):
            for name in names:
                with m.Case(REGION_NAMES.index(name)):
                    yield name


def _meet(one, other):
    """Whether two regions have an address in common."""
    return (one.start <= other.last) & (other.start <= one.last)
