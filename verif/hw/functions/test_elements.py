"""Functions of an element against golden's."""

import pytest

from verif.hw.functions.elements import results_of
from verif.hw.functions.function_vectors import UNITS, VECTORS, due


@pytest.mark.parametrize(
    ("name", "case"), [(name, case) for name, cases in VECTORS.items() for case in cases]
)
def test_unit(name, case):
    unit, vectors = UNITS[name](), VECTORS[name][case]()
    got = results_of(unit, vectors.held, **due(unit, vectors))
    compared = slice(vectors.settling, len(vectors.expected))
    assert got[compared].tolist() == vectors.expected[compared].tolist()
