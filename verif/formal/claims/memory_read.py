"""Claims about ``hw.stream.memory_read``: what is read comes out, once and in order, and waits unchanged."""

from amaranth.hdl import Signal

from hw.stream.memory_read import MemoryRead
from verif.formal.prover.claim import Claim
from verif.formal.prover.handshake import Order, stable
from verif.formal.prover.methods import Induction
from verif.formal.prover.mutation import Edit

__all__ = ["CLAIMS"]

_WIDTH = 8


def _build(bench):
    """Reads of nothing, and a value that goes along through registers as the memories' stages are."""
    valid, ready = Signal(name="valid"), bench.any("ready", 1)
    value = bench.any("value", _WIDTH)
    read = MemoryRead(bench.m, there=bench.any("there", 1), valid=valid, ready=ready)
    made = read.accompany("word", value)
    order = Order(bench, comes=read.reads, entry=value, leaves=valid & ready, exit=made)
    bench.claim("o stable", stable(bench, "o", valid, ready, made))
    bench.claim("count", order.inside == read.under_way + valid)
    order.claim()
    order.help_at("output", 0, valid, made)
    order.help_at("under way", valid, read.under_way, bench.inside("word_1", _WIDTH))


CLAIMS = [
    Claim(
        unit="MemoryRead",
        text="order, count, stable output",
        build=_build,
        method=Induction(1),
        mutants=(
            Edit("the output goes on", MemoryRead, "__init__", "eq(~valid | ready)", "eq(1)"),
            Edit("reads go on", MemoryRead, "__init__", "~self.under_way | self.output_enable", "1"),
        ),
    )
]
