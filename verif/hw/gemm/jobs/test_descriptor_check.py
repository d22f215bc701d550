"""The check of descriptors against golden's: both sides of every limit, and what becomes of good ones."""

import itertools
from collections import Counter
from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pytest

from golden.engine import LONGEST_ROW, Descriptor, EngineParameters, ErrorCode, Operation, check
from golden.engine import regions as regions_of
from hw.gemm.geometry import Geometry
from hw.gemm.jobs.descriptor_check import DescriptorCheck
from verif.hw.gemm.bad_descriptors import spoiled
from verif.hw.gemm.jobs.descriptor_limits import PRODUCT, REORDER, limits
from verif.runner import seed
from verif.simulation import simulate

PARAMETERS = EngineParameters(k_blocks=4, address_bits=48, reorder_columns=1000, function_lanes=4)
SMALL = EngineParameters(k_blocks=4, address_bits=32)


def answers(
    parameters: EngineParameters,
    descriptors: list[Descriptor],
    *,
    ends: Collection[int] = (),
    misplaced: Collection[int] = (),
) -> list[dict]:
    """What the hardware makes of each: ``fault``, ``beside`` and ``job``, taken a few cycles late.

    ``ends``, ``misplaced``: numbers of those that end a list, and that stand for an entry in no good place.
    """
    design = DescriptorCheck(geometry=Geometry(parameters))
    found = []

    async def drive(ctx):
        for number, d in enumerate(descriptors):
            fields = {name: value for name, value in vars(d).items() if name != "reserved"}
            of_list = {"ends_list": number in ends, "misplaced": number in misplaced}
            ctx.set(design.i.p, {**fields, "reserved": int(any(d.reserved)), **of_list})
            assert ctx.get(design.i.ready)
            ctx.set(design.i.valid, 1)
            await ctx.tick()
            ctx.set(design.i.valid, 0)
            ctx.set(design.i.p, dict.fromkeys(fields, 0))
            await ctx.tick().until(design.o.valid)
            answer = ctx.get(design.o.p)
            for _ in range(number % 3):
                assert ctx.get(design.o.valid)
                assert ctx.get(design.o.p.fault) == answer.fault
                assert not ctx.get(design.i.ready)
                await ctx.tick()
            ctx.set(design.o.ready, 1)
            await ctx.tick()
            ctx.set(design.o.ready, 0)
            found.append({name: getattr(answer, name) for name in ("fault", "beside", "job", "ends_list")})

    simulate(design, drive)
    return found


def codes(parameters, descriptors):
    return [ErrorCode(answer["fault"]) for answer in answers(parameters, descriptors)]


def test_limits():
    """Golden and hardware agree, and the pairs are what they say: good, and bad by one rule."""
    pairs = list(limits(PARAMETERS))
    wrong = [
        (name, check(good, PARAMETERS).name, check(bad, PARAMETERS).name)
        for name, good, bad, code in pairs
        if check(good, PARAMETERS) is not ErrorCode.NONE or check(bad, PARAMETERS) is not code
    ]
    assert not wrong, wrong
    found = codes(PARAMETERS, [d for _, *pair, _ in pairs for d in pair])
    differ = [
        (name, good.name, bad.name)
        for (name, *_, code), good, bad in zip(pairs, found[::2], found[1::2], strict=True)
        if good is not ErrorCode.NONE or bad is not code
    ]
    assert not differ, differ
    refused = Counter(found)
    others = {ErrorCode.LIST}
    assert all(
        refused[code] for code in ErrorCode if code < ErrorCode.READ_SLAVE_ERROR and code not in others
    )


def test_descriptors_of_lists():
    """A misplaced one has its own code, whatever its fields are; the end of a list goes along."""
    rng = np.random.default_rng([seed(), 4])
    descriptors = [spoiled(rng, PRODUCT, PARAMETERS) if n % 3 == 0 else PRODUCT for n in range(24)]
    misplaced, ends = {0, 1, 5, 6, 10, 23}, {1, 2, 8, 22}
    found = answers(PARAMETERS, descriptors, ends=ends, misplaced=misplaced)
    expected = [ErrorCode.LIST if n in misplaced else check(d, PARAMETERS) for n, d in enumerate(descriptors)]
    assert [answer["fault"] for answer in found] == expected
    assert {n for n, answer in enumerate(found) if answer["ends_list"]} == ends


def test_a_matrix_that_is_not_there():
    """A bias of as many columns would not fit into memory; the job has none."""
    parameters = EngineParameters(k_blocks=4, address_bits=16, reorder_columns=65536)
    d = replace(REORDER, m=1, n=20000, permute=0, b_address=0, a_address=0, d_address=0xA000)
    d = replace(d, a_pitch=0xA000, d_pitch=0x4000)
    assert 4 * d.n > 1 << parameters.address_bits
    assert codes(parameters, [d]) == [check(d, parameters)] == [ErrorCode.NONE]


def test_address_zero():
    """D may lie where the address of a matrix points that the job has not, and meets nothing there."""
    plain = replace(REORDER, permute=0, b_address=0, d_address=0)
    jobs = [replace(PRODUCT, d_address=0), PRODUCT, plain]
    jobs += [replace(plain, d_address=0x50000), replace(PRODUCT, d_address=0x60000)]
    jobs.append(replace(PRODUCT, d_address=0))
    assert [check(d, PARAMETERS) for d in jobs] == [ErrorCode.NONE] * 6
    found = answers(PARAMETERS, jobs)
    assert [answer["fault"] for answer in found] == [0] * 6
    assert [answer["beside"] for answer in found] == [2, 2, 1, 2, 2, 2]


def test_lowest_code_of_several():
    rng = np.random.default_rng([seed(), 1])
    norm = replace(REORDER, norm=1, epsilon=1, bias=1, gate=1, bias_address=0x40000)
    bases = [REORDER, PRODUCT, norm, PRODUCT]
    descriptors = [spoiled(rng, bases[n % 4], PARAMETERS) for n in range(160)]
    expected = [check(d, PARAMETERS) for d in descriptors]
    assert len(set(expected)) > 8
    assert codes(PARAMETERS, descriptors) == expected


def test_reserved_bit_goes_first():
    bad = replace(PRODUCT, reserved=(1 << 31, *PRODUCT.reserved[1:]), operation=9, m=0)
    assert codes(PARAMETERS, [bad]) == [ErrorCode.RESERVED_BITS]


def test_no_reorder_unit():
    assert codes(SMALL, [REORDER, PRODUCT, REORDER]) == [
        ErrorCode.OPERATION,
        ErrorCode.NONE,
        ErrorCode.OPERATION,
    ]


def test_no_functions():
    """What needs them is refused, and what does not is taken."""
    plain = replace(PARAMETERS, function_lanes=0)
    needs = [replace(PRODUCT, function=1), replace(PRODUCT, gate=1, bias_address=0x40000)]
    needs += [replace(needs[1], gate_by_row=1), replace(PRODUCT, scale=1, bias_address=0x40000)]
    needs += [replace(REORDER, divide=1), replace(REORDER, norm=1), replace(REORDER, norm=2, epsilon=1)]
    needs.append(replace(REORDER, norm=3))
    assert codes(PARAMETERS, needs) == [ErrorCode.NONE] * 8
    expected = [ErrorCode.FUNCTION] * 8 + [ErrorCode.NONE] * 2
    assert codes(plain, [*needs, PRODUCT, REORDER]) == expected


def test_rows_of_floats_without_functions():
    floats = [replace(REORDER, d_format=fmt, d_pitch=0x80) for fmt in (4, 5)]
    assert codes(PARAMETERS, floats) == [ErrorCode.NONE] * 2
    assert codes(replace(PARAMETERS, function_lanes=0), floats) == [ErrorCode.D_FORMAT] * 2


def test_norms_of_long_rows():
    """Rows that can be reordered, but not normalized."""
    parameters = replace(PARAMETERS, reorder_columns=1 << 16)
    good, plain = (replace(REORDER, m=1, n=n, a_address=0x1000000) for n in (LONGEST_ROW, LONGEST_ROW + 1))
    good, plain = (replace(d, a_pitch=1 << 18, d_pitch=1 << 18, d_address=0x2000000) for d in (good, plain))
    jobs = [replace(good, norm=1), plain, replace(plain, norm=2), replace(plain, norm=1, n=1 << 16)]
    jobs += [replace(good, norm=3), replace(plain, norm=3)]
    expected = [
        ErrorCode.NONE,
        ErrorCode.NONE,
        ErrorCode.SIZE,
        ErrorCode.SIZE,
        ErrorCode.NONE,
        ErrorCode.SIZE,
    ]
    assert [check(d, parameters) for d in jobs] == codes(parameters, jobs) == expected


@pytest.mark.parametrize("parameters", [PARAMETERS, SMALL], ids=["48 bits", "32 bits"])
def test_fields_of_a_job(parameters):
    """What the rest of the engine needs of a descriptor arrives, with every field at its own value."""
    rng = np.random.default_rng([seed(), 2])
    descriptors, functions = [], int(parameters.function_lanes > 0)
    for number in range(12):
        d = replace(
            PRODUCT,
            m=int(rng.integers(1, 9)),
            n=int(rng.integers(1, 33)),
            k=int(rng.integers(1, 65)),
            keep_b=number & 1,
            bias=number >> 1 & 1,
            scale=functions & number >> 2,
            gate=functions & number,
            gate_by_row=functions & number & number >> 1,
            function=functions * (number % 4),
            bias_address=0x40004 if number >> 1 & 1 or functions & (number | number >> 2) else 0,
            a_format=number % 4,
            b_format=(number + 1) % 4,
            a_pitch=0x102,
            b_pitch=0x104,
            d_pitch=0x108,
            accumulate=int(number % 5 == 4),
            d_format=4 if number % 5 == 4 else number % 3,
            d_mx9_blocks=int(number % 5 != 4 and number % 3 != 2),
        )
        descriptors.append(d)
    for d, answer in zip(descriptors, answers(parameters, descriptors), strict=True):
        job = answer["job"]
        assert answer["fault"] == check(d, parameters) == ErrorCode.NONE
        assert (job.d_address, job.keep_b, job.k_blocks) == (d.d_address, d.keep_b, -(-d.k // 16))
        assert job.row_step == d.d_pitch * parameters.rows
        assert not job.reorder
        for side, rows in (("a", d.m), ("b", d.n)):
            operand = getattr(job, side)
            fields = [getattr(d, f"{side}_{name}") for name in ("address", "pitch", "mx9_blocks", "format")]
            assert [operand.address, operand.pitch, operand.leading, operand.format.value] == fields
            assert operand.rows == rows
        result = job.result
        assert (result.format, result.mx9_blocks, result.pitch) == (d.d_format, d.d_mx9_blocks, d.d_pitch)
        assert (result.bias, result.accumulate) == (d.bias, d.accumulate)
        assert result.bias_address == d.bias_address
        if functions:
            assert (result.scale, result.gate, result.gate_by_row) == (d.scale, d.gate, d.gate_by_row)
            assert (result.function, result.vector_pitch) == (d.function, 4 * d.n)


def test_reorder_job():
    jobs = [REORDER, replace(REORDER, permute=0, b_address=0, a_format=4)]
    jobs += [replace(REORDER, norm=norm, epsilon=0x12345678) for norm in (1, 2)]
    jobs += [replace(REORDER, norm=1, gate=1, bias_address=0x40004), replace(REORDER, norm=3)]
    for d, answer in zip(jobs, answers(PARAMETERS, jobs), strict=True):
        job = answer["job"]
        assert (job.reorder, job.permute, job.columns, job.narrow) == (1, d.permute, d.n, d.a_format == 5)
        assert (job.a.address, job.b.address, job.d_address) == (d.a_address, d.b_address, d.d_address)
        assert (job.norm, job.mean, job.epsilon) == (d.norm != 0, d.norm == 1, d.epsilon)
        assert job.exponential == (d.norm == 3)
        assert (job.result.bias, job.result.gate) == (d.bias, d.gate)
        assert job.result.bias_address == d.bias_address


def test_dependent():
    """A job waits if it touches what the two before write, or, if one is a row job, writes what they read."""
    rng = np.random.default_rng([seed(), 3])
    norm = replace(REORDER, norm=1, bias=1, bias_address=0x40000)
    biased = replace(PRODUCT, bias=1, bias_address=0x40000)
    bases = [PRODUCT, biased, REORDER, norm, replace(norm, permute=0, b_address=0)]
    descriptors = [PRODUCT]
    while len(descriptors) < 900:
        before = descriptors[-int(rng.integers(1, 4)) :][0]
        d = bases[int(rng.integers(len(bases)))]
        d = replace(d, d_address=0x100000 * (len(descriptors) % 1000 + 1))  # away from the one before
        name, other = "D", str(rng.choice(list(regions_of(before))))
        if rng.random() < 0.5:
            name, other = str(rng.choice(list(regions_of(d)))), "D"
        region, place = regions_of(d)[name], regions_of(before)[other]
        size, step = region.end - region.address, 4
        at = [
            place.address - size & -step,
            (place.address - size & -step) + step,
            place.address,
            place.end + step - 1 & -step,
            (place.end + step - 1 & -step) - step,
        ]
        d = replace(d, **{f"{name.lower()}_address": int(rng.choice(at))})
        if check(d, PARAMETERS) is ErrorCode.NONE:
            descriptors.append(d)
    expected, causes, free = [], Counter(), Counter()
    for number, d in enumerate(descriptors):
        before = descriptors[max(0, number - 2) : number][::-1]  # the last one first
        found = [_dependences(d, other) for other in before]
        expected.append(next((n for n, cause in enumerate(found) if cause), 2))
        for n, (cause, other) in enumerate(zip(found, before, strict=True)):
            kinds = _kinds(d, other)
            if len(cause) == 1 and not any(found[:n]):
                causes.update((n, kinds, *one) for one in cause)
            elif not cause and _meets_read(d, other):
                free[n, kinds] += 1
    both, mixed = ("PP", "PR", "RP", "RR"), ("PR", "RP")
    names = ["A", "B", "BIAS"]
    written = itertools.product((0, 1), both, [(name, "D") for name in [*names, "D"]])
    read = itertools.product((0, 1), mixed, [("D", name) for name in names])
    assert {(n, kinds, *pair) for n, kinds, pair in [*written, *read]} == set(causes)
    assert set(free) == set(itertools.product((0, 1), ("PP", "RR")))
    assert min(Counter(expected).values()) >= 100
    assert [answer["beside"] for answer in answers(PARAMETERS, descriptors)] == expected


def _kinds(*jobs: Descriptor) -> str:
    return "".join("PR"[d.operation == Operation.REORDER] for d in jobs)


def _meets_read(d: Descriptor, before: Descriptor) -> list[tuple[str, str]]:
    """What a job before reads where this one writes."""
    written = regions_of(d)["D"]
    found = [name for name, region in regions_of(before).items() if name != "D" and region.overlaps(written)]
    return [("D", name) for name in found]


def _dependences(d: Descriptor, before: Descriptor) -> list[tuple[str, str]]:
    """The pairs of matrices, of a job and of one before it, for which it must wait."""
    written = regions_of(before)["D"]
    found = [(name, "D") for name, region in regions_of(d).items() if region.overlaps(written)]
    return found + (_meets_read(d, before) if d.operation != before.operation else [])
