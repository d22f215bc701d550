"""The GEMM engine: matrices in memory to matrices in memory."""

from amaranth.hdl import ClockDomain, ClockSignal, DomainRenamer, Module, ResetSignal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.engine import ADDRESS_SPACE_BITS, EngineParameters
from hw.axi.signatures import AXI4LiteSignature, AXI4Signature
from hw.block.quantizer import WORDS
from hw.gemm.datapath import Datapath
from hw.gemm.geometry import Geometry
from hw.gemm.jobs.control import Control
from hw.gemm.jobs.counters import Counters
from hw.gemm.jobs.supervisor import Supervisor
from hw.gemm.results.accumulation import LANES, fewest_lanes
from hw.gemm.results.epilogue import usual_epilogue_lanes
from hw.gemm.results.result_path import usual_words
from hw.target.targets import check_target

__all__ = ["Engine"]


class Engine(wiring.Component):
    """``D = A * B**T`` and more, by descriptor: what ``golden.engine.run`` does to memory.

    Software writes a descriptor to the registers, rings the doorbell, and gets an interrupt when D is in
    memory. Operands are read ahead, also of the next job unless it needs what this one writes.

    Parameters
    ----------
    product_stages, target:
        As for ``hw.array.array.Array``; they change area and speed, never a result.
    result_words:
        Columns of D per cycle behind an array's drain: 4, 8 or 16; 0 for as many as drain and bus
        can use, or as there are ``adder_lanes``.
    adder_lanes:
        Sums per cycle where a bias, old values of D or another chunk is added: 1, 2, 4, 8 or 16; 0 for as
        many as tiles of ``k_blocks`` MX6 blocks need. With functions chunks, scale and bias, gate and old D
        have so many each, the latter two at least one for four ``function_lanes``. Shorter tiles wait for
        their sums if there are no more. No more are made than ``result_words``.
    rows, cols, drain_rows, k_blocks, fraction_bits, arrays, stationary_tiles, data_bits, address_bits,
    queue_depth, reorder_columns, function_lanes:
        As in ``golden.engine.EngineParameters``; ``k_blocks`` even.

    Members
    -------
    s_axil: In(AXI4LiteSignature), the registers ``golden.engine.REGISTERS``
    m_axi: Out(AXI4Signature), memory
    irq: Out(1), high while an enabled event is pending

    Raises
    ------
    TypeError, ValueError
        A parameter is not an integer, or out of its range.
    """

    def __init__(
        self,
        *,
        rows=8,
        cols=8,
        drain_rows=None,
        k_blocks=72,
        fraction_bits=17,
        product_stages=2,
        target="generic",
        arrays=1,
        stationary_tiles=2,
        data_bits=128,
        address_bits=40,
        queue_depth=4,
        reorder_columns=0,
        function_lanes=None,
        result_words=0,
        adder_lanes=0,
    ):
        check_target(target)
        self.parameters = EngineParameters(
            rows=rows,
            cols=cols,
            drain_rows=drain_rows,
            k_blocks=k_blocks,
            fraction_bits=fraction_bits,
            arrays=arrays,
            stationary_tiles=stationary_tiles,
            data_bits=data_bits,
            address_bits=address_bits,
            queue_depth=queue_depth,
            reorder_columns=reorder_columns,
            function_lanes=function_lanes,
        )
        for name, value in vars(self.parameters).items():
            setattr(self, name, value)
        self.product_stages = product_stages
        self.target = target
        for name, value, choices in (
            ("adder_lanes", adder_lanes, LANES),
            ("result_words", result_words, WORDS),
        ):
            if not isinstance(value, int) or isinstance(value, bool):
                raise TypeError(f"{name} must be an integer, not {value!r}")
            if value not in (0, *choices):
                raise ValueError(f"{name} must be 0 or one of {choices}, not {value!r}")
            setattr(self, name, value)
        words = result_words or max(
            adder_lanes, usual_words(drain_words=rows // self.drain_rows * cols, data_bits=data_bits)
        )
        sizes = {"rows": rows, "cols": cols, "k_blocks": k_blocks}
        lanes = adder_lanes or fewest_lanes(**sizes)
        epilogue_lanes = adder_lanes or usual_epilogue_lanes(**sizes, function_lanes=self.function_lanes)
        self._geometry = Geometry(self.parameters)
        self._datapath = Datapath(
            geometry=self._geometry,
            result_words=words,
            adder_lanes=min(words, lanes),
            epilogue_lanes=min(words, epilogue_lanes),
            product_stages=product_stages,
            target=target,
        )
        super().__init__(
            {
                "s_axil": In(AXI4LiteSignature(address_bits=ADDRESS_SPACE_BITS)),
                "m_axi": Out(AXI4Signature(data_bits=data_bits, address_bits=address_bits)),
                "irq": Out(1),
            }
        )

    @property
    def shared_modules(self):
        """Modules placed many times, by the name of their Verilog module."""
        return self._datapath.shared_modules

    def elaborate(self, platform):
        m = Module()
        g, core = self._geometry, self._datapath
        m.submodules.control = control = Control(parameters=self.parameters)
        m.submodules.supervisor = supervisor = Supervisor(geometry=g)
        m.submodules.counters = counters = Counters(geometry=g)

        # What a soft reset clears has a reset of its own.
        m.domains += ClockDomain("core")
        m.d.comb += [
            ClockSignal("core").eq(ClockSignal()),
            ResetSignal("core").eq(ResetSignal() | supervisor.clear),
        ]
        m.submodules.datapath = DomainRenamer("core")(core)

        connect, flipped = wiring.connect, wiring.flipped
        connect(m, flipped(self.s_axil), control.bus)
        connect(m, core.bus, flipped(self.m_axi))
        connect(m, control.descriptor, core.descriptor)
        connect(m, control.list, core.list)
        connect(m, core.checked, supervisor.checked)
        connect(m, supervisor.job, core.job)
        connect(m, core.read_error, supervisor.read_error)
        connect(m, core.write_error, supervisor.write_error)
        m.d.comb += [
            control.accepting.eq(supervisor.accepting),
            control.status.eq(supervisor.status),
            control.job_done.eq(core.job_done),
            control.list_done.eq(supervisor.list_done),
            control.failed.eq(supervisor.failed),
            control.out_of_range.eq(core.out_of_range),
            supervisor.submitted.eq(core.submitted),
            supervisor.list_begun.eq(control.list.valid),
            supervisor.list_address.eq(core.list_address),
            supervisor.job_done.eq(core.job_done),
            supervisor.soft_reset.eq(control.soft_reset),
            supervisor.bus_idle.eq(core.idle),
            supervisor.bad_permutation.eq(core.bad_permutation),
            core.stop.eq(supervisor.stop),
            counters.activity.eq(core.activity),
            counters.activity.busy.eq(supervisor.status.busy),
            counters.clear.eq(control.clear_counters),
            *(to.eq(of) for to, of in zip(control.counters, counters.values, strict=True)),
            self.irq.eq(control.interrupt),
        ]
        return m
