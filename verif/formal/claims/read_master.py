"""Claims about ``hw.axi.read_master``."""

from amaranth.hdl import Cat, Signal

from hw.axi.read_master import OUTSTANDING, ReadMaster
from verif.formal.prover.claim import Claim
from verif.formal.prover.handshake import assume_stable, stable
from verif.formal.prover.methods import Induction
from verif.formal.prover.mutation import Edit

__all__ = ["CLAIMS"]

_PAGE = 4096
"""AXI4: no burst crosses a multiple of this."""

_ADDRESS_BITS, _MOST_BYTES = 40, 1 << 20


def _build(data_bits, outstanding):
    """A master with commands of any run that ends within the address space."""

    def build(bench):
        m = bench.m
        unit = bench.unit(
            ReadMaster(
                data_bits=data_bits,
                address_bits=_ADDRESS_BITS,
                most_bytes=_MOST_BYTES,
                tag=1,
                outstanding=outstanding,
            )
        )
        bus, command, beat = unit.bus, unit.command.p, data_bits // 8
        low = beat.bit_length() - 1
        assume_stable(bench, "command", unit.command)
        bench.assume((command.bytes != 0) & (command.bytes <= _MOST_BYTES))
        bench.assume((command.address + command.bytes) <= 1 << _ADDRESS_BITS)

        address, length = Signal(_ADDRESS_BITS), Signal(9)
        m.d.comb += [address.eq(bus.araddr), length.eq(bus.arlen + 1)]
        end = Signal(_ADDRESS_BITS + 1)  # just behind the burst
        m.d.comb += end.eq(address + length * beat)
        bench.claim("AR stable", stable(bench, "ar", bus.arvalid, bus.arready, _address_channel(bus)))
        bench.claim("page", ~bus.arvalid | (address[:12] + length * beat <= _PAGE))

        # The run that bursts are made of now, and that of the burst that is offered, in beats.
        takes = unit.command.valid & unit.command.ready
        first = bench.register("first", command.address[low:], enable=takes)
        last_byte = Signal(_ADDRESS_BITS)
        m.d.comb += last_byte.eq((command.address + command.bytes - 1)[:_ADDRESS_BITS])
        last = bench.register("last", last_byte[low:], enable=takes)
        issued = bench.inside("unit.bursts.i__valid", 1)
        run_first, run_last = (
            bench.register(f"issued_{name}", value, enable=issued)
            for name, value in (("first", first), ("last", last))
        )
        bench.claim("in the run", ~bus.arvalid | ((address[low:] >= run_first) & (end[low:] <= run_last + 1)))

        # Bursts under way.
        begun, ended = issued, bus.rvalid & bus.rlast
        under_way = Signal(range(2 * outstanding + 2))
        m.d.sync += under_way.eq(under_way + begun - ended)
        bench.assume(~bus.rvalid | (under_way - (bus.arvalid & ~bus.arready) > 0))
        bench.claim("outstanding", under_way <= outstanding)

        late_stop = bench.register("late_stop", unit.stop)
        pending = bench.register("pending", bus.arvalid & ~bus.arready)
        bench.claim("nothing after stop", ~late_stop | ~bus.arvalid | pending)
        answered = ~unit.beat.valid & (under_way == 0) & ~bus.arvalid
        bench.claim("idle", unit.idle == answered)
        _help(bench, unit, first, last, under_way, low)

    return build


def _address_channel(bus):
    """What must not change while ARVALID waits."""
    return Cat(bus.araddr, bus.arlen, bus.arsize, bus.arburst)


def _help(bench, unit, first, last, under_way, low):
    """The burst to come lies in its run; as many are noted as are under way."""
    beats = unit._burst_beats
    place_bits = beats.bit_length() - 1
    active = bench.inside("unit.active", 1)
    span = bench.inside("unit.span", _ADDRESS_BITS - low - place_bits)
    place = bench.inside("unit.place", place_bits)
    bits = max(len(unit.command.p.bytes), low + place_bits) + 1 - low
    left = bench.inside("unit.last", bits)
    bench.help("place", ~active | (left >= place))
    bench.help("end", ~active | ((span << place_bits) + left == last))
    bench.help("start", ~active | ((span << place_bits) + place >= first))
    level = bench.inside("unit.bursts.level", range(unit.outstanding + 1))
    room = bench.inside("unit.room", 1)
    bench.help("level", level == under_way)
    bench.help("room", ~room | (level < unit.outstanding))
    bench.help("waits", ~unit.bus.arvalid | (level != 0))


CLAIMS = [
    Claim(
        unit=f"ReadMaster, {data_bits} bits",
        text="4 KiB pages, within the run, outstanding, stop, idle, AR stable",
        build=_build(data_bits, OUTSTANDING),
        method=Induction(1, search=8),
        mutants=(
            Edit(
                "from the place as if from 0",
                ReadMaster,
                "_issue",
                "self._burst_beats - 1) - place",
                "self._burst_beats - 1)",
            ),
            Edit("goes on after stop", ReadMaster, "_issue", "active & ~self.stop & room", "active & room"),
            Edit(
                "does not wait for ARREADY",
                ReadMaster,
                "_issue",
                "(~self.bus.arvalid | self.bus.arready)",
                "1",
            ),
            Edit("the run ends a beat late", ReadMaster, "_issue", "(command.bytes - 1)", "command.bytes"),
        ),
        quick=False,
    )
    for data_bits in (64, 512)
]
