"""Parts of explorations: designs, workloads, the file, figures."""

import contextlib
import random
import subprocess
import sys
from dataclasses import replace

import diffusers
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from golden.engine import COUNTERS
from mixdit.compiler.diffusers_program import Sizes
from mixdit.sim.toolchain import ToolchainError
from mixdit.tasks.errors import TaskError
from perf.explore import work, workload
from perf.explore.columns import SCHEMA
from perf.explore.design import design_of, designs_of
from perf.explore.devices import Limits
from perf.explore.estimate import Estimate
from perf.explore.figures import best, figures_of, front
from perf.explore.point import Point
from perf.explore.results import ExploreError, Results
from perf.explore.source import source_digest
from perf.speedup.blocks import Blocks
from perf.speedup.builds import Build
from perf.speedup.mixes import MIXES
from perf.speedup.step_time import build_counters
from verif.perf import explore_calls

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning:diffusers")

SMALL = {"rows": 2, "cols": 2}


def point(name="32x32x32", mix="MX6", family="ecp5", seeds=0, **values) -> Point:
    design = design_of({**SMALL, "target": "ecp5", **values})
    return Point(workload=name, mix=mix, design=design, family=family, seeds=seeds, source="s")


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


def fill(results, points) -> None:
    for each in points:
        if results.found(each.cycles) is None:
            results.keep(
                each.cycles, explore_calls.count_cycles("s", each.workload, each.mix, each.cycles.engine)
            )
        if results.found(each.synthesis) is None:
            results.keep(
                each.synthesis, explore_calls.synthesize("s", each.design, each.family, each.seeds, "")
            )


POINTS = [
    point(name, mix, rows=rows)
    for name in ("32x32x32", "64x32x32", "13x13x13")
    for mix in ("MX6", "MX9")
    for rows in (2, 4)
]


def test_the_file_is_the_same_in_whatever_order_results_come(tmp_path):
    with Results(tmp_path / "a" / "e.parquet") as results:
        results.add(POINTS)
        fill(results, POINTS)
    shuffled = random.Random(1).sample(POINTS, len(POINTS))
    for part in (shuffled[:5], shuffled[5:6], shuffled):  # three runs
        with Results(tmp_path / "b" / "e.parquet") as results:
            results.add(part)
            fill(results, part)
            results.write()
    assert (tmp_path / "a/e.parquet").read_bytes() == (tmp_path / "b/e.parquet").read_bytes()
    table = pq.read_table(tmp_path / "a/e.parquet")
    assert table.schema.equals(SCHEMA)
    assert table.num_rows == len(POINTS)
    refused = [row for row in table.to_pylist() if row["workload"] == "13x13x13"]
    assert {row["refused"] for row in refused} == {"the engine has no luck"}
    assert all(row["cycles"] is None and row["lut"] for row in refused)


def test_what_is_in_the_file_is_known(tmp_path):
    path = tmp_path / "e.parquet"
    with Results(path) as results:
        results.add(POINTS)
        fill(results, POINTS[:4])
        assert len(results) == 4 + 2
    assert pq.read_table(path).num_rows == len(POINTS)  # their sizes are known
    with Results(path) as results:
        assert len(results) == 6
        other = point("640x32x32")
        results.add([other])
        assert results.found(other.synthesis) is not None
        assert results.found(other.cycles) is None
        assert results.row(other)["lut"] == 1000 + 300 * 4
        assert results.row(POINTS[0])["cycles"] == 32**3 // 4 + 100
    assert pq.read_table(path).num_rows == len(POINTS) + 1


def test_results_are_written_now_and_then_and_in_the_end(tmp_path, monkeypatch):
    path, now = tmp_path / "e.parquet", [0.0]
    monkeypatch.setattr("perf.explore.results.monotonic", lambda: now[0])
    with contextlib.suppress(KeyboardInterrupt), Results(path) as results:
        results.add(POINTS)
        fill(results, POINTS[:1])
        results.write_if_due()
        assert not path.exists()
        now[0] = 2.5
        results.write_if_due()
        assert path.exists()
        before = path.stat().st_mtime_ns
        results.write()
        assert path.stat().st_mtime_ns == before  # nothing is new
        fill(results, POINTS[1:])
        raise KeyboardInterrupt
    assert all(row["lut"] for row in pq.read_table(path).to_pylist())


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "e.parquet"
    with Results(path) as results:
        results.add(POINTS)
        fill(results, POINTS[:2])
    before = path.read_bytes()
    usual = pq.write_table

    def half(table, where, **options):
        usual(table, where, **options)
        where.write_bytes(where.read_bytes()[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", half)
    with Results(path) as results:
        results.add(POINTS)
        fill(results, POINTS)
        with pytest.raises(OSError, match="No space left"):
            results.write()
        results._changed = False  # or the end would try again
    assert path.read_bytes() == before
    monkeypatch.setattr(pq, "write_table", usual)
    with Results(path):
        pass
    assert [each.name for each in tmp_path.iterdir()] == ["e.parquet"]


def test_files_that_are_no_results(tmp_path):
    path = tmp_path / "e.parquet"
    path.write_bytes(b"text")
    with pytest.raises(ExploreError, match=r"e\.parquet is not a Parquet file"), Results(path):
        pass
    pq.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(ExploreError, match="is not of an exploration by this version"), Results(path):
        pass
    path.unlink()
    path.mkdir()
    with pytest.raises(IsADirectoryError), Results(path):
        pass


def test_a_file_is_of_one_exploration_at_a_time(tmp_path):
    path = tmp_path / "e.parquet"
    with Results(path):
        with pytest.raises(ExploreError, match=r"e\.parquet is in use by another exploration"), Results(path):
            pass
        code = "import pathlib, sys; from perf.explore.results import Results\n"
        code += "Results(pathlib.Path(sys.argv[1])).__enter__()"
        command = [sys.executable, "-c", code, str(path)]
        other = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "is in use by another exploration" in other.stderr
    with Results(path):
        pass


def row(cycles=1000, lut=5000, **values):
    usual = dict.fromkeys(SCHEMA.names) | {"workload": "w", "mix": "MX6", "family": "ecp5", "busy": 600}
    return usual | {"cycles": cycles, "lut": lut, "ff": lut, "block_memories": 10} | values


def test_a_clock_is_measured_or_assumed():
    assumed = figures_of(row(), 200, Limits())
    assert (assumed.clock_mhz, assumed.clock_status, assumed.seconds) == (200, "A", 5e-6)
    assert assumed.speed_per_lut == pytest.approx(1 / 5e-6 / 5)
    assert assumed.busy == 0.6
    measured = figures_of(row(fmax_mhz=80.0), 200, Limits())
    assert (measured.clock_mhz, measured.clock_status, measured.seconds) == (80.0, "M", 12.5e-6)
    assert figures_of(row(cycles=None), 200, Limits()) is None
    assert figures_of(row(lut=None), 200, Limits()).speed_per_lut is None


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        ({"lut": 5000}, ""),
        ({"lut": 4999}, "5000 LUTs, of 4999"),
        ({"ff": 1}, "5000 flip-flops, of 1"),
        ({"block_memories": 9}, "10 block memories, of 9"),
        ({"device": "LFE5U-85F"}, ""),
        ({"device": "LFE5U-85F", "lut": 4000}, "5000 LUTs, of 4000"),
        ({"device": "LIFCL-40"}, "LIFCL-40 is of nexus, not of ecp5"),
    ],
)
def test_limits(limits, says):
    assert Limits(**limits).exceeded(row()) == says
    assert Limits(lut=1).exceeded(row(lut=None)) == ""  # not known


def test_devices_hold_what_they_have():
    for name, lut in (("LFE5U-25F", 24288), ("LFE5U-85F", 83640)):
        limits = Limits(device=name)
        assert limits.exceeded(row(lut=lut)) == ""
        assert limits.exceeded(row(lut=lut + 1)) == f"{lut + 1} LUTs, of {lut}"
    with pytest.raises(ValueError, match=r"must be one of LFE5U-25F, .*, not 'XC7'"):
        Limits(device="XC7")


def test_the_front_is_what_nobody_beats():
    rng = random.Random(2)
    limits = Limits(lut=18)
    figures = [figures_of(row(rng.randint(1, 20), rng.randint(1, 20)), 1, limits) for _ in range(60)]
    figures.append(figures_of(row(1, None), 1, limits))
    inside = [f for f in figures if not f.exceeded and f.lut is not None]
    assert len(inside) < 60

    def beats(a, b) -> bool:
        return a.lut <= b.lut and a.seconds <= b.seconds and (a.lut, a.seconds) != (b.lut, b.seconds)

    expected = {id(f) for f in inside if not any(beats(other, f) for other in inside)}
    found = front(figures)
    assert {id(f) for f in found} == expected
    assert [f.lut for f in found] == sorted(f.lut for f in found)


def test_the_best():
    figures = [figures_of(row(c, lut), 1, Limits(lut=50)) for c, lut in ((9, 10), (5, 30), (1, 60), (6, 20))]
    assert [f.row["cycles"] for f in best(figures, "time", 2)] == [5, 6]
    assert [f.lut for f in best(figures, "LUTs", 9)] == [10, 20, 30]
    assert [f.lut for f in best(figures, "speed per LUT", 9)] == [10, 20, 30]
    unknown = [replace(f, row={**f.row, "lut": None}, exceeded="") for f in figures]
    assert best(unknown, "LUTs", 9) == []
    assert [f.row["cycles"] for f in best(unknown, "time", 9)] == [1, 5, 6, 9]


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
