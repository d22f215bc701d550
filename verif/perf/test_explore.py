"""Parts of explorations: designs, workloads, time left, and what results depend on."""

import diffusers
import pytest

from golden.engine import COUNTERS
from mixdit.compiler.diffusers_program import Sizes
from mixdit.sim.toolchain import ToolchainError
from mixdit.tasks.errors import TaskError
from perf.cycles.port import CyclePort
from perf.explore import work, workload
from perf.explore.design import design_of, designs_of
from perf.explore.estimate import Estimate
from perf.explore.source import source_digest
from perf.speedup.blocks import Blocks
from perf.speedup.builds import Build
from perf.speedup.mixes import MIXES
from perf.speedup.step_time import build_counters
from verif.perf.explore_points import SMALL, point

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning:diffusers")


def test_an_engine_has_one_design():
    usual = dict(design_of(SMALL))
    assert (usual["drain_rows"], usual["function_lanes"], usual["result_words"]) == (2, 1, 4)
    for name in ("drain_rows", "function_lanes", "result_words"):
        assert design_of({**SMALL, name: usual[name]}) == design_of(SMALL)
    assert design_of({**SMALL, "result_words": 8}) != design_of(SMALL)
    assert "product_stages" not in usual


def test_what_is_no_engine_is_listed_with_the_reason():
    designs, refusals = designs_of({"rows": (2, 3), "drain_rows": (2, 3), "cols": (2, 3)})
    assert [dict(design)["rows"] for design in designs] == [2, 3]
    reasons = {tuple(refusal.values.values()): refusal.reason for refusal in refusals}
    assert reasons[2, 3, 2] == "drain_rows must divide rows=2, not 3"
    assert reasons[3, 3, 3] == "cols must be one of (1, 2, 4, 8, 16), not 3"
    assert len(reasons) == 6


def test_values_that_mean_the_same_are_one_design():
    designs, refusals = designs_of(
        {"rows": (2,), "cols": (2,), "drain_rows": (2, None), "result_words": (0, 4)}
    )
    assert (len(designs), refusals) == (1, [])


def test_synthesis_is_of_all_workloads_and_cycles_of_all_targets():
    first = point()
    assert first.synthesis == point("64x64x64", "MX9").synthesis != point(rows=4).synthesis
    assert first.synthesis != point(seeds=1).synthesis != point(family="xilinx").synthesis
    assert first.cycles == point(target="xilinx", family="xilinx", seeds=3).cycles
    assert len({first.cycles, point("64x64x64").cycles, point(mix="MX9").cycles, point(cols=4).cycles}) == 4


@pytest.mark.parametrize(
    ("mix", "k", "single", "double", "quadruple"),
    [("MX6", 96, 6, 0, 0), ("MX9", 96, 0, 0, 6), ("mixed", 640, 38, 2, 0), ("mixed-p", 96, 6, 0, 0)],
)
def test_a_product_takes_its_passes(mix, k, single, double, quadruple):
    """Of an array of 4x2: 64 x 48 results in 16 x 24 tiles."""
    found = workload.counters_of(f"64x48x{k}", mix, design_of({"rows": 4, "cols": 2}))
    tiles = 16 * 24
    assert [found[f"PASSES_{name}"] for name in ("SINGLE", "DOUBLE", "QUADRUPLE")] == [
        tiles * passes for passes in (single, 2 * double, 4 * quadruple)
    ]
    assert found["BUSY"] <= found["CYCLES"]
    assert found["BYTES_WRITTEN"] == 64 * 48 * 4


@pytest.mark.parametrize(
    ("k", "values"),
    [
        *((16, {name: value}) for name, value in (("result_words", 4), ("drain_rows", 4), ("arrays", 2))),
        *((64, {name: value}) for name, value in (("adder_lanes", 1), ("data_bits", 64), ("k_blocks", 4))),
        (64, {"stationary_tiles": 8}),
    ],
)
def test_parameters_reach_the_cycle_model(k, values):
    def cycles(**values) -> int:
        usual = {"rows": 4, "cols": 4, "k_blocks": 2, "drain_rows": 1, "data_bits": 512}
        return workload.counters_of(f"64x64x{k}", "MX6", design_of(usual | values))["CYCLES"]

    assert cycles(**values) != cycles()


@pytest.fixture
def network(monkeypatch):
    """A tiny DiT of 3 blocks takes the place of a published one."""
    model = diffusers.DiTTransformer2DModel(
        num_attention_heads=2,
        attention_head_dim=16,
        in_channels=4,
        out_channels=8,
        num_layers=1,
        sample_size=8,
        patch_size=2,
        num_embeds_ada_norm=10,
    )
    tiny = Blocks(model=model.eval(), counts=(3,), samples=2, sizes=Sizes(model, None, None))
    monkeypatch.setattr(workload, "network_blocks", lambda name: tiny)
    return tiny


def test_a_step_of_a_network_is_all_its_blocks(network):
    """As on a build with the same engine, whose memory is as fast as its port."""
    row = workload.longest_row("dit-xl-2-256")
    assert row == network.longest_row > 32
    design = design_of({"rows": 4, "cols": 4, "reorder_columns": row})
    sizes = {"rows": 4, "cols": 4, "data_bits": 128}
    build = Build(title="", engines=1, sizes=sizes, clock_mhz=1, clock_status="A", clock_source="")
    (program,) = network.programs(MIXES["mixed"], build.parameters(row))
    block = build_counters(program, build)
    found = workload.counters_of("dit-xl-2-256", "mixed", design)
    assert found == {name: 3 * value for name, value in block.items()}
    assert set(found) == set(COUNTERS)


def test_an_engine_that_cannot_run_a_network_says_why(network, monkeypatch):
    small = design_of({**SMALL, "reorder_columns": 16})
    assert "refused" in work.count_cycles(source_digest(), "dit-xl-2-256", "MX6", small)
    plain = work.count_cycles(
        source_digest(), "dit-xl-2-256", "MX6", design_of({**SMALL, "function_lanes": 0})
    )
    assert list(plain) == ["refused"]
    assert plain["refused"]
    assert "\n" not in plain["refused"]
    monkeypatch.setattr("perf.speedup.program_counters.MOST_CYCLES", 1000)
    wrapped = work.count_cycles(source_digest(), "64x64x64", "MX6", design_of(SMALL))
    assert wrapped["refused"].startswith("it must take fewer than 1000 cycles, not ")


def test_an_engine_is_waited_for_until_its_counters_wrap(monkeypatch):
    monkeypatch.setitem(CyclePort.__init__.__kwdefaults__, "patience", 10)
    assert work.count_cycles(source_digest(), "64x64x64", "MX6", design_of(SMALL))["cycles"] > 10


def test_processes_of_another_version_or_without_tools_do_nothing(monkeypatch):
    for call in (work.count_cycles, "32x32x32", "MX6", ()), (work.synthesize, (), "ecp5", 0, "store"):
        with pytest.raises(TaskError, match="a worker has another version"):
            call[0]("0123456789abcdef", *call[1:])

    def fail(*arguments):
        raise ToolchainError("no compiler")

    monkeypatch.setattr(work, "counters_of", fail)
    with pytest.raises(TaskError, match="no compiler"):
        work.count_cycles(source_digest(), "32x32x32", "MX6", ())
    monkeypatch.setattr(work, "counters_of", lambda *arguments: [][1])
    with pytest.raises(IndexError):
        work.count_cycles(source_digest(), "32x32x32", "MX6", ())


def test_time_left_is_by_kind():
    estimate = Estimate(["cycles"] * 4 + ["synthesis"] * 3)
    assert estimate.seconds(1) is None
    estimate.done("cycles", 2.0)
    assert estimate.seconds(1) is None
    estimate.done("synthesis", 100.0)
    assert estimate.seconds(1) == 3 * 2 + 2 * 100
    assert estimate.seconds(2) == (3 * 2 + 2 * 100) / 2
    estimate.done("cycles", None)
    estimate.done("cycles", 4.0)
    assert estimate.seconds(1) == 3 + 200
    for kind in ("cycles", "synthesis", "synthesis"):
        estimate.done(kind, 1.0)
    assert estimate.seconds(8) == 0


def test_the_digest_is_of_the_source(tmp_path, monkeypatch):
    """Of what the hardware, its synthesis and the cycle model are made from, by names too."""
    digest = source_digest.__wrapped__
    monkeypatch.setattr("perf.explore.source._ROOT", tmp_path)
    found = [digest()]
    for name, text in (("hw/a.py", "1"), ("hw/a.py", "2"), ("perf/cycles/model/b.h", "1"), ("gen/c.py", "1")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
        found.append(digest())
    (tmp_path / "gen/c.py").rename(tmp_path / "gen/d.py")
    found.append(digest())
    assert len(set(found)) == 6
    for name in ("hw/a.pyc", "gen/measured.json"):  # neither anything is made from
        (tmp_path / name).write_text("1")
    assert digest() == found[-1]
