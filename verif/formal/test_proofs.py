"""The prover itself: true claims are proven, false ones are not, and neither is what a solver gives up on."""

from dataclasses import replace

import pytest
import typer
from amaranth.hdl import Cat, Signal
from amaranth.lib import data

from verif.formal import page
from verif.formal.__main__ import main
from verif.formal.claims import all_claims, queue, skid_buffer
from verif.formal.jobs import Result, results
from verif.formal.prover.bench import Bench
from verif.formal.prover.claim import Claim
from verif.formal.prover.methods import AnyState, Bounded, Induction
from verif.formal.prover.mutation import Edit, applied
from verif.formal.prover.transition_system import transition_system


@pytest.mark.slow
@pytest.mark.parametrize("claim", [skid_buffer.CLAIMS[0], queue.CLAIMS[0]], ids=lambda claim: claim.unit)
def test_claims_are_proven_and_mutants_fail(claim):
    assert claim.outcome() == ("PROVEN", "")
    for mutant in claim.mutants:
        assert claim.outcome(mutant)[0] == "FAILED", mutant
    assert claim.outcome() == ("PROVEN", ""), "a mutant stayed behind"


def test_every_claim_has_a_mutant_and_its_edit_fits():
    for claim in all_claims():
        assert claim.mutants, claim.name
        for mutant in claim.mutants:
            if isinstance(mutant, Edit):
                with applied([mutant]):
                    pass


def counter(bench, *, limit=9):
    """Counts to 9 and begins anew; the claim is that it is never above ``limit``."""
    count = Signal(4)
    bench.m.d.sync += count.eq(count + 1)
    with bench.m.If(count == 9):
        bench.m.d.sync += count.eq(0)
    bench.claim("limit", count <= limit)


def claim_of(build, method, seconds=60):
    return Claim(unit="x", text="x", build=build, method=method, mutants=(), seconds=seconds)


def test_a_false_claim_fails_with_its_cycle():
    outcome, found = claim_of(lambda bench: counter(bench, limit=2), Induction(12)).outcome()
    assert outcome == "FAILED"
    assert found.startswith("limit: cycle 4 after reset")


def test_a_claim_that_does_not_follow_from_itself_is_not_proven():
    # Never above 12: but from 10, which no run reaches, it would be.
    outcome, found = claim_of(lambda bench: counter(bench, limit=12), Induction(1)).outcome()
    assert (outcome, "step of the induction" in found) == ("FAILED", True)
    assert claim_of(counter, Induction(1)).outcome()[0] == "PROVEN"


def test_what_is_bounded_is_not_called_proven():
    assert claim_of(lambda bench: counter(bench, limit=5), Bounded(6)).outcome()[0] == "bounded to 6 cycles"
    assert claim_of(lambda bench: counter(bench, limit=5), Bounded(7)).outcome()[0] == "FAILED"


def multiplication(bench):
    """Products of 40 bits in two ways: true, and too hard."""
    x, y, z = (bench.any(name, 40) for name in "xyz")
    bench.claim("distributes", (x * (y + z))[:80] == (x * y + x * z)[:80])


def test_a_solver_that_gives_up_is_no_proof():
    outcome, found = claim_of(multiplication, AnyState(), seconds=1).outcome()
    assert (outcome, found) == ("UNDECIDED", "distributes: cycle 0")


def test_registers_may_hold_anything_before_the_reset():
    def never_reset(bench):
        bit = Signal(reset_less=True)
        bench.m.d.sync += bit.eq(bit)
        bench.claim("initial value", ~bit)

    assert claim_of(never_reset, Induction(1)).outcome()[0] == "FAILED"


def test_a_value_of_some_cycles_ago():
    """Also of a view, and under its name once only."""
    layout = data.StructLayout({"low": 2, "high": 2})

    def build(bench, cycles=3):
        value = bench.any("value", 4)
        old = bench.ago("value", layout(value), 3)
        same = bench.register("x", bench.register("y", bench.register("z", value)))
        bench.claim("equal", old.high == same[2:])
        bench.claim("the same", bench.ago("value", value, cycles) == same)

    assert claim_of(build, AnyState(3)).outcome()[0] == "PROVEN"
    assert claim_of(lambda bench: build(bench, 2), AnyState(3)).outcome()[0] == "FAILED"


def test_an_unknown_net_is_an_error():
    def build(bench):
        bench.claim("anything", bench.inside("unit.missing", 1))

    with pytest.raises(LookupError, match=r"no net 'unit\.missing'"):
        claim_of(build, AnyState()).outcome()


@pytest.mark.parametrize("old", ["not in the source", "sync"])
def test_an_edit_needs_one_place(old):
    claim = skid_buffer.CLAIMS[0]
    with pytest.raises(ValueError, match="must have"), applied([replace(claim.mutants[0], old=old)]):
        pass


def test_operators_agree_with_integers():
    """What a term of each operator is, for all pairs of four bits, beside Python's."""

    def build(bench):
        a, b = bench.any("a", 4), bench.any("b", 4)
        sums = [a + b, a - b, a * b, a & b, a | b, a ^ b, ~a, a << b[:2], a >> b[:2], a.as_signed() >> b[:2]]
        bits = [a == b, a != b, a < b, a <= b, a.as_signed() < b.as_signed(), a.any(), a.all(), a.xor()]
        table = Cat(*[value[:4] for value in sums], *bits)
        expected = Signal(len(table))
        with bench.m.Switch(Cat(a, b)):
            for x in range(16):
                for y in range(16):
                    with bench.m.Case(x | y << 4):
                        bench.m.d.comb += expected.eq(_expected(x, y))
        bench.claim("equal", table == expected)

    assert claim_of(build, AnyState()).outcome() == ("PROVEN", "")


def _expected(x, y):
    signed_x, signed_y = (value - 16 * (value > 7) for value in (x, y))
    shift = y & 3
    sums = [x + y, x - y, x * y, x & y, x | y, x ^ y, ~x, x << shift, x >> shift, signed_x >> shift]
    bits = [x == y, x != y, x < y, x <= y, signed_x < signed_y, x != 0, x == 15, x.bit_count() & 1]
    packed = sum((value & 15) << 4 * n for n, value in enumerate(sums))
    return packed | sum(int(bit) << 4 * len(sums) + n for n, bit in enumerate(bits))


def test_nothing_is_proven_where_nothing_is_claimed():
    system = transition_system(Bench(lambda bench: bench.any("x", 1)))
    with pytest.raises(AssertionError, match="nothing is claimed"):
        AnyState().prove(system, 1)


@pytest.mark.slow
def test_jobs_tell_claims_from_mutants():
    claim = skid_buffer.CLAIMS[0]
    found = list(results([claim.name], 2))
    assert all(result.good for result in found)
    assert sorted(result.outcome for result in found) == ["FAILED"] * len(claim.mutants) + ["PROVEN"]
    assert not replace(found[0], outcome="UNDECIDED").good
    assert not replace(found[0], outcome="NOT FAILED", mutant="x").good
    assert not replace(found[0], outcome="FAILED", mutant=None).good
    assert not replace(found[0], outcome="PROVEN", mutant="x").good


def test_results_are_published(tmp_path, monkeypatch):
    claim = skid_buffer.CLAIMS[0]
    found = [
        Result(
            claim=claim.name, mutant=name, outcome="PROVEN" if name is None else "FAILED", found="", seconds=2
        )
        for name in (None, *map(str, claim.mutants))
    ]
    monkeypatch.setattr(page, "PAGE", tmp_path / "proofs.md")
    page.PAGE.write_text("before\n<!-- proofs -->\nold\n<!-- end of proofs -->\nafter\n")
    page.publish([claim], found, 3, 119)
    text = page.PAGE.read_text()
    assert "4 proofs, 3 at a time, took 2 minutes." in text
    assert "PROVEN" in text
    assert "old" not in text
    assert text.endswith("after\n")


@pytest.mark.parametrize("part", [{"quick": True}, {"only": ["queue"]}])
def test_a_part_is_not_published(part):
    with pytest.raises(typer.BadParameter, match="the page has all claims"):
        main(**part, to_page=True)
