"""Legal parameters give legal Verilog, and no others are taken: ends of ranges, and sets drawn at random."""

import json

import pytest

from gen.designs import DESIGNS, ParameterError
from verif.sweep import __main__ as command
from verif.sweep.check import Outcome, check
from verif.sweep.space import MOST_BLOCKS, SPACE, Draw, blocks, draws, elements

SIZES = {
    "one element": ("mx_array", {"rows": 1, "cols": 1, "drain_rows": 1, "k_blocks": 1, "fraction_bits": 1}),
    "odd array": ("mx_array", {"rows": 3, "cols": 5, "drain_rows": 3, "k_blocks": 3, "product_stages": 1}),
    "one column": ("mx_stream", {"rows": 3, "cols": 1, "drain_rows": 3, "k_blocks": 2}),
    "16 columns": ("mx_stream", {"rows": 1, "cols": 16, "drain_rows": 1, "k_blocks": 5}),
    "least engine": (
        "mixdit_gemm",
        {
            "rows": 1,
            "cols": 1,
            "drain_rows": 1,
            "k_blocks": 2,
            "fraction_bits": 1,
            "stationary_tiles": 1,
            "data_bits": 64,
            "address_bits": 16,
        },
    ),
    "64-bit addresses": (
        "mixdit_gemm",
        {"rows": 3, "cols": 2, "drain_rows": 1, "k_blocks": 2, "data_bits": 64, "address_bits": 64},
    ),
    "2x2": ("mixdit_gemm", {"rows": 2, "cols": 2, "drain_rows": 2}),
    "2x2, two arrays, 256 bits": (
        "mixdit_gemm",
        {"rows": 2, "cols": 2, "drain_rows": 1, "k_blocks": 4, "arrays": 2, "data_bits": 256},
    ),
    "1x1, 512 bits, with reordering": (
        "mixdit_gemm",
        {"rows": 1, "cols": 1, "drain_rows": 1, "data_bits": 512, "queue_depth": 64, "reorder_columns": 16},
    ),
}
"""Designs with parameters, by what is special about them."""

SEED, COUNT, MOST_ELEMENTS = 3, 4, 4
"""Of the sets drawn here; ``python -m verif.sweep`` draws as many as one asks for."""


def run(draw, folder, **options):
    outcome = check(draw, folder, **options)
    assert not outcome.failure, outcome.failure


@pytest.mark.sweep
@pytest.mark.parametrize(("name", "parameters"), SIZES.values(), ids=SIZES)
def test_special_parameters_give_legal_verilog(name, parameters, tmp_path):
    run(Draw(number=0, design=name, parameters=parameters, initialized=True), tmp_path, most_simulated=0)


@pytest.mark.sweep
@pytest.mark.parametrize(
    "draw", tuple(draws(SEED, COUNT, MOST_ELEMENTS)), ids=lambda draw: f"{draw.number}-{draw.design}"
)
def test_drawn_parameters_give_legal_verilog(draw, tmp_path):
    run(draw, tmp_path)


def test_space_has_every_parameter():
    assert {name: set(space) for name, space in SPACE.items()} == {
        name: set(design.parameters) for name, design in DESIGNS.items()
    }


@pytest.mark.parametrize("name", SPACE)
def test_what_lies_beside_legal_values_is_refused(name):
    for parameter, values in SPACE[name].items():
        if parameter == "target":
            wrong = {"asic"}
        else:
            near = (values[0], values[1], values[-1])
            wrong = {value + step for value in near for step in (-1, 1)} - set(values)
        assert wrong
        for value in wrong:
            with pytest.raises(ParameterError, match=rf"^{name}: {parameter} must.*{value}"):
                DESIGNS[name].top({parameter: value})


@pytest.mark.slow
def test_draws_are_legal_varied_and_always_the_same():
    drawn = list(draws(1, 60, 64))
    assert drawn == list(draws(1, 60, 64))
    assert drawn[:20] == list(draws(1, 20, 64))
    assert drawn != list(draws(2, 60, 64))
    assert {draw.design for draw in drawn} == set(DESIGNS)
    assert {draw.initialized for draw in drawn} == {False, True}
    for draw in drawn:
        DESIGNS[draw.design].top(draw.parameters)
        assert elements(draw.parameters) <= 64
        assert blocks(draw.parameters) <= MOST_BLOCKS
    engines = [draw.parameters for draw in drawn if draw.design == "mixdit_gemm"]
    for parameter, values in SPACE["mixdit_gemm"].items():
        assert len({engine[parameter] for engine in engines}) > min(5, len(values) // 2), parameter


def test_failure_is_shown_and_counts(monkeypatch, capsys):
    def made_up(draw, folder):
        failure = "it is broken" if draw.number == 1 else ""
        return Outcome(draw=draw, failure=failure, export_s=float(draw.number), total_s=9.0, simulated=True)

    monkeypatch.setattr(command, "check", made_up)
    assert command.main(["--count", "3", "--seed", "5", "--jobs", "1"]) == 1
    output = capsys.readouterr()
    assert output.out.splitlines()[-1].split() == ["all", "3", "1", "3", "2.0", "s", "27", "s"]
    assert "it is broken" in output.err
    assert "again: python -m verif.sweep --seed 5 --count 2 --only 1 --elements 64" in output.err
    assert command.main(["--count", "3", "--seed", "5", "--jobs", "1", "--only", "2", "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert entry["draw"]["number"] == 2
