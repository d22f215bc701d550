"""Descriptors to jobs, or to the reason why not."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.engine import (
    DIMENSION_LIMIT,
    FLOAT_FORMATS,
    MIXABLE_FORMATS,
    OPERAND_FORMATS,
    QUANTIZED_FORMATS,
    ErrorCode,
    MemoryFormat,
    Operation,
)
from hw.gemm.jobs.descriptor import descriptor_layout
from hw.gemm.jobs.job import BLOCKS_BITS, DIMENSION_BITS, job_layout
from hw.gemm.jobs.job_planner import JobPlanner
from hw.gemm.jobs.region import REGION_NAMES, RegionMeasure, region_layout
from hw.gemm.memory_format import is_one_of, units_in

__all__ = ["DescriptorCheck", "checked_job_layout"]

_ERROR_BITS = 8


def checked_job_layout(geometry) -> data.StructLayout:
    """A job, or the code of its fault; ``dependent`` jobs wait for the job before.

    Those are jobs that touch what it writes, reorder jobs, and what follows these.
    """
    return data.StructLayout({"job": job_layout(geometry), "fault": _ERROR_BITS, "dependent": 1})


class DescriptorCheck(wiring.Component):
    """``golden.engine.check`` in hardware, and the job that a good descriptor asks for.

    Regions are measured one after the other, then compared with each other and with D of the job
    before. Latency some 180 cycles, which the job before hides; one descriptor at a time.

    Parameters
    ----------
    geometry:
        Sizes of the engine.

    Members
    -------
    i: In(stream of ``descriptor_layout``)
    o: Out(stream of ``checked_job_layout``)
    """

    def __init__(self, *, geometry):
        self.geometry = geometry
        super().__init__(
            {
                "i": In(stream.Signature(descriptor_layout())),
                "o": Out(stream.Signature(checked_job_layout(geometry))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        g = self.geometry
        d = Signal(descriptor_layout(), reset_less=True)
        faults = Signal(1 << _ERROR_BITS - 3)
        m.submodules.measure = measure = RegionMeasure(address_bits=g.address_bits)
        m.submodules.planner = planner = JobPlanner(geometry=g)
        regions = [Signal(region_layout(), name=name.lower()) for name in REGION_NAMES]
        written = Signal(region_layout(), name="written")
        number = Signal(range(len(REGION_NAMES)))
        result = regions[REGION_NAMES.index("D")]

        def fault(code, condition):
            return faults[ErrorCode[code]].eq(faults[ErrorCode[code]] | condition)

        m.d.comb += [measure.d.eq(d), measure.number.eq(number)]
        product = d.operation == Operation.PRODUCT
        after_reorder = Signal()
        present = Array([1, product | d.permute, 1, d.bias])[number]
        at = Array([region.as_value() for region in regions])[number]
        region = Signal(region_layout(), reset_less=True)
        meets_written, meets_result, exists = (
            Signal(name=name) for name in ("meets_written", "meets_result", "exists")
        )
        dependent = Signal()
        blocks = self._blocks(m, d)
        fields = self._fields(d, blocks)
        conditions = {name: Signal(name=name.lower()) for name in fields}
        code = Signal(_ERROR_BITS)
        m.d.sync += [
            *(conditions[name].eq(condition) for name, condition in fields.items()),
            region.eq(at),
            exists.eq(present),
            meets_written.eq(_meet(region, written)),
            meets_result.eq(_meet(region, result)),
        ]
        with m.FSM(name="state"):
            with m.State("IDLE"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += [d.eq(self.i.p), faults.eq(0), number.eq(0), dependent.eq(after_reorder)]
                with m.If(self.i.valid):
                    m.next = "BLOCKS"
            with m.State("BLOCKS"):
                m.d.comb += measure.start.eq(1)
                m.next = "PLAN"
            with m.State("PLAN"):
                m.d.comb += planner.start.eq(1)
                m.next = "FIELDS"
            with m.State("FIELDS"):
                m.d.sync += [fault(name, condition) for name, condition in conditions.items()]
                m.next = "MEASURE"
            with m.State("MEASURE"), m.If(measure.done):
                m.d.sync += at.eq(measure.region)
                with m.Switch(number):
                    for n, name in enumerate(REGION_NAMES):
                        with m.Case(n):
                            m.d.sync += [
                                fault(f"{name}_ALIGNMENT", present & measure.misaligned),
                                fault(f"{name}_RANGE", present & measure.beyond),
                            ]
                            if name != "BIAS":
                                has_pitch = product if name == "B" else 1
                                m.d.sync += fault(f"{name}_PITCH", has_pitch & measure.narrow)
                m.d.sync += number.eq(number + 1)
                with m.If(number == len(REGION_NAMES) - 1):
                    m.next = "LOOK"
                with m.Else():
                    m.next = "NEXT"
            with m.State("NEXT"):
                m.d.comb += measure.start.eq(1)
                m.next = "MEASURE"
            with m.State("LOOK"):
                m.next = "COMPARE"
            with m.State("COMPARE"):
                m.next = "NOTE"
            with m.State("NOTE"):
                m.d.sync += [dependent.eq(dependent | (exists & meets_written)), number.eq(number + 1)]
                with m.Switch(number):
                    for n, name in enumerate(REGION_NAMES):
                        if name != "D":
                            with m.Case(n):
                                m.d.sync += fault(f"OVERLAP_{name}", exists & meets_result)
                m.next = "LOOK"
                with m.If(number == len(REGION_NAMES) - 1):
                    m.next = "CODE"
            with m.State("CODE"):
                m.d.sync += code.eq(_lowest(faults))
                with m.If(planner.done):
                    m.next = "ANSWER"
            with m.State("ANSWER"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.d.sync += [written.eq(result), after_reorder.eq(~product)]
                    m.next = "IDLE"
        self._answer(m, d, blocks, planner, code, dependent)
        return m

    def _blocks(self, m, d):
        """Blocks along K and along N, a cycle after the fields."""
        k_blocks, n_blocks = Signal(BLOCKS_BITS), Signal(BLOCKS_BITS)
        for blocks, length in ((k_blocks, d.k), (n_blocks, d.n)):
            m.d.sync += blocks.eq(units_in(length[:DIMENSION_BITS]))
        return k_blocks, n_blocks

    def _fields(self, d, blocks):
        """Faults of single fields, by the name of their code."""
        k_blocks, n_blocks = blocks
        product = d.operation == Operation.PRODUCT

        def beyond(size):
            return (size == 0) | (size > DIMENSION_LIMIT)

        def too_many(leading, blocks, code):
            return leading > Mux(is_one_of(code, MIXABLE_FORMATS), blocks, 0)

        reorder = d.operation == Operation.REORDER
        columns = self.geometry.parameters.reorder_columns
        unused = (d.bias, d.accumulate, d.keep_b, d.k, d.b_format, d.a_mx9_blocks, d.b_mx9_blocks, d.b_pitch)
        unused = Cat(Value.cast(field).any() for field in unused).any() | (~d.permute & (d.b_address != 0))
        d_formats = is_one_of(d.d_format, QUANTIZED_FORMATS) | (
            product & is_one_of(d.d_format, FLOAT_FORMATS)
        )
        return {
            "RESERVED_BITS": d.reserved
            | (~d.bias & (d.bias_address != 0))
            | (product & d.permute)
            | (reorder & unused),
            "OPERATION": ~product & ~(reorder if columns else 0),
            "SIZE": beyond(d.m) | beyond(d.n) | Mux(product, beyond(d.k), d.n > columns),
            "A_FORMAT": ~Mux(
                product, is_one_of(d.a_format, OPERAND_FORMATS), is_one_of(d.a_format, FLOAT_FORMATS)
            ),
            "B_FORMAT": product & ~is_one_of(d.b_format, OPERAND_FORMATS),
            "D_FORMAT": ~d_formats | (d.accumulate & (d.d_format != MemoryFormat.BINARY32)),
            "A_MX9_BLOCKS": too_many(d.a_mx9_blocks, k_blocks, d.a_format),
            "B_MX9_BLOCKS": too_many(d.b_mx9_blocks, k_blocks, d.b_format),
            "D_MX9_BLOCKS": too_many(d.d_mx9_blocks, n_blocks, d.d_format),
        }

    def _answer(self, m, d, blocks, planner, code, dependent):
        o, job = self.o.p, self.o.p.job
        k_blocks, _ = blocks
        m.d.comb += [
            o.fault.eq(code),
            o.dependent.eq(dependent | (d.operation == Operation.REORDER)),
            job.reorder.eq(d.operation == Operation.REORDER),
            job.columns.eq(d.n),
            job.narrow.eq(d.a_format == MemoryFormat.BFLOAT16),
            job.permute.eq(d.permute),
            planner.k_blocks.eq(k_blocks),
            planner.keep_b.eq(d.keep_b),
            job.k_blocks.eq(k_blocks),
            job.keep_b.eq(d.keep_b),
            job.stride.eq(planner.stride),
            job.group.eq(planner.group),
            job.resident.eq(planner.resident),
            job.d_address.eq(d.d_address),
            job.row_step.eq(d.d_pitch * self.geometry.parameters.rows),
            job.result.format.eq(d.d_format),
            job.result.mx9_blocks.eq(d.d_mx9_blocks),
            job.result.pitch.eq(d.d_pitch),
            job.result.bias.eq(d.bias),
            job.result.accumulate.eq(d.accumulate),
            job.result.bias_address.eq(d.bias_address),
        ]
        for operand, name, rows in ((job.a, "a", d.m), (job.b, "b", d.n)):
            m.d.comb += [
                operand.address.eq(getattr(d, f"{name}_address")),
                operand.pitch.eq(getattr(d, f"{name}_pitch")),
                operand.rows.eq(rows),
                operand.leading.eq(getattr(d, f"{name}_mx9_blocks")),
                operand.format.as_value().eq(getattr(d, f"{name}_format")),
            ]


def _lowest(faults):
    """The lowest number of those that are set, from 1 on; 0 if none is."""
    code = 0
    for number in reversed(range(1, len(faults))):
        code = Mux(faults[number], number, code)
    return code


def _meet(one, other):
    """Whether two regions have an address in common."""
    return (one.start < other.end) & (other.start < one.end)
