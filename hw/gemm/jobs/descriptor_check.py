"""Descriptors to jobs, or to the reason why not."""

from functools import reduce
from itertools import pairwise
from operator import or_

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.engine import (
    DIMENSION_LIMIT,
    EPSILON_LIMIT,
    FLOAT_FORMATS,
    LONGEST_ROW,
    MIXABLE_FORMATS,
    OPERAND_FORMATS,
    QUANTIZED_FORMATS,
    REORDER_FORMATS,
    ErrorCode,
    Function,
    MemoryFormat,
    Norm,
    Operation,
)
from golden.engine.registers import REGISTERS
from hw.gemm.jobs.descriptor import queued_descriptor_layout
from hw.gemm.jobs.job import BLOCKS_BITS, DIMENSION_BITS, MOST_BESIDE, job_layout
from hw.gemm.jobs.job_planner import JobPlanner
from hw.gemm.jobs.job_regions import JobRegions
from hw.gemm.jobs.region import REGION_NAMES, RegionMeasure
from hw.gemm.memory_format import is_one_of, units_in

__all__ = ["DescriptorCheck", "checked_job_layout"]

_ERROR_BITS = REGISTERS["ERROR_CODE"]["code"].width

_INPUTS = tuple(name for name in REGION_NAMES if name != "D")

_FAULTS = ErrorCode.READ_SLAVE_ERROR.value
"""Codes below refuse a descriptor; those from here on stop a job."""


def checked_job_layout(geometry) -> data.StructLayout:
    """A job, or the code of its fault; it starts when at most ``beside`` jobs before it are not done.

    That is 0 if it depends on the job before: touches what that writes, or writes what that reads, if one of
    the two is a row job; 1 if it depends on the job before that one; else ``MOST_BESIDE``. ``ends_list``:
    it is a list's last job.
    """
    return data.StructLayout(
        {
            "job": job_layout(geometry),
            "fault": _ERROR_BITS,
            "beside": range(MOST_BESIDE + 1),
            "ends_list": 1,
        }
    )


class DescriptorCheck(wiring.Component):
    """``golden.engine.check`` in hardware, and the job that a good descriptor asks for.

    Regions are measured one after the other, then compared with each other and with D of the two jobs
    before. A product writes after those before have read. Where one of two jobs is a row job, D is compared
    with what the one before reads, too. Latency some 180 cycles, 24 more for that, which the job before
    hides; one descriptor at a time.

    Parameters
    ----------
    geometry:
        Sizes of the engine.

    Members
    -------
    i: In(stream of ``queued_descriptor_layout``)
    o: Out(stream of ``checked_job_layout``)
    """

    def __init__(self, *, geometry):
        self.geometry = geometry
        super().__init__(
            {
                "i": In(stream.Signature(queued_descriptor_layout())),
                "o": Out(stream.Signature(checked_job_layout(geometry))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        g = self.geometry
        m.submodules.measure = measure = RegionMeasure(address_bits=g.address_bits)
        m.submodules.planner = planner = JobPlanner(geometry=g)
        d = Signal(queued_descriptor_layout(), reset_less=True)
        m.d.comb += [measure.d[name].eq(d[name]) for name in measure.d.shape().members]
        faults = _Faults()
        product = d.operation == Operation.PRODUCT
        has_rows = g.parameters.reorder_columns > 0
        has_vectors = d.scale | d.bias | d.gate
        regions = JobRegions(m, product | d.permute, has_vectors, g.address_bits, keep=has_rows)
        m.d.comb += measure.number.eq(regions.number)
        blocks = self._blocks(m, d)
        conditions = self._conditions(m, self._fields(m, d, blocks))
        # Whether it depends on the job before, and on the one before that one; whether these are row jobs.
        dependent, after_reorder = Signal(MOST_BESIDE), Signal(MOST_BESIDE)
        code = Signal(_ERROR_BITS)
        with m.FSM(name="state"):
            with m.State("IDLE"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += [d.eq(self.i.p), faults.found.eq(0), regions.number.eq(0)]
                m.d.sync += dependent.eq(0)
                with m.If(self.i.valid):
                    m.next = "BLOCKS"
            with m.State("BLOCKS"):
                m.d.comb += measure.start.eq(1)
                m.next = "PLAN"
            with m.State("PLAN"):
                m.d.comb += planner.start.eq(1)
                m.next = "WAIT"
            with m.State("WAIT"):
                m.next = "FIELDS"
            with m.State("FIELDS"):
                m.d.sync += [faults.note(name, condition) for name, condition in conditions.items()]
                m.next = "MEASURE"
            self._measure_regions(m, product, measure, regions, faults)
            of_rows = after_reorder ^ (~product).replicate(MOST_BESIDE) if has_rows else None
            self._compare_regions(m, regions, faults, dependent, of_rows)
            with m.State("CODE"):
                m.d.sync += faults.found.eq(faults.lowest)
                with m.If(planner.done):
                    m.next = "ENCODE"
            with m.State("ENCODE"):
                m.d.sync += code.eq(Mux(d.misplaced, ErrorCode.LIST, faults.code))
                m.next = "ANSWER"
            with m.State("ANSWER"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.d.sync += [
                        *(to.eq(of) for of, to in pairwise([regions.result, *regions.written])),
                        after_reorder.eq(Cat(~product, after_reorder[:-1])),
                        *regions.next_job(),
                    ]
                    m.next = "IDLE"
        self._answer(m, d, blocks, planner, code)
        m.d.comb += self.o.p.beside.eq(Mux(dependent[0], 0, Mux(dependent[1], 1, MOST_BESIDE)))
        return m

    def _measure_regions(self, m, product, measure, regions, faults):
        """States that measure one region after the other; the first measurement is under way."""
        with m.State("MEASURE"), m.If(measure.done):
            m.d.sync += regions.at.eq(measure.region)
            m.d.comb += regions.keep(measure.region)
            for name in regions.each(m):
                m.d.sync += [
                    faults.note(f"{name}_ALIGNMENT", regions.present & measure.misaligned),
                    faults.note(f"{name}_RANGE", regions.present & measure.beyond),
                ]
                if name != "BIAS":
                    # The permutation of a reorder job is one row.
                    has_pitch = product if name == "B" else 1
                    m.d.sync += faults.note(f"{name}_PITCH", has_pitch & measure.narrow)
            m.d.sync += regions.number.eq(regions.number + 1)
            with m.If(regions.is_last):
                m.next = "LOOK"
            with m.Else():
                m.next = "NEXT"
        with m.State("NEXT"):
            m.d.comb += measure.start.eq(1)
            m.next = "MEASURE"

    def _compare_regions(self, m, regions, faults, dependent, of_rows):
        """States that compare one region after the other with D and with what the jobs before write.

        Then those of each job before with D, if one of it and this one is a row job, as ``of_rows`` tells.
        """
        with m.State("LOOK"):
            m.next = "COMPARE"
        with m.State("COMPARE"):
            m.next = "NOTE"
        with m.State("NOTE"):
            meets_written = regions.exists.replicate(MOST_BESIDE) & regions.meets_written
            m.d.sync += [dependent.eq(dependent | meets_written), regions.number.eq(regions.number + 1)]
            for name in regions.each(m, _INPUTS):
                m.d.sync += faults.note(f"OVERLAP_{name}", regions.exists & regions.meets_result)
            m.next = "LOOK"
            with m.If(regions.is_last):
                m.next = "CODE"
                if of_rows is not None:
                    with m.If(of_rows.any()):
                        m.d.sync += regions.back.eq(1)
                        m.next = "LOOK_BACK"
        if of_rows is None:
            return
        with m.State("LOOK_BACK"):
            m.next = "COMPARE_BACK"
        with m.State("COMPARE_BACK"):
            m.next = "NOTE_BACK"
        with m.State("NOTE_BACK"):
            meets = regions.exists & regions.meets_result
            which = Cat(meets & (regions.back == n + 1) for n in range(MOST_BESIDE))
            m.d.sync += [dependent.eq(dependent | (which & of_rows)), regions.number.eq(regions.number + 1)]
            m.next = "LOOK_BACK"
            with m.If(regions.is_last):
                m.d.sync += regions.back.eq(Mux(regions.back == MOST_BESIDE, 0, regions.back + 1))
                with m.If(regions.back == MOST_BESIDE):
                    m.next = "CODE"

    def _blocks(self, m, d):
        """Blocks along K and along N, a cycle after the fields."""
        k_blocks, n_blocks = Signal(BLOCKS_BITS), Signal(BLOCKS_BITS)
        for blocks, length in ((k_blocks, d.k), (n_blocks, d.n)):
            m.d.sync += blocks.eq(units_in(length[:DIMENSION_BITS]))
        return k_blocks, n_blocks

    def _conditions(self, m, fields):
        """Registers that tell the faults of single fields, by the name of their code."""
        conditions = {name: Signal(name=name.lower()) for name in fields}
        m.d.sync += [conditions[name].eq(condition) for name, condition in fields.items()]
        return conditions

    def _fields(self, m, d, blocks):
        """Faults of single fields, by the name of their code, a cycle after the fields."""
        k_blocks, n_blocks = blocks
        product = d.operation == Operation.PRODUCT

        def known(name, value):
            known = Signal(name=name)
            m.d.sync += known.eq(value)
            return known

        def beyond(name):
            size = getattr(d, name)
            return known(f"{name}_beyond", (size == 0) | (size > DIMENSION_LIMIT))

        def too_many(name, blocks):
            mixable = known(f"{name}_mixable", is_one_of(getattr(d, f"{name}_format"), MIXABLE_FORMATS))
            return getattr(d, f"{name}_mx9_blocks") > Mux(mixable, blocks, 0)

        reorder = d.operation == Operation.REORDER
        parameters = self.geometry.parameters
        columns = parameters.reorder_columns
        longest = min(columns, LONGEST_ROW)
        has_function, has_norm = d.function != Function.NONE, known("has_norm", d.norm != Norm.NONE)
        too_long = d.n > columns if longest == columns else d.n > Mux(has_norm, longest, columns)
        # An engine without functions takes none, and what goes with them neither.
        bad_epsilon = known("bad_epsilon", d.epsilon >= EPSILON_LIMIT)
        has_epsilon = known("has_epsilon", d.epsilon != 0)
        bad_function = ~is_one_of(d.function, Function)
        bad_function |= has_norm & (d.divide | bad_epsilon | ~is_one_of(d.norm, Norm))
        modulated = d.bias | d.gate | has_epsilon
        bad_function |= (d.norm == Norm.EXPONENTIAL) & modulated
        if not parameters.function_lanes:
            bad_function = has_function | d.scale | d.gate | d.divide | has_norm
        of_product = (
            "accumulate",
            "keep_b",
            "function",
            "scale",
            "k",
            "b_format",
            "a_mx9_blocks",
            "b_mx9_blocks",
            "b_pitch",
        )
        unused = [known(f"has_{name}", Value.cast(getattr(d, name)).any()) for name in of_product]
        has_b_address = known("has_b_address", d.b_address != 0)
        has_bias_address = known("has_bias_address", d.bias_address != 0)
        of_norm = ~has_norm & (has_epsilon | (reorder & (d.bias | d.gate)))
        d_floats = is_one_of(d.d_format, FLOAT_FORMATS)
        if not parameters.function_lanes:
            d_floats = product & d_floats
        d_formats = is_one_of(d.d_format, QUANTIZED_FORMATS) | d_floats
        return {
            "RESERVED_BITS": d.reserved
            | (~d.scale & ~d.bias & ~d.gate & has_bias_address)
            | (d.gate_by_row & (reorder | ~d.gate))
            | (product & (d.permute | d.divide | has_norm))
            | of_norm
            | (reorder & (Cat(unused).any() | (~d.permute & has_b_address))),
            "OPERATION": ~product & ~(reorder if columns else 0),
            "SIZE": beyond("m") | beyond("n") | Mux(product, beyond("k"), too_long),
            "A_FORMAT": ~Mux(
                product, is_one_of(d.a_format, OPERAND_FORMATS), is_one_of(d.a_format, REORDER_FORMATS)
            ),
            "B_FORMAT": product & ~is_one_of(d.b_format, OPERAND_FORMATS),
            "D_FORMAT": ~d_formats | (d.accumulate & (d.d_format != MemoryFormat.BINARY32)),
            "A_MX9_BLOCKS": too_many("a", k_blocks),
            "B_MX9_BLOCKS": too_many("b", k_blocks),
            "D_MX9_BLOCKS": too_many("d", n_blocks),
            "FUNCTION": bad_function,
        }

    def _answer(self, m, d, blocks, planner, code):
        o, job = self.o.p, self.o.p.job
        k_blocks, _ = blocks
        m.d.comb += [
            o.fault.eq(code),
            o.ends_list.eq(d.ends_list),
            job.reorder.eq(d.operation == Operation.REORDER),
            _low(job.columns, d.n),
            job.narrow.eq(d.a_format == MemoryFormat.BFLOAT16),
            job.permute.eq(d.permute),
            job.divide.eq(d.divide),
            planner.k_blocks.eq(k_blocks),
            planner.keep_b.eq(d.keep_b),
            job.k_blocks.eq(k_blocks),
            job.keep_b.eq(d.keep_b),
            job.stride.eq(planner.stride),
            job.group.eq(planner.group),
            job.resident.eq(planner.resident),
            _low(job.d_address, d.d_address),
            _low(job.row_step, d.d_pitch * self.geometry.parameters.rows),
            _low(job.result.format, d.d_format),
            job.result.mx9_blocks.eq(d.d_mx9_blocks),
            job.result.pitch.eq(d.d_pitch),
            job.result.bias.eq(d.bias),
            job.result.accumulate.eq(d.accumulate),
            _low(job.result.bias_address, d.bias_address),
        ]
        if self.geometry.functions:
            m.d.comb += [
                job.result.scale.eq(d.scale),
                job.result.gate.eq(d.gate),
                job.result.gate_by_row.eq(d.gate_by_row),
                job.result.vector_pitch.eq(d.n[:DIMENSION_BITS] << 2),
                _low(job.result.function, d.function),
            ]
        if self.geometry.normalizes:
            m.d.comb += [
                job.norm.eq(d.norm != Norm.NONE),
                job.mean.eq(d.norm == Norm.LAYER),
                job.exponential.eq(d.norm == Norm.EXPONENTIAL),
                job.epsilon.eq(d.epsilon),
            ]
        for operand, name, rows in ((job.a, "a", d.m), (job.b, "b", d.n)):
            m.d.comb += [
                _low(operand.address, getattr(d, f"{name}_address")),
                operand.pitch.eq(getattr(d, f"{name}_pitch")),
                _low(operand.rows, rows),
                operand.leading.eq(getattr(d, f"{name}_mx9_blocks")),
                _low(operand.format.as_value(), getattr(d, f"{name}_format")),
            ]


def _low(to, field):
    """Assign the low bits of a descriptor's field: the others are zero, a fault, or of no use."""
    return to.eq(field[: len(to)])


class _Faults:
    """Which faults a descriptor has: ``found[code]``."""

    def __init__(self):
        self.found = Signal(_FAULTS, name="faults")

    def note(self, name, condition):
        """The statement that adds the fault of that name if ``condition``."""
        bit = self.found[ErrorCode[name]]
        return bit.eq(bit | condition)

    @property
    def lowest(self):
        """``found`` without all but the lowest code."""
        return self.found & (~self.found + 1)

    @property
    def code(self):
        """The one code that is found, 0 if none is."""
        return reduce(or_, (Mux(self.found[number], number, 0) for number in range(1, len(self.found))))
