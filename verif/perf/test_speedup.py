"""Engines beside an RTX 3090: what one of several does, what tables say, that published cells are right."""

from dataclasses import replace
from pathlib import Path

import pytest

from gen.markdown import section
from golden.engine import Operation
from perf.rtx3090.baselines import Figure, row
from perf.speedup import comparison
from perf.speedup.blocks import network_blocks
from perf.speedup.builds import BUILDS
from perf.speedup.comparison import Comparison, compare
from perf.speedup.document import markdown, pictures
from perf.speedup.mixes import MIXES
from perf.speedup.published import read, renewed, write
from perf.speedup.shares import share_of
from perf.workloads.page import PAGE
from verif.perf.cells import block_program, made_cell

NETWORK = "dit-xl-2-256"


@pytest.fixture(scope="module")
def program():
    return block_program("mixed")


def test_an_engine_of_one_does_all(program):
    assert share_of(program, 1).jobs == program.jobs


def divided(jobs):
    """The descriptors of heads' jobs, and those of all others."""
    of_head = [job.of_head is not None for job in jobs]
    return (
        [job.descriptor for job, head in zip(jobs, of_head, strict=True) if head],
        [job.descriptor for job, head in zip(jobs, of_head, strict=True) if not head],
    )


@pytest.mark.parametrize("engines", [3, 16, 32])
def test_engines_share_every_job(program, engines):
    """None has less than its part, and none much more: blocks of 16 and whole heads are not divided."""
    heads, others = divided(program.jobs)
    kept, parts = divided(share_of(program, engines).jobs)
    assert len(kept) == -(-len(heads) // 3 // engines) * 3  # exponentials, sums and division of each
    assert set(kept) <= set(heads)
    for whole, part in zip(others, parts, strict=True):
        assert replace(part, m=whole.m, n=whole.n, d_mx9_blocks=whole.d_mx9_blocks) == whole
        assert whole.m * whole.n <= engines * part.m * part.n
        ends = (part.m, whole.m) if part.n == whole.n else (part.n, whole.n)
        assert ends[0] < ends[1] / engines + 16
        if whole.operation == Operation.REORDER:
            assert part.n == whole.n


def test_mixes_have_the_shares_of_mixdit():
    model = network_blocks(NETWORK).model
    plan = MIXES["mixed"].plan(model)
    linear = plan.linears["transformer_blocks.0.ff.net.2"]
    assert (linear.in_features, linear.high_blocks) == (4608, 14)
    assert linear.permutation is not None
    assert [str(head) for head in plan.attentions["transformer_blocks.0.attn1"].heads].count("MX9") == 3
    alone = MIXES["mixed-p"].plan(model).attentions["transformer_blocks.0.attn1"].heads
    assert [str(head.p) for head in alone].count("MX9") == 3
    assert {str(head.q) for head in alone} == {"MX6"}
    modulation = plan.linears["transformer_blocks.0.norm1.linear"]
    assert (str(modulation.weight), str(modulation.low), modulation.high_blocks) == ("MX6", "MX9", 0)


def test_memory_is_that_of_the_gpu_or_of_the_ports():
    large = BUILDS["4096"]
    port = large.sizes["data_bits"] / 8 * large.clock_mhz * 1e6
    assert large.engines * port * large.memory.bandwidth == pytest.approx(936e9)
    assert replace(large, engines=4).memory.bandwidth == 1
    assert BUILDS["8x8"].memory.bandwidth == 1
    assert BUILDS["8192"].elements == 2 * large.elements == 8192


def test_a_cell_is_what_its_cycles_say(tmp_path):
    found = made_cell(8_000_000)
    assert found.time.seconds == 8e-3
    assert found.image_seconds == pytest.approx(50 * 8e-3)
    assert found.time.seconds / found.limit == 4
    baseline = row(NETWORK, "tensorrt")
    faster = replace(baseline, step=Figure(least=16e-3, most=20e-3, status="A"))
    assert found.speedup(faster) == (2, 2.5)
    write([found], tmp_path / "figures.json")
    assert read(tmp_path / "figures.json") == [found]
    both = Comparison.of([found])
    lines = [line for line in markdown(both).splitlines() if line.startswith("| 4,096 elements | MX6")]
    line, of_floats = lines
    assert of_floats == "| 4,096 elements | MX6 | 8.00 | 1.28 | 8.00 to 16.00 (A) | 1.28 | 1.00 to 2.00 |"
    assert "| 8.00 (A) | 0.40 | 50% |" in line
    assert "| 25% |" in line


def test_newer_cells_take_the_place_of_older_ones():
    old, new = made_cell(100), made_cell(200)
    other = replace(old, mix="MX9")
    assert renewed([other, old], [new]) == [new, other]


def test_known_cells_are_not_run_again(monkeypatch):
    monkeypatch.setattr(comparison, "step_time", lambda *which: made_cell(700).time)
    monkeypatch.setattr(comparison, "floats_time", lambda *which: made_cell(700).floats)
    known, builds = made_cell(100), {"4096": BUILDS["4096"]}
    assert compare([NETWORK], builds, ["MX6"], known=[known]).cells == [known]
    for change in ({"builds": {"4096": BUILDS["4096"].changed({"engines": 8})}}, {"mixes": ["MX9"]}):
        asked = {"networks": [NETWORK], "builds": builds, "mixes": ["MX6"], "known": [known]} | change
        (again,) = compare(**asked).cells
        assert again.time.counters["CYCLES"] == 700


def test_cells_are_kept_one_by_one(monkeypatch):
    def fail_in_mx9(network, mix, build):
        if mix is MIXES["MX9"]:
            raise ValueError("too long")
        return made_cell(700).time

    monkeypatch.setattr(comparison, "step_time", fail_in_mx9)
    monkeypatch.setattr(comparison, "floats_time", lambda *which: made_cell(700).floats)
    kept = []
    with pytest.raises(ValueError, match="too long"):
        compare([NETWORK], {"4096": BUILDS["4096"]}, ["MX6", "MX9"], known=[], keep=kept.append)
    assert [cell.mix for cell in kept] == ["MX6"]


def test_builds_can_be_changed():
    found = BUILDS["4096"].changed({"engines": 4, "rows": 8})
    assert (found.engines, found.sizes["rows"], found.sizes["cols"], found.elements) == (4, 8, 8, 512)
    assert found.title == "4,096 elements, engines=4, rows=8"
    assert BUILDS["4096"].changed({}) == BUILDS["4096"]
    for name, value in (("engines", 0), ("result_words", 5)):
        with pytest.raises(ValueError, match=f"{name} must be .*, not {value}"):
            BUILDS["4096"].changed({name: value})
    with pytest.raises(ValueError, match="cols must be one of"):
        BUILDS["8x8"].changed({"cols": 3})
    with pytest.raises(ValueError, match=r"one of engines, result_words, rows, .* not 'columns'"):
        BUILDS["8x8"].changed({"columns": 4})


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"networks": ["dit"]}, "network must be one of dit-xl-2-256"),
        ({"mixes": ["MX4"]}, "mix must be one of MX6"),
    ],
)
def test_names_are_checked(given, says):
    with pytest.raises(ValueError, match=says):
        compare(**given)


@pytest.mark.slow
def test_the_page_has_the_published_counters():
    comparison = Comparison.of(read())
    assert section(PAGE.read_text(), "engines") == markdown(comparison)
    shown = pictures(comparison)
    assert {path.name for path in (PAGE.parent / "performance").iterdir()} == {Path(p).name for p in shown}
    for path, drawing in shown.items():
        assert (PAGE.parent / path).read_text() == str(drawing)


@pytest.mark.slow
def test_a_published_cell_comes_out_again():
    published = {cell.key: cell for cell in read()}
    (again,) = compare([NETWORK], {"4096": BUILDS["4096"]}, ["MX6"]).cells
    assert published[again.key] == again
