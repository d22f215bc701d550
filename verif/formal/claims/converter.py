"""Claims about ``hw.block.converter``: every pair of formats, every bit pattern."""

from amaranth.hdl import Value

from golden.formats import BLOCK_SIZE, NAN_EXPONENT, STREAM_FORMATS
from hw.block.converter import Converter
from hw.block.layouts import block_fields, is_format
from verif.formal.prover.claim import Claim
from verif.formal.prover.methods import AnyState
from verif.formal.prover.mutation import Edit
from verif.formal.prover.numbers import is_rounded, magnitude_of

__all__ = ["CLAIMS"]


class _Conversion:
    """A converter, the beat that went in ``Converter.stages`` cycles ago and what came of it."""

    def __init__(self, bench):
        unit = bench.unit(Converter())
        self.given = bench.ago("given", unit.i.p, Converter.stages)
        self.made = bench.inside("unit.queue.data", unit.o.p.shape())
        self.codes = self.given.user

    def is_pair(self, source, target):
        """Whether it is from ``source`` to ``target``."""
        return is_format(self.codes.from_, source) & is_format(self.codes.to, target)


def _elements(source, target):
    """Elements of a block of ``source`` as ``target``."""

    def build(bench):
        conversion = _Conversion(bench)
        pair = conversion.is_pair(source, target)
        before, after = (
            block_fields(fmt, part.data).elements
            for fmt, part in ((source, conversion.given), (target, conversion.made))
        )
        for k in range(BLOCK_SIZE):
            bench.claim(f"element {k}", ~pair | _converted(bench.m, k, source, target, before[k], after[k]))

    return build


def _converted(m, k, source, target, q, result):
    gained = target.magnitude_bits - source.magnitude_bits
    if gained >= 0:
        return result == q << gained
    size, size_after = magnitude_of(m, f"given_{k}", q), magnitude_of(m, f"made_{k}", result)
    rounded = is_rounded(
        m, f"rounded_{k}", value=size, unit=1 << -gained, result=size_after, most=target.max_element
    )
    return rounded & ((size_after == 0) | ((q < 0) == (result < 0)))


def _rest(bench):
    """Everything beside the elements; and reserved codes."""
    conversion = _Conversion(bench)
    given, made = conversion.given, conversion.made
    pairs = [(a, b, conversion.is_pair(a, b)) for a in STREAM_FORMATS for b in STREAM_FORMATS]
    known = 0
    for source, target, pair in pairs:
        known = known | pair
        before, after = block_fields(source, given.data), block_fields(target, made.data)
        same = (before.exponent == after.exponent) & (before.microexponents == after.microexponents)
        above = made.data[target.block_bits :]
        bench.claim(f"{source} to {target}", ~pair | (same & (~above.any() if len(above) else 1)))
    bench.claim("reserved code", known | (made.data == NAN_EXPONENT))
    bench.claim(
        "user and last", (Value.cast(made.user) == Value.cast(given.user.to)) & (made.last == given.last)
    )


_EARLY_MX9 = Edit("MX9 a cycle early", Converter, "elaborate", '"mx9", late_n', '"mx9", n')
_EARLY_MX6 = Edit("upper bits a cycle early", Converter, "_to_mx6", "for x in late_n]", "for x in n]")
_EARLY_MX4 = Edit("upper bits a cycle early", Converter, "_to_short", "for x in late_n]", "for x in n]")

_MUTANTS = {
    ("MX9", "MX6"): (
        Edit("ties away from zero", Converter, "_to_mx6", "(w[drop] | w[: drop - 1].any())", "1"),
        Edit("no clamp", Converter, "_to_mx6", "| (e & (x[drop] != x[-1]))", ""),
    ),
    ("MX9", "MX4"): (
        Edit("what only MX9 has is lost", Converter, "_to_short", ".any() | b)", ".any())"),
        Edit("no clamp", Converter, "_to_short", " & ~(x[drop + 1 : -1].all() & ~s)", ""),
    ),
    ("MX6", "MX4"): (
        Edit("ties to odd", Converter, "_to_short", "(x[drop] | x[lost", "(~x[drop] | x[lost"),
        Edit("clamps what is exact", Converter, "elaborate", "only=~keeps", "only=keeps"),
    ),
    **{(source, "MX9"): (_EARLY_MX9,) for source in ("MX4", "MX6", "MX9")},
    **{(source, "MX6"): (_EARLY_MX6,) for source in ("MX4", "MX6")},
    ("MX4", "MX4"): (_EARLY_MX4,),
}

CLAIMS = [
    *(
        Claim(
            unit="Converter",
            text=f"{source} to {target}: every element",
            build=_elements(source, target),
            method=AnyState(Converter.stages),
            mutants=_MUTANTS[str(source), str(target)],
        )
        for source in STREAM_FORMATS
        for target in STREAM_FORMATS
    ),
    Claim(
        unit="Converter",
        text="exponent, microexponents, code, reserved codes",
        build=_rest,
        method=AnyState(Converter.stages),
        mutants=(
            Edit(
                "microexponents stay",
                Converter,
                "_fields",
                "fields[MX9].microexponents, only=~unknown",
                "fields[MX9].microexponents",
            ),
            Edit(
                "a code a cycle early",
                Converter,
                "elaborate",
                'carry(1, self.stages, "user"',
                'carry(2, self.stages, "user"',
            ),
        ),
    ),
]
