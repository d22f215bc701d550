"""The quantizer, dequantizer and converter against golden."""

import random
from fractions import Fraction

import pytest
from amaranth.hdl import Const, Fragment, Module
from amaranth.lib import stream

from golden.formats import BLOCK_SIZE, CODE_BITS, MX9, NAN_EXPONENT, RESERVED_CODE, STREAM_FORMATS
from golden.reference import binary32_value
from hw.block.converter import Converter
from hw.block.dequantizer import Dequantizer
from hw.block.layouts import tensor_of
from hw.block.quantizer import Quantizer
from hw.stream.packet import packet_layout
from hw.stream.pipeline import Pipeline
from verif.coverage import merge, read_tallies
from verif.hw.block import block_vectors as vectors

CORES = {"quantizer": Quantizer, "dequantizer": Dequantizer, "converter": Converter}


@pytest.mark.parametrize(
    "unit", ["converter", *(pytest.param(u, marks=pytest.mark.slow) for u in ("quantizer", "dequantizer"))]
)
def test_unit(bench, unit):
    result = bench(
        CORES[unit](),
        f"mx_{unit}",
        "verif.hw.block.block_bench",
        parameters={"unit": unit, "rounds": 4, "examples": 300},
    )
    assert len(result.tests) == 17
    (tally,) = merge(read_tallies(result.folder))
    assert tally.missing == []


@pytest.mark.slow
@pytest.mark.parametrize("words", [4, 8])
def test_quantizer_of_parts(bench, words):
    result = bench(
        Quantizer(words=words),
        f"mx_quantizer_{words}",
        "verif.hw.block.block_bench",
        parameters={"unit": "quantizer", "words": words, "rounds": 2, "examples": 150},
    )
    assert len(result.tests) == 17
    (tally,) = merge(read_tallies(result.folder))
    assert tally.missing == []


def test_quantizer_names_the_words_that_it_can_have():
    with pytest.raises(ValueError, match="words must be one of 4, 8, 16, not 2"):
        Quantizer(words=2)


@pytest.mark.parametrize("fmt", STREAM_FORMATS, ids=str)
def test_tie_vectors_are_ties(fmt):
    rng = random.Random(1)
    remainders = set()
    for _ in range(50):
        values = vectors.FLOAT_CASES["ties"](rng, fmt)
        block = tensor_of(fmt, Quantizer.compute(vectors.floats(values), fmt.code)[0])
        for k, bits in enumerate(values):
            t = int(block.microexponents[0]) >> (k // fmt.subblock_size) & 1
            step = Fraction(2) ** (int(block.exponents[0]) - 127 - t - (fmt.magnitude_bits - 1))
            scaled = abs(binary32_value(bits)) / step
            assert scaled % 1 == Fraction(1, 2)
            remainders.add(int(scaled) % 2)
    assert remainders == {0, 1}


@pytest.mark.parametrize("fmt", STREAM_FORMATS, ids=str)
def test_saturation_vectors_round_beyond_the_range(fmt):
    rng = random.Random(1)
    blocks = [vectors.FLOAT_CASES["saturation"](rng, fmt) for _ in range(50)]
    reached = set()
    for values in blocks:
        block = tensor_of(fmt, Quantizer.compute(vectors.floats(values), fmt.code)[0])
        for k, bits in enumerate(values):
            t = int(block.microexponents[0]) >> (k // fmt.subblock_size) & 1
            step = Fraction(2) ** (int(block.exponents[0]) - 127 - t - (fmt.magnitude_bits - 1))
            if abs(binary32_value(bits)) / step >= fmt.max_element + Fraction(1, 2):
                assert abs(int(block.elements[0, k])) == fmt.max_element
                reached.add(bits >> 31)
    assert reached == {0, 1}


def test_sweep_has_every_code_in_every_lane():
    for fmt in STREAM_FORMATS:
        blocks = list(vectors.every_code(fmt, random.Random(1)))
        every = set(range(fmt.min_element, fmt.max_element + 1))
        assert all({block[lane] for block in blocks} == every for lane in range(BLOCK_SIZE))


def test_last_stage_of_a_pipeline_cannot_be_cleared():
    m = Module()
    stream_of_bits = stream.Signature(packet_layout(1, 1))
    pipe = Pipeline(m, i=stream_of_bits.create(), o=stream_of_bits.create(), stages=2)
    with pytest.raises(ValueError, match="only must be None in stage 2"):
        pipe.register(2, "x", Const(0, 1), only=Const(1, 1))
    Fragment.get(m, None)


def test_reserved_format_makes_nan_blocks():
    data = vectors.packed(MX9, 130, 0xFF, [1] * BLOCK_SIZE)
    nans = vectors.floats([0x7FC00000] * BLOCK_SIZE)
    assert Quantizer.compute(data, RESERVED_CODE) == (NAN_EXPONENT, RESERVED_CODE)
    assert Dequantizer.compute(data, RESERVED_CODE) == (nans, RESERVED_CODE)
    assert Converter.compute(data, MX9.code << CODE_BITS | RESERVED_CODE) == (NAN_EXPONENT, MX9.code)
    assert Converter.compute(data, RESERVED_CODE << CODE_BITS | MX9.code) == (NAN_EXPONENT, RESERVED_CODE)
