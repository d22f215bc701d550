"""Tokens in parts: all of them, in whole tiles; a long K in one."""

import pytest

from golden.engine import EngineParameters
from mixdit.compiler.token_parts import product_parts, token_parts

ENGINES = {
    "8x8": EngineParameters(data_bits=256),
    "4x8, 512 bits": EngineParameters(rows=4, data_bits=512),
    "4 of 16x16": EngineParameters(rows=16, cols=16, arrays=4),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("tokens", [1, 63, 64, 129, 150, 256, 1000, 4096])
def test_parts_follow_each_other_in_whole_tiles(engine, tokens):
    p = ENGINES[engine]
    parts = token_parts(tokens, p)
    assert [row for part in parts for row in part] == list(range(tokens))
    assert len(parts) <= 4
    assert all(len(part) % (p.rows * p.arrays) == 0 for part in parts[:-1])
    assert len(parts) == 1 or len(parts[0]) >= 64


def test_many_tokens_have_several_parts():
    assert [len(part) for part in token_parts(256, ENGINES["8x8"])] == [64] * 4
    assert len(token_parts(127, ENGINES["8x8"])) == 1
    # While many elements multiply 64 rows, a narrow port does not bring as many weights.
    assert len(token_parts(256, ENGINES["4 of 16x16"])) == 1


@pytest.mark.parametrize(("k", "parts"), [(1, 4), (1152, 4), (1153, 1), (4608, 1)])
def test_a_k_longer_than_a_chunk_goes_in_one(k, parts):
    assert len(product_parts(256, k, ENGINES["8x8"])) == parts
