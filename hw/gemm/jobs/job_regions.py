"""What a job reads and writes, against what it writes itself, and what the jobs before it read and write."""

from amaranth.hdl import Array, Cat, Signal
from amaranth.lib import data
from amaranth.lib.memory import Memory

from hw.gemm.jobs.job import MOST_BESIDE
from hw.gemm.jobs.region import REGION_NAMES, region_layout

__all__ = ["JobRegions"]

_KEPT_JOBS = 4
"""Jobs whose regions are kept for those behind them: more than are compared, a power of two."""


class JobRegions:
    """The regions of a job, and the one at hand.

    Parameters
    ----------
    m:
        The module to add them to.
    has_b, has_bias:
        Whether the job has these regions.
    address_bits:
        Width of addresses.
    keep:
        Whether regions of earlier jobs can be compared, too.

    Attributes
    ----------
    number:
        Of ``REGION_NAMES``, the one at hand.
    at, present:
        That region, to be assigned too, and whether the job has it.
    back:
        How many jobs before this one is the job whose region is compared: 0, or up to ``MOST_BESIDE`` if
        they are kept.
    exists, meets_result, meets_written:
        Whether what is compared is present, and meets ``result`` or each of ``written``: valid two cycles
        after ``number`` and ``back``.
    result, written:
        D of this job, and of each of ``MOST_BESIDE`` jobs before, the last one first.
    """

    def __init__(self, m, has_b, has_bias, address_bits, *, keep=False):
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
        self._kept = None
        compared, present = self._keep(m, layout) if keep else (self.at, self.present)
        m.d.sync += [
            region.eq(compared),
            self.exists.eq(present),
            self.meets_written.eq(Cat(_meet(region, written) for written in self.written)),
            self.meets_result.eq(_meet(region, self.result)),
        ]

    def _keep(self, m, layout):
        """Regions in a memory, of the last jobs, too; the one to compare, and whether it is present."""
        kept = data.StructLayout({"region": layout, "present": 1})
        depth = _KEPT_JOBS * len(REGION_NAMES)
        m.submodules.regions = memory = Memory(shape=kept, depth=depth, init=[])
        read, self._kept = memory.read_port(domain="comb"), memory.write_port()
        self.back = Signal(range(MOST_BESIDE + 1), name="back")
        self._job = Signal(range(_KEPT_JOBS), name="job_number")
        job = (self._job - self.back)[: len(self._job)]
        m.d.comb += [
            read.addr.eq(Cat(self.number, job)),
            self._kept.addr.eq(Cat(self.number, self._job)),
        ]
        return read.data.region, read.data.present

    def keep(self, region):
        """The statements that keep the region at hand in this cycle, if any are kept."""
        if self._kept is None:
            return []
        value = self._kept.data
        return [self._kept.en.eq(1), value.region.eq(region), value.present.eq(self.present)]

    def next_job(self):
        """The statements that make this job the one before the next, if any are kept."""
        return [] if self._kept is None else [self._job.eq(self._job + 1)]

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
