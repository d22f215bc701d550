"""The control port: registers over AXI4-Lite."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.engine import (
    ADDRESS_SPACE_BITS,
    COUNTER_REGISTERS,
    DESCRIPTOR_REGISTERS,
    IDENTIFIER,
    PARAMETER_REGISTERS,
    REGISTERS,
    VERSION,
)
from hw.axi.signatures import AXI4LiteSignature, Response
from hw.gemm.jobs.descriptor import descriptor_fields, descriptor_layout
from hw.gemm.jobs.list_fetch import LIST_ADDRESS_BITS

__all__ = ["Control", "status_layout"]

_WORD = 32
"""Bits of a register."""

_ALL = (1 << _WORD) - 1

_LIST_ADDRESS = ("LIST_ADDRESS_LOW", "LIST_ADDRESS_HIGH")

_READ_GROUP_BITS = 3
"""A read chooses one of 8 registers, then one of such groups."""


def status_layout() -> data.StructLayout:
    """What the registers say about the engine's state."""
    return data.StructLayout(
        {
            "busy": 1,
            "error": 1,
            "resetting": 1,
            "list": 1,
            "waiting": REGISTERS["STATUS"]["waiting"].width,
            "code": REGISTERS["ERROR_CODE"]["code"].width,
            "address": 2 * _WORD,
            "submitted": _WORD,
            "done": _WORD,
            "lists_done": _WORD,
        }
    )


class Control(wiring.Component):
    """The registers of ``golden.engine.REGISTERS``.

    A write takes effect in the cycle before its answer; a read is answered three cycles after its address.
    One access of each kind at a time. Addresses without a register read as 0 and ignore writes. A write
    without a strobe, which bus width converters make, does nothing.

    Parameters
    ----------
    parameters:
        ``golden.engine.EngineParameters`` to show.

    Members
    -------
    bus: In(AXI4LiteSignature)
    descriptor: Out(stream of ``descriptor_layout``), given by the doorbell, which never waits
    list: Out(stream of addresses), given by the list's doorbell, which never waits
    accepting: In(1), the doorbells work
    soft_reset, clear_counters: Out(1), for one cycle
    status: In(``status_layout``)
    job_done, list_done, failed, out_of_range: In(1), events
    counters: In(32) x counters, in their order
    interrupt: Out(1)
    """

    def __init__(self, *, parameters):
        self.parameters = parameters
        super().__init__(
            {
                "bus": In(AXI4LiteSignature(address_bits=ADDRESS_SPACE_BITS)),
                "descriptor": Out(stream.Signature(descriptor_layout())),
                "list": Out(stream.Signature(LIST_ADDRESS_BITS)),
                "accepting": In(1),
                "soft_reset": Out(1),
                "clear_counters": Out(1),
                "status": In(status_layout()),
                "job_done": In(1),
                "list_done": In(1),
                "failed": In(1),
                "out_of_range": In(1),
                "counters": In(_WORD).array(len(COUNTER_REGISTERS)),
                "interrupt": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        bus = self.bus
        # Writes: address and data together, then the answer.
        write = Signal()
        register = bus.awaddr[2:]
        mask = Cat(bit.replicate(8) for bit in bus.wstrb)
        response = Signal(Response)
        m.d.comb += [
            write.eq(bus.awvalid & bus.wvalid & ~bus.bvalid),
            bus.awready.eq(write),
            bus.wready.eq(write),
        ]
        with m.If(bus.bready):
            m.d.sync += bus.bvalid.eq(0)
        with m.If(write):
            m.d.sync += [bus.bvalid.eq(1), bus.bresp.eq(response)]

        def written(name):
            return write & (register == REGISTERS[name].offset >> 2)

        words = self._descriptor(m, written)
        refused = []
        for name, to in (("DOORBELL", self.descriptor), ("LIST_DOORBELL", self.list)):
            rings, takes = Signal(name=f"{name.lower()}_rings"), Signal(name=f"{name.lower()}_takes")
            m.d.comb += [
                rings.eq(written(name) & bus.wstrb.any()),
                takes.eq(self.accepting & to.ready),
                to.valid.eq(rings & takes),
            ]
            refused.append(rings & ~takes)
        m.d.comb += response.eq(Mux(Cat(refused).any(), Response.SLVERR, Response.OKAY))
        list_address = self._kept(m, written, _LIST_ADDRESS)
        m.d.comb += self.list.p.eq(Cat(list_address.values()))
        for name, action in (("soft_reset", self.soft_reset), ("clear_counters", self.clear_counters)):
            m.d.sync += action.eq(written("CONTROL") & (bus.wdata & mask)[REGISTERS["CONTROL"][name].low])
        values = {**self._constants(), **words, **list_address, **self._status()}
        values |= self._interrupts(m, written, mask)
        self._reads(m, values)
        return m

    def _descriptor(self, m, written):
        """Stage a descriptor; its words as software reads them."""
        words = self._kept(m, written, [register.name for register in DESCRIPTOR_REGISTERS])
        d = self.descriptor.p
        for name, register, field, low in descriptor_fields():
            part = words[register.name][field.low : field.low + field.width]
            m.d.comb += getattr(d, name)[low : low + field.width].eq(part)
        m.d.comb += d.reserved.eq(
            Cat(
                (words[register.name] & ~register.used & _ALL).any() for register in DESCRIPTOR_REGISTERS
            ).any()
        )
        return {name: word & REGISTERS[name].used for name, word in words.items()}

    def _kept(self, m, written, names):
        """Registers that hold what software writes to them, by name."""
        words = {name: Signal(_WORD, name=name.lower()) for name in names}
        for name, word in words.items():
            for byte, strobe in enumerate(self.bus.wstrb):
                bits = slice(8 * byte, 8 * byte + 8)
                with m.If(written(name) & strobe):
                    m.d.sync += word[bits].eq(self.bus.wdata[bits])
        return words

    def _constants(self):
        p = self.parameters
        known = {"major": VERSION[0], "minor": VERSION[1]}
        values = {"ID": IDENTIFIER}
        for name in ("VERSION", *PARAMETER_REGISTERS):
            register = REGISTERS[name]
            values[name] = register.pack(
                **{field.name: known.get(field.name, getattr(p, field.name, 0)) for field in register.fields}
            )
        return {name: Const(value, _WORD) for name, value in values.items()}

    def _interrupts(self, m, written, mask):
        events = _word(
            "INTERRUPT_STATUS",
            done=self.job_done,
            error=self.failed,
            list=self.list_done,
            range=self.out_of_range,
        )
        pending, enabled = (Signal(len(events), name=name) for name in ("pending", "enabled"))
        clear = Mux(written("INTERRUPT_STATUS"), self.bus.wdata & mask, 0)
        m.d.sync += [
            pending.eq((pending & ~clear[: len(events)]) | events),
            self.interrupt.eq((pending & enabled).any()),
        ]
        with m.If(written("INTERRUPT_ENABLE")):
            enable = (self.bus.wdata & mask) | (enabled & ~mask)
            m.d.sync += enabled.eq(enable[: len(enabled)])
        return {"INTERRUPT_STATUS": pending, "INTERRUPT_ENABLE": enabled}

    def _status(self):
        status = self.status
        return {
            "STATUS": _word(
                "STATUS",
                busy=status.busy,
                full=~(self.accepting & self.descriptor.ready),
                error=status.error,
                resetting=status.resetting,
                list=status.list,
                fetching=self.accepting & ~self.list.ready,
                waiting=status.waiting,
            ),
            "ERROR_CODE": status.code,
            "ERROR_ADDRESS_LOW": status.address[:_WORD],
            "ERROR_ADDRESS_HIGH": status.address[_WORD:],
            "JOBS_SUBMITTED": status.submitted,
            "JOBS_DONE": status.done,
            "LISTS_DONE": status.lists_done,
            **{register.name: self.counters[n] for n, register in enumerate(COUNTER_REGISTERS)},
        }

    def _reads(self, m, values):
        bus = self.bus
        address, wanted = Signal(ADDRESS_SPACE_BITS - 2, reset_less=True), Signal(2)  # a bit for each step
        m.d.comb += bus.arready.eq(~wanted.any() & ~bus.rvalid)
        m.d.sync += wanted.eq(Cat(bus.arvalid & bus.arready, wanted[0]))
        with m.If(bus.arready):
            m.d.sync += address.eq(bus.araddr[2:])
        with m.If(bus.rready):
            m.d.sync += bus.rvalid.eq(0)
        # In two steps: one register of each group, then the group.
        low = _READ_GROUP_BITS
        groups = {}
        for name, value in values.items():
            number, place = divmod(REGISTERS[name].offset >> 2, 1 << low)
            groups.setdefault(number, {})[place] = value
        with m.If(wanted[1]):
            m.d.sync += [bus.rvalid.eq(1), bus.rdata.eq(0)]
        for number, group in groups.items():
            word = Signal(_WORD, name=f"group_{number}", reset_less=True)
            m.d.sync += word.eq(0)
            with m.Switch(address[:low]):
                for place, value in group.items():
                    with m.Case(place):
                        m.d.sync += word.eq(value)
            with m.If(wanted[1] & (address[low:] == number)):
                m.d.sync += bus.rdata.eq(word)


def _word(name, **values):
    """What register ``name`` reads with these values of its fields: each in its place, zeros between them."""
    parts, low = [], 0
    for field in REGISTERS[name].fields:
        parts += [Const(0, field.low - low), values[field.name]]
        low = field.low + field.width
    return Cat(parts)
