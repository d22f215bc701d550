"""Every parameter of every design alone, at both ends of its range: no default of another one forbids it."""

import pytest

from gen.designs import DERIVED, DESIGNS, ParameterError
from gen.synth.subjects import SUBJECTS
from golden.drain_rows import usual_drain_rows
from golden.engine import EngineParameters
from hw.array.array import Array
from hw.target.targets import TARGETS

ENDS = {
    "rows": (1, 2, 3, 7, 64),
    "cols": (1, 64),
    "drain_rows": (1, 8),  # a divisor of rows, which are 8
    "k_blocks": (1, 4096),
    "fraction_bits": (1, 24),
    "product_stages": (1, 2),
    "target": tuple(TARGETS),
    "result_words": (0, 4, 16),
    "adder_lanes": (0, 1, 16),
    "arrays": (1, 16),
    "stationary_tiles": (1, 255),
    "data_bits": (64, 512),
    "address_bits": (16, 64),
    "queue_depth": (4, 64),
    "reorder_columns": (0, 1, 16, 65536),
    "function_lanes": (0, 1, 16),
}
"""Ends of each range, of whatever design has the widest."""

OWN_RANGE = {
    ("mx_stream", "cols", 64): "cols must divide 16",
    ("mixdit_gemm", "cols", 64): r"cols must be one of \(1, 2, 4, 8, 16\)",
    ("mixdit_gemm", "k_blocks", 1): "k_blocks must be even",
    ("mixdit_gemm", "reorder_columns", 1): "reorder_columns must be 0, or 16 to 65536",
}
"""What a design refuses of these, and why."""


@pytest.mark.parametrize(
    ("design", "parameter", "value"),
    [
        (name, parameter, value)
        for name, design in DESIGNS.items()
        for parameter in design.parameters
        for value in ENDS[parameter]
    ],
)
def test_alone_it_is_taken_or_out_of_its_own_range(design, parameter, value):
    if reason := OWN_RANGE.get((design, parameter, value)):
        with pytest.raises(ParameterError, match=f"^{design}: {reason}"):
            DESIGNS[design].top({parameter: value})
    else:
        core = DESIGNS[design].top({parameter: value})
        assert getattr(getattr(core, "core", core), parameter) == value


def test_drain_rows_follow_rows():
    assert [usual_drain_rows(rows) for rows in (1, 2, 3, 4, 5, 6, 7, 8, 9, 64)] == [
        1,
        2,
        3,
        4,
        1,
        3,
        1,
        4,
        3,
        4,
    ]
    assert EngineParameters(rows=6).drain_rows == Array(rows=6).drain_rows == 3
    assert SUBJECTS["grid"].build({"rows": 1, "cols": 1, "k_blocks": 1}).parameters["drain_rows"] == 1


@pytest.mark.parametrize("rows", [None, "8", 2.5, True, 0])
def test_rows_are_refused_whatever_follows_from_them(rows):
    with pytest.raises((TypeError, ValueError), match=r"^rows must be"):
        Array(rows=rows)
    with pytest.raises((TypeError, ValueError), match=r"^rows must be"):
        EngineParameters(rows=rows)


def test_every_default_that_is_not_a_value_is_told_in_words():
    unset = {
        name for design in DESIGNS.values() for name, value in design.defaults().items() if value is None
    }
    assert unset == set(DERIVED)
