"""Claims about streams: a transfer waits unchanged; none is lost, repeated or overtaken."""

from amaranth.hdl import Signal, Value

__all__ = ["Order", "assume_stable", "claim_stable"]

_COUNT_BITS = 8
"""Bits of counts of transfers, which wrap around: more than a unit holds."""


def claim_stable(bench, name, stream):
    """Valid stays, and the payload with it, until ready."""
    bench.claim(f"{name} stable", stable(bench, name, stream.valid, stream.ready, stream.payload))


def assume_stable(bench, name, stream):
    """The sender of a stream keeps to it."""
    bench.assume(stable(bench, name, stream.valid, stream.ready, stream.payload))


def stable(bench, name, valid, ready, payload):
    """Whether a transfer that waited in the cycle before still does, unchanged."""
    waited = bench.register(f"{name}_waited", valid & ~ready)
    before = bench.register(f"{name}_before", payload)
    return ~waited | (valid & (Value.cast(payload) == before))


class Order:
    """What goes in comes out, once and in order.

    One transfer, whichever, carries a value, whichever; the claim is that the transfer of the same number
    carries it at the output, too.

    Parameters
    ----------
    bench:
        What it is claimed in.
    comes, leaves:
        Whether one goes in, and out.
    entry, exit:
        What goes in, and out.
    bits:
        Bits of the transfers' numbers, which wrap around: the unit holds less than ``2**bits``.

    Attributes
    ----------
    inside:
        How many are in the unit.
    place:
        How many of these leave before the one with the value, if that is inside.
    value:
        What it carries.
    """

    def __init__(self, bench, *, comes, entry, leaves, exit, bits=_COUNT_BITS):
        self._bench = bench
        self._leaves, self._exit = leaves, Value.cast(exit)
        self.number = bench.some("number", bits)
        self.value = bench.some("value", len(Value.cast(entry)))
        self.taken, self._given = _count(bench, "taken", comes, bits), _count(bench, "given", leaves, bits)
        self.inside, self.place = Signal(bits, name="transfers_inside"), Signal(bits, name="place")
        bench.m.d.comb += [
            self.inside.eq((self.taken - self._given)[:bits]),
            self.place.eq((self.number - self._given)[:bits]),
        ]
        bench.assume(~(comes & (self.taken == self.number)) | (Value.cast(entry) == self.value))

    @classmethod
    def of_streams(cls, bench, source, sink, **options):
        """From a stream to a stream."""
        return cls(
            bench,
            comes=source.valid & source.ready,
            entry=source.payload,
            leaves=sink.valid & sink.ready,
            exit=sink.payload,
            **options,
        )

    def claim(self):
        """The transfer with the value comes out with it; and none comes out that did not go in."""
        self._bench.claim("order", ~(self._leaves & (self.place == 0)) | (self._exit == self.value))
        self._bench.claim("none from nowhere", ~self._leaves | (self.inside != 0))

    def help_at(self, name, place, there, payload):
        """Invariant: if something is ``there``, it is the transfer that ``place`` others leave before."""
        self._bench.help(name, ~(there & (self.place == place)) | (Value.cast(payload) == self.value))


def _count(bench, name, happens, bits):
    """How often ``happens`` was true."""
    count = Signal(bits, name=name)
    bench.m.d.sync += count.eq(count + happens)
    return count
