"""Claims about ``hw.axi.write_master``."""

from amaranth.hdl import Cat, Signal

from hw.axi.line import FRAGMENT_BYTES
from hw.axi.write_master import WriteMaster
from verif.formal.prover.claim import Claim
from verif.formal.prover.handshake import assume_stable, stable
from verif.formal.prover.methods import Induction
from verif.formal.prover.mutation import Edit

__all__ = ["CLAIMS"]

_ADDRESS_BITS = 40


def _build(data_bits):
    """A master whose lines are aligned, their beats in ascending order without a gap."""

    def build(bench):
        m = bench.m
        unit = bench.unit(WriteMaster(data_bits=data_bits, address_bits=_ADDRESS_BITS))
        bus, beat, beat_bytes = unit.bus, unit.i.p, data_bits // 8
        line_beats = FRAGMENT_BYTES // beat_bytes

        # The sender: a line's beats one after the other, all in one line.
        assume_stable(bench, "beat", unit.i)
        taken = unit.i.valid & unit.i.ready
        goes_on = bench.register("goes_on", beat.more != 0, enable=taken)
        number = bench.register("number", beat.number, enable=taken)
        more = bench.register("more", beat.more, enable=taken)
        follows = (beat.number == number + 1) & (beat.more + 1 == more)
        bench.assume(~(unit.i.valid & goes_on) | follows)
        in_line = (beat.number & line_beats - 1) + beat.more < line_beats
        bench.assume(~unit.i.valid | in_line)

        bench.claim("AW stable", stable(bench, "aw", bus.awvalid, bus.awready, Cat(bus.awaddr, bus.awlen)))
        bench.claim(
            "W stable", stable(bench, "w", bus.wvalid, bus.wready, Cat(bus.wdata, bus.wstrb, bus.wlast))
        )
        length = (bus.awlen + 1) * beat_bytes
        bench.claim("page", ~bus.awvalid | (bus.awaddr[:12] + length <= 4096))

        # Bursts under way, from the beat that begins one to its response.
        goes_out = taken & ~bench.inside("unit.dropped", 1)
        open_burst = bench.register("open_burst", beat.more != 0, enable=goes_out)
        begun = goes_out & ~open_burst
        under_way = Signal(range(2 * unit.outstanding + 2))
        m.d.sync += under_way.eq(under_way + begun - bus.bvalid)
        bench.assume(~bus.bvalid | (under_way != 0))
        bench.claim("outstanding", under_way <= unit.outstanding)

        # Data of a burst: as many beats as its address says, each where it belongs, WLAST with the last one.
        sent = bench.register("sent", goes_out)
        bench.claim("last beat", ~sent | (bus.wlast == (more == 0)))
        pending = bench.register("pending", bus.awvalid & ~bus.awready)
        starts = bench.register("starts", begun)
        right = (bus.awaddr == number << beat_bytes.bit_length() - 1) & (bus.awlen == more)
        bench.claim("address", ~starts | (bus.awvalid & bus.wvalid & right))
        bench.claim("one address for a burst", starts | pending | ~bus.awvalid)
        bench.claim("no beat of a burst is dropped", ~(open_burst & taken) | goes_out)
        bench.help("under way", (open_burst == bench.inside("unit.under_way", 1)) & (~open_burst | goes_on))
        late_stop = bench.register("late_stop", unit.stop)
        bench.claim("nothing begins after stop", ~late_stop | ~bus.awvalid | pending)
        bench.claim("idle", ~unit.idle | ((under_way == 0) & ~bus.awvalid & ~bus.wvalid))
        level = bench.inside("unit.bursts.level", range(unit.outstanding + 1))
        room = bench.inside("unit.room", 1)
        bench.help("level", level == under_way)
        bench.help("room", ~room | (level < unit.outstanding))

    return build


_A_BURST_IN_EACH_BEAT = Edit(
    "a burst in each beat", WriteMaster, "_send", "under_way.eq(~last)", "under_way.eq(0)"
)
"""Of a line of several beats."""

CLAIMS = [
    Claim(
        unit=f"WriteMaster, {data_bits} bits",
        text="4 KiB pages, addresses, WLAST, outstanding, stop, idle, AW and W stable",
        build=_build(data_bits),
        method=Induction(1, search=8),
        mutants=(
            Edit("begins after stop", WriteMaster, "_send", "room & ~self.stop", "room"),
            Edit("does not wait for WREADY", WriteMaster, "_send", "(~bus.wvalid | bus.wready)", "1"),
            Edit(
                "a beat too long",
                WriteMaster,
                "_send",
                "bus.awlen.eq(beat.more)",
                "bus.awlen.eq(beat.more + 1)",
            ),
            *((_A_BURST_IN_EACH_BEAT,) if data_bits // 8 < FRAGMENT_BYTES else ()),
        ),
        quick=False,
    )
    for data_bits in (64, 512)
]
