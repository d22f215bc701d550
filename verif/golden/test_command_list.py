"""Lists of jobs in memory: their layout, and what an engine makes of them."""

import dataclasses
import random

import numpy as np
import pytest

from golden import MX6, MX9, quantize
from golden.engine import (
    DESCRIPTOR_WORDS,
    ENTRY_BYTES,
    ENTRY_WORDS,
    NEXT_WORD,
    Entry,
    ErrorCode,
    decode_list,
    encode_list,
    run,
    run_list,
    to_rows,
)
from golden.engine.descriptor import Descriptor
from verif.golden.engine_descriptors import ENGINE, PRODUCT, place

ORIGIN = 0x8000
"""Address of the first byte of memory."""

JOBS = [
    dataclasses.replace(
        PRODUCT,
        a_address=ORIGIN + PRODUCT.a_address,
        b_address=ORIGIN + PRODUCT.b_address,
        d_address=ORIGIN + 0x2000 + 0x100 * n,
        accumulate=n % 2,
    )
    for n in range(5)
]


def new_memory():
    rng = np.random.default_rng(1)
    memory = rng.integers(0, 256, 0x4000, dtype=np.uint8)
    place(
        memory,
        PRODUCT.a_address,
        PRODUCT.a_pitch,
        to_rows(quantize(rng.standard_normal((3, 40), np.float32), MX6)),
    )
    place(
        memory,
        PRODUCT.b_address,
        PRODUCT.b_pitch,
        to_rows(quantize(rng.standard_normal((20, 40), np.float32), MX9)),
    )
    for n in range(5):
        memory[0x2000 + 0x100 * n :][:240] = rng.standard_normal(60, np.float32).view(np.uint8)
    return memory


def after(memory, jobs):
    """Memory after these jobs."""
    expected = memory.copy()
    for job in jobs:
        assert run(expected, job, ENGINE, ORIGIN) == ErrorCode.NONE
    return expected


def put(memory, address, content):
    memory[address - ORIGIN :][: content.size] = content


def test_an_entry_has_room_for_the_descriptor():
    assert ENTRY_BYTES == 4 * ENTRY_WORDS == 128
    assert DESCRIPTOR_WORDS <= 28 < NEXT_WORD == 30


def test_words_of_an_entry():
    rng = random.Random(2)
    for _ in range(20):
        words = [rng.getrandbits(32) for _ in range(ENTRY_WORDS)]
        data = np.array(words, "<u4").view(np.uint8)
        entry = Entry.decode(data)
        assert list(entry.descriptor.words()) == words[:DESCRIPTOR_WORDS]
        assert list(entry.reserved) == words[DESCRIPTOR_WORDS:30]
        assert entry.following == words[31] << 32 | words[30]
        assert np.array_equal(entry.encode(), data)


def test_what_no_entry_can_hold():
    with pytest.raises(ValueError, match="following must be 0 to"):
        Entry(descriptor=PRODUCT, following=1 << 64).encode()
    with pytest.raises(ValueError, match="following must be 0 to"):
        Entry(descriptor=PRODUCT, following=-128).encode()
    with pytest.raises(ValueError, match="m must be 0 to"):
        Entry(descriptor=Descriptor(m=1 << 32)).encode()
    for address in (64, -128):
        with pytest.raises(ValueError, match="address must be a multiple of 128 from 0 on"):
            encode_list(JOBS, address)


@pytest.mark.parametrize("jobs", [1, 2, 5])
@pytest.mark.parametrize("following", [0, ORIGIN + 0x3000])
def test_a_list_in_one_piece(jobs, following):
    memory = new_memory()
    put(memory, ORIGIN + 0x3000, encode_list(JOBS[:1], ORIGIN + 0x3000))
    put(memory, ORIGIN + 0x3800, encode_list(JOBS[:jobs], ORIGIN + 0x3800, following))
    expected = JOBS[:jobs] + JOBS[:1] * (following > 0)
    found = decode_list(memory, ORIGIN + 0x3800, ORIGIN)
    assert [entry.descriptor for entry in found] == expected
    memory_after = after(memory, expected)
    result = run_list(memory, ORIGIN + 0x3800, ENGINE, ORIGIN)
    assert (list(result.done), result.code, result.address) == (expected, ErrorCode.NONE, 0)
    assert np.array_equal(memory, memory_after)


@pytest.mark.parametrize("bad", [None, 0, 2])
def test_a_list_with_a_job_out_of_range(bad):
    """Whichever it is; jobs behind an error are none of the list's."""
    memory = new_memory()
    good = dataclasses.replace(JOBS[0], bias=1, function=1, bias_address=ORIGIN + 0x3600)
    wrong = dataclasses.replace(good, bias_address=ORIGIN + 0x3400)
    jobs = [wrong if n == bad else good for n in range(3)]
    jobs += [dataclasses.replace(good, m=0), wrong]
    for address, value in ((0x3600, 0), (0x3400, 200)):
        put(memory, ORIGIN + address, np.full(20, value, np.float32).view(np.uint8))
    put(memory, ORIGIN + 0x3800, encode_list(jobs, ORIGIN + 0x3800))
    result = run_list(memory, ORIGIN + 0x3800, ENGINE, ORIGIN)
    assert (len(result.done), result.code) == (3, ErrorCode.SIZE)
    assert result.out_of_range == (bad is not None)


def test_a_list_in_pieces_and_at_address_0():
    """The first entry may be at 0, which as a link ends the list."""
    memory = np.zeros(0x4000, np.uint8)
    for address, following in ((0, 0x3F80), (0x3F80, 0x3C80), (0x3C80, 0)):
        memory[address:][:128] = Entry(
            descriptor=dataclasses.replace(PRODUCT, a_address=0x200), following=following
        ).encode()
    assert len(decode_list(memory, 0)) == 3
    result = run_list(memory, 0, ENGINE)
    assert (len(result.done), result.code) == (3, ErrorCode.NONE)


def test_a_list_that_links_to_itself():
    memory = new_memory()
    put(memory, ORIGIN + 0x3000, encode_list(JOBS[:2], ORIGIN + 0x3000, ORIGIN + 0x3000))
    assert len(decode_list(memory, ORIGIN + 0x3000, ORIGIN)) == 2
    expected = after(memory, JOBS[:2] * 3 + JOBS[:1])
    result = run_list(memory, ORIGIN + 0x3000, ENGINE, ORIGIN, most=7)
    assert (len(result.done), result.code) == (7, ErrorCode.NONE)
    assert np.array_equal(memory, expected)


BAD_LINKS = {
    "not aligned": (ORIGIN + 0x3040, ErrorCode.LIST, ORIGIN + 0x3040),
    "beyond": (1 << ENGINE.address_bits, ErrorCode.LIST, 1 << ENGINE.address_bits),
    "the last one": ((1 << 64) - 128, ErrorCode.LIST, (1 << 64) - 128),
    "nothing there": (ORIGIN + 0x4000, ErrorCode.READ_DECODE_ERROR, ORIGIN + 0x4000),
    "before memory": (0x80, ErrorCode.READ_DECODE_ERROR, 0x80),
}


@pytest.mark.parametrize("name", BAD_LINKS)
@pytest.mark.parametrize("first", [False, True])
def test_links_that_lead_nowhere(name, first):
    link, code, address = BAD_LINKS[name]
    memory = new_memory()
    put(memory, ORIGIN + 0x3000, encode_list(JOBS[:2], ORIGIN + 0x3000, link))
    expected = memory.copy() if first else after(memory, JOBS[:2])
    result = run_list(memory, link if first else ORIGIN + 0x3000, ENGINE, ORIGIN)
    assert (len(result.done), result.code, result.address) == (0 if first else 2, code, address)
    assert np.array_equal(memory, expected)
    if "memory" in name or "there" in name:
        with pytest.raises(IndexError, match="outside memory"):
            decode_list(memory, link, ORIGIN)


@pytest.mark.parametrize("bad", range(3))
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"m": 0}, ErrorCode.SIZE),
        ({"a_address": 0x100}, ErrorCode.READ_DECODE_ERROR),
        ({"function": 9}, ErrorCode.FUNCTION),
    ],
)
def test_a_job_that_is_refused_ends_it(bad, change, code):
    memory = new_memory()
    jobs = [dataclasses.replace(job, **change) if n == bad else job for n, job in enumerate(JOBS[:3])]
    put(memory, ORIGIN + 0x3000, encode_list(jobs, ORIGIN + 0x3000))
    expected = after(memory, jobs[:bad])
    result = run_list(memory, ORIGIN + 0x3000, ENGINE, ORIGIN)
    assert (list(result.done), result.code, result.address) == (jobs[:bad], code, 0)
    assert np.array_equal(memory, expected)


@pytest.mark.parametrize("word", range(DESCRIPTOR_WORDS, NEXT_WORD))
def test_reserved_words_must_be_0(word):
    """Whatever else is wrong with the job."""
    for job in (JOBS[1], dataclasses.replace(JOBS[1], m=0)):
        memory = new_memory()
        put(memory, ORIGIN + 0x3000, encode_list([JOBS[0], job], ORIGIN + 0x3000))
        memory[0x3080 + 4 * word + 3] = 0x80
        result = run_list(memory, ORIGIN + 0x3000, ENGINE, ORIGIN)
        assert (len(result.done), result.code) == (1, ErrorCode.RESERVED_BITS)
