"""Claims about ``hw.gemm.jobs.control``: registers of golden's table, as software writes and reads them."""

from amaranth.hdl import Cat, Const, Mux, Signal, Value

from golden.engine import (
    COUNTER_REGISTERS,
    DESCRIPTOR_REGISTERS,
    IDENTIFIER,
    PARAMETER_REGISTERS,
    REGISTERS,
    VERSION,
    EngineParameters,
)
from hw.gemm.jobs import control
from hw.gemm.jobs.control import Control
from verif.formal.prover.claim import Claim
from verif.formal.prover.handshake import stable
from verif.formal.prover.methods import AnyState, Induction
from verif.formal.prover.mutation import Edit

__all__ = ["CLAIMS"]

_PARAMETERS = EngineParameters()
_ADDRESS = ("LIST_ADDRESS_LOW", "LIST_ADDRESS_HIGH")
_KEPT = (*(register.name for register in DESCRIPTOR_REGISTERS), *_ADDRESS)
"""Registers that read as what was written."""

_EVENTS = ("done", "error", "list", "range")
"""Fields of the interrupts' registers, in the order of their bits."""

_READ_CYCLES = 3
"""Cycles from a read's address to its answer."""


def _writes(bench):
    """Every byte of every register that is kept: as written with its strobe, else as before."""
    unit = bench.unit(Control(parameters=_PARAMETERS))
    bus = unit.bus
    taken = bus.awvalid & bus.awready & bus.wvalid & bus.wready
    write, address = bench.ago("write", taken, 1), bench.ago("address", bus.awaddr, 1)
    data, strobes = bench.ago("data", bus.wdata, 1), bench.ago("strobes", bus.wstrb, 1)
    for name in _KEPT:
        word = bench.inside(f"unit.{name.lower()}", 32)
        before = bench.ago(f"before_{name}", word, 1)
        here = write & (address[2:] == REGISTERS[name].offset >> 2)
        expected = Cat(
            Mux(here & strobes[n], data.word_select(n, 8), before.word_select(n, 8)) for n in range(4)
        )
        bench.claim(name.lower(), word == expected)
    bench.claim("answered", ~write | bus.bvalid)
    bench.claim("address and data together", bus.awready == bus.wready)


def _reads(bench):
    """Every register with what it shows; 0 where there is none."""
    m = bench.m
    unit = bench.unit(Control(parameters=_PARAMETERS))
    bus = unit.bus
    taken = bench.ago("read", bus.arvalid & bus.arready, _READ_CYCLES)
    address = bench.ago("address", bus.araddr, _READ_CYCLES)
    known = 0
    for name, value in _shown(bench, unit).items():
        here = address[2:] == REGISTERS[name].offset >> 2
        shown = Signal(32, name=f"shown_{name.lower()}")
        m.d.comb += shown.eq(value)
        # Values are taken in the cycle after the address.
        right = bus.rdata == bench.ago(f"shown_{name.lower()}", shown, _READ_CYCLES - 1)
        bench.claim(name.lower(), ~(taken & here) | (bus.rvalid & right))
        known = known | here
    bench.claim("no register", ~(taken & ~known) | (bus.rvalid & (bus.rdata == 0)))


def _shown(bench, unit):
    """What each register reads as, by the table's fields."""
    status = unit.status
    values = {name: bench.inside(f"unit.{name.lower()}", 32) & _used(name) for name in _KEPT}
    known = {"major": VERSION[0], "minor": VERSION[1]}
    for name in ("VERSION", *PARAMETER_REGISTERS):
        fields = REGISTERS[name].fields
        parts = (known.get(field.name, getattr(_PARAMETERS, field.name, 0)) << field.low for field in fields)
        values[name] = Const(sum(parts), 32)
    values["ID"] = Const(IDENTIFIER, 32)
    address = Value.cast(status.address)
    values |= {
        "ERROR_CODE": status.code,
        "ERROR_ADDRESS_LOW": address[:32],
        "ERROR_ADDRESS_HIGH": address[32:],
        "JOBS_SUBMITTED": status.submitted,
        "JOBS_DONE": status.done,
        "LISTS_DONE": status.lists_done,
    }
    values |= {register.name: unit.counters[n] for n, register in enumerate(COUNTER_REGISTERS)}
    flags = {name: getattr(status, name) for name in ("busy", "error", "resetting", "list", "waiting")}
    flags["full"] = ~(unit.accepting & unit.descriptor.ready)
    flags["fetching"] = unit.accepting & ~unit.list.ready
    values["STATUS"] = _fields("STATUS", flags)
    events = len(REGISTERS["INTERRUPT_STATUS"].fields)
    for name, net in (("INTERRUPT_STATUS", "pending"), ("INTERRUPT_ENABLE", "enabled")):
        bits = bench.inside(f"unit.{net}", events)
        values[name] = _fields(name, dict(zip(_EVENTS, bits, strict=True)))
    return values


def _used(name):
    """Bits of a register that keep what is written: of an address's all."""
    return REGISTERS[name].used if name not in _ADDRESS else (1 << 32) - 1


def _fields(name, values):
    """A register of fields, each in its place."""
    word = Const(0, 32)
    for field in REGISTERS[name].fields:
        word = word | (Value.cast(values[field.name])[: field.width] << field.low)
    return word


def _answers(bench):
    """Answers wait, unchanged, until they are taken."""
    bus = bench.unit(Control(parameters=_PARAMETERS)).bus
    bench.claim("B stable", stable(bench, "b", bus.bvalid, bus.bready, bus.bresp))
    bench.claim("R stable", stable(bench, "r", bus.rvalid, bus.rready, bus.rdata))
    wanted = bench.inside("unit.wanted", 2)
    bench.help("one read at a time", (wanted != 3) & ~(bus.rvalid & wanted.any()))


CLAIMS = [
    Claim(
        unit="Control",
        text="every byte written to a register that keeps it, and no other",
        build=_writes,
        method=AnyState(1),
        mutants=(
            Edit("strobes do not count", Control, "_kept", "written(name) & strobe", "written(name)"),
            Edit("bytes in the wrong place", Control, "_kept", "self.bus.wdata[bits]", "self.bus.wdata[:8]"),
        ),
        quick=False,
    ),
    Claim(
        unit="Control",
        text="every register reads as golden's table says, others as 0",
        build=_reads,
        method=AnyState(_READ_CYCLES),
        mutants=(
            Edit("another group", Control, "_reads", "address[low:] == number", "address[low:] != number"),
            Edit("fields side by side", control, "_word", "Const(0, field.low - low), values", "values"),
        ),
        quick=False,
    ),
    Claim(
        unit="Control",
        text="answers of AXI4-Lite wait unchanged",
        build=_answers,
        method=Induction(1),
        mutants=(
            Edit("a write's answer does not wait", Control, "elaborate", " & ~bus.bvalid", ""),
            Edit(
                "a read's answer does not wait",
                Control,
                "_reads",
                "~wanted.any() & ~bus.rvalid",
                "~wanted.any()",
            ),
        ),
        quick=False,
    ),
]
