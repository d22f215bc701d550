"""Engines of the soak: legal, varied, and always the same for a seed."""

from dataclasses import asdict

from hw.gemm.engine import Engine
from verif.soak.designs import ENGINES, design
from verif.sweep.space import elements


def test_the_same_for_the_same_seed():
    drawn = [design(1, number) for number in range(20)]
    assert drawn == [design(1, number) for number in range(20)]
    assert drawn != [design(2, number) for number in range(20)]


def test_legal_and_varied():
    drawn = [design(3, number) for number in range(60)]
    for one in drawn[:6]:
        Engine(**asdict(one.parameters), **one.build)
    for one in drawn:
        assert elements(vars(one.parameters)) <= 32
    for name, values in ENGINES.items():
        found = {{**vars(one.parameters), **one.build}[name] for one in drawn}
        assert len(found) > min(5, len(values) // 2), name
