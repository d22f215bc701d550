"""How far a pass lies below its row's reference."""

from amaranth.hdl import Module, Signal

from hw.array.aligned_accumulator import distance_bits

__all__ = ["DISTANCE_LATENCY", "exponent_distance"]

DISTANCE_LATENCY = 2
"""Cycles that ``exponent_distance`` takes."""


def exponent_distance(m: Module, name, *, reference, exponent, fraction_bits):
    """``reference - exponent``, never negative, saturating where only the sign of a dot product is left."""
    distance = Signal(9, name=f"{name}_exact", reset_less=True)
    m.d.sync += distance.eq((reference - exponent)[: len(distance)])
    bits = distance_bits(fraction_bits)
    saturated = Signal(bits, name=name, reset_less=True)
    m.d.sync += saturated.eq(distance[:bits] | distance[bits:].any().replicate(bits))
    return saturated
