"""No assignment of any design drops bits unsaid; the check, and every export, sees one that does."""

import pytest
from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring

from gen.designs import DESIGNS
from gen.package import make_package
from gen.verilog import to_verilog
from gen.widths import TruncationError, check_widths, needed_bits
from golden.engine import DESCRIPTOR_WORDS
from hw.gemm.jobs.control import Control
from hw.target.targets import TARGETS
from verif.gen.conftest import SMALL, design_parameter

A, B, NARROW, NEGATIVE = Signal(8), Signal(6), Signal(3), Signal(signed(8))

FITS = {
    "a signal": (A, 8),
    "a constant": (Const(5, 32), 3),
    "a negative constant": (Const(-8, 32), 4),
    "a sum's carry": (A + 1, 8),
    "a counter that may stand still": (Mux(B[0], A + 1, A), 8),
    "a difference's sign": (A - B, 8),
    "a sum of sums": (A + B + NARROW, 8),
    "a choice": (Mux(A[0], B, 0), 6),
    "a mask": (A & 0b111, 3),
    "a mask by a signal": (A & NARROW, 3),
    "zeros above": (Cat(NARROW, Const(0, 5)), 3),
    "a comparison": (A == B, 1),
    "a reduction": (A.any(), 1),
    "a product by a constant": (NARROW * 5, 6),
    "a shift right": (A >> 3, 5),
    "a slice": (A[2:5], 3),
    "a slice of a sum": ((A + B)[:8], 8),
    "an element": (Array([NARROW, B])[A], 6),
    "a part": (A.word_select(NARROW, 2), 2),
}
"""Values, and the least target of which no bit is missing."""

FLAGS = Cat(A.any(), B.any(), NARROW.any())


class Assigns(wiring.Component):
    """``target.eq(value)``, in a submodule, under conditions."""

    def __init__(self, target, value):
        self.target, self.value = target, value
        super().__init__({})

    def elaborate(self, platform):
        m, inner = Module(), Module()
        m.submodules.inner = inner
        with inner.If(A[0]), inner.Switch(B), inner.Case(3):
            inner.d.sync += self.target.eq(self.value)
        return m


@pytest.mark.parametrize(("value", "bits"), FITS.values(), ids=FITS)
def test_bits_of(value, bits):
    assert needed_bits(Value.cast(value)) == bits
    assert check_widths(Assigns(Signal(bits), value)) == 1
    with pytest.raises(TruncationError, match=f"test_widths.py:\\d+: {bits} bits into the {bits - 1} of"):
        check_widths(Assigns(Signal(bits - 1), value))


@pytest.mark.parametrize(
    ("value", "target"),
    [
        (FLAGS, 1),
        (A, 7),
        (A * B, 13),
        (A << NARROW, 14),
        (NEGATIVE, 7),
        (~A, 7),
        (NEGATIVE & -2, 7),
        (Cat(NARROW, NEGATIVE), 10),
        (Mux(A[0], NARROW, B), 5),
        (A | B, 7),
        (NEGATIVE // 2, 7),
        (A % B, 5),
    ],
)
def test_wider_is_found(value, target):
    with pytest.raises(TruncationError, match=f"bits into the {target} of"):
        check_widths(Assigns(Signal(target), value))


def test_field_of_a_view_is_named():
    word = Signal(data.StructLayout({"low": 4, "rest": data.ArrayLayout(1, 4)}), name="word")
    with pytest.raises(TruncationError, match=r"8 bits into the 4 of \(slice \(sig word\) 4:8\)"):
        check_widths(Assigns(word.rest, A))


def test_every_place_is_listed():
    class Two(wiring.Component):
        def elaborate(self, platform):
            m = Module()
            m.d.comb += Signal(2, name="first").eq(A)
            m.submodules.inner = Assigns(Signal(5, name="second"), B)
            return m

    with pytest.raises(TruncationError, match=r"(?s)2 of \(sig first\)\n.*5 of \(sig second\)$"):
        check_widths(Two({}))


def _all_of(top):
    """``top`` and the modules that it shares, and that these share."""
    yield top
    for module in getattr(getattr(top, "core", top), "shared_modules", {}).values():
        yield from _all_of(module)


MORE = (
    {"mixdit_gemm": {"rows": 4, "cols": 2, "drain_rows": 2, "k_blocks": 2, "data_bits": 64, "adder_lanes": 1,
                     "result_words": 16, "address_bits": 64, "stationary_tiles": 5, "reorder_columns": 100,
                     "queue_depth": 64}},
    {"mixdit_gemm": {"rows": 3, "cols": 16, "drain_rows": 3, "k_blocks": 4096, "data_bits": 512, "arrays": 3,
                     "address_bits": 16, "reorder_columns": 65536, "fraction_bits": 24, "adder_lanes": 16,
                     "result_words": 4}},
    {"mixdit_gemm": {"rows": 1, "cols": 1, "drain_rows": 1, "k_blocks": 2, "stationary_tiles": 255,
                     "fraction_bits": 1, "data_bits": 256, "reorder_columns": 16, "product_stages": 1,
                     "result_words": 8}},
    {"mixdit_gemm": {"rows": 1, "cols": 16, "drain_rows": 1, "k_blocks": 2, "stationary_tiles": 3,
                     "arrays": 3, "data_bits": 512, "address_bits": 63, "target": "xilinx_dsp"}},
    {"mx_array": {"rows": 64, "cols": 1, "drain_rows": 64, "k_blocks": 1, "fraction_bits": 1},
     "mx_stream": {"rows": 1, "cols": 1, "drain_rows": 1, "k_blocks": 4096, "fraction_bits": 24}},
)  # fmt: skip
"""Parameters at their bounds, by design."""


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", [*map(design_parameter, DESIGNS)])
def test_targets(name, target):
    design = DESIGNS[name]
    targeted = {"target": target} if "target" in design.parameters else {}
    assert check_widths(*_all_of(design.top(SMALL.get(name, {}) | targeted))) > 50


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("name", "parameters"),
    [(name, parameters) for more in MORE for name, parameters in more.items()],
)
def test_bounds(name, parameters):
    assert check_widths(*_all_of(DESIGNS[name].top(parameters))) > 50


def test_planted_truncation_is_found(monkeypatch):
    """The one that this check was written for: a flag of each word into one bit."""
    design = DESIGNS["mixdit_gemm"]
    whole = Value.any
    monkeypatch.setattr(Value, "any", lambda self: self if len(self) == DESCRIPTOR_WORDS else whole(self))
    top = design.top(SMALL["mixdit_gemm"])
    with pytest.raises(TruncationError, match=rf"control\.py:\d+: {DESCRIPTOR_WORDS} bits into the 1 of"):
        check_widths(Control(parameters=top.parameters))
    with pytest.raises(TruncationError, match=r"^assignments drop bits of their values:\n.*control\.py:\d+"):
        make_package(design, top, design.name)


def test_module_that_is_shared_is_checked_on_export():
    class Shares(wiring.Component):
        shared_modules = {"narrow": Assigns(Signal(5), B)}

        def elaborate(self, platform):
            return Assigns(Signal(6), B)

    with pytest.raises(TruncationError, match="6 bits into the 5 of"):
        to_verilog(Shares({}), "shares")
