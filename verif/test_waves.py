"""The command behind `make wave`: the files it leaves for each kind of simulation, and its errors."""

import re
from pathlib import Path

import numpy as np
import pytest

from golden import MX6, quantize
from hw.target.block_memory import BlockMemory
from mixdit.sim import ArrayHarness
from mixdit.sim.waves import VARIABLE
from verif import wave
from verif.lamp import Lamp
from verif.simulation import simulate


@pytest.fixture
def folder(tmp_path, monkeypatch, pytestconfig):
    """Where to record; no test may record by chance."""
    monkeypatch.chdir(pytestconfig.rootpath)
    monkeypatch.delenv(VARIABLE, raising=False)
    return tmp_path / "waves"


def changes(vcd: Path) -> dict[str, list[str]]:
    """Values of every signal of a VCD file, one after the other, by the name that GTKWave gives it."""
    scope, names, values = [], {}, {}
    header, _, body = vcd.read_text().partition("$enddefinitions $end")
    for line in header.splitlines():
        match line.split():
            case ["$scope", _, name, "$end"]:
                scope.append(name)
            case ["$upscope", "$end"]:
                scope.pop()
            case ["$var", kind, size, code, name, *_]:
                bits = f"[{int(size) - 1}:0]" if kind == "wire" and int(size) > 1 else ""
                names[".".join([*scope, name]) + bits] = code
    for line in body.splitlines():
        if found := re.fullmatch(r"[bs](\S+) (\S+)|([01])(\S+)", line):
            text, code, bit, bit_code = found.groups()
            values.setdefault(code or bit_code, []).append(text or bit)
    return {name: values.get(code, []) for name, code in names.items()}


def shown(view: Path) -> list[str]:
    """Signals that a view lists."""
    return re.findall(r"^(?:\+\{\S+\} )?(\w\S*\.\S+)$", view.read_text(), re.MULTILINE)


def recorded(folder: Path, capfd) -> tuple[dict[str, list[str]], list[str]]:
    """The only waveform in ``folder``, and what its view lists, all of which must be in it."""
    (vcd,), (view,) = folder.glob("*.vcd"), folder.glob("*.gtkw")
    assert f"\n    gtkwave {view}\n" in capfd.readouterr().out
    assert f'[dumpfile] "{vcd}"' in view.read_text()
    values, names = changes(vcd), shown(view)
    assert names
    assert set(names) <= set(values)
    return values, names


def test_amaranth_simulation(folder, capfd):
    test = "verif/hw/gemm/jobs/test_job_planner.py::test_group_fits[True-2-7]"
    assert wave.main([test], folder) == 0
    assert (folder / "job_planner-group_fits-True-2-7.vcd").exists()
    values, names = recorded(folder, capfd)
    assert names[:2] == ["bench.top.state_state", "bench.top.start"]
    assert {"IDLE/0", "CHUNKS/1"} <= set(values["bench.top.state_state"])
    assert len(values["bench.top.clk"]) > 100


def test_lamp(bench):
    assert bench(Lamp(), "lamp", "verif.lamp").tests == ("blinks",)


@pytest.mark.slow
def test_cocotb_bench(folder, capfd):
    assert wave.main(["verif/test_waves.py::test_lamp"], folder) == 0
    values, names = recorded(folder, capfd)
    states = ["lamp.state_state[1:0]", "lamp.on.phase_state", "lamp.off.phase_state"]
    assert sorted(names[:3]) == sorted(states)
    assert names[3:] == [f"lamp.{port}" for port in ("clk", "rst", "button", "lit")]
    assert (folder / "waves-lamp.state_state.txt").read_text() == "0 IDLE\n1 LIT\n2 DARK\n"
    assert (folder / "waves-lamp.on.phase_state.txt").read_text() == "0 REST\n1 COUNT\n"
    assert values["lamp.state_state[1:0]"][:5] == ["00", "01", "10", "01", "10"]
    assert values["lamp.lit"][:4] == ["0", "1", "0", "1"]


@pytest.mark.slow
def test_compiled_array(folder, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(folder / "array"))
    array = ArrayHarness(rows=1, cols=1, drain_rows=1, k_blocks=2)
    x = quantize(np.ones((1, 32), np.float32), MX6)
    assert array.matmul(x, x).values == 32
    array.close()
    (vcd,) = folder.glob("*.vcd")
    values = changes(vcd)
    assert set(shown(vcd.with_suffix(".gtkw"))) <= set(values)
    assert values["mx_array.m_axis_d_tdata[31:0]"][-1] == f"{np.float32(32).view(np.uint32):032b}"
    assert values["mx_array.core.sequencer.issue"].count("1") >= 1
    assert not [name for name in values if re.search(r"\.\\?\$", name)], "intermediate results"


@pytest.mark.slow
def test_compiled_array_begins_at_values_that_its_seed_draws(folder, monkeypatch):
    first = []
    for run, seed in enumerate((1, 1, 2)):
        monkeypatch.setenv(VARIABLE, str(folder / f"array-{run}"))
        ArrayHarness(rows=1, cols=1, drain_rows=1, k_blocks=2, seed=seed).close()
        (vcd,) = folder.glob(f"array-{run}*.vcd")
        first.append([values[0] for values in changes(vcd).values() if values])
    assert first[0] == first[1]
    for values in first[1:]:
        assert 0.3 < np.mean([value[-1] == "1" for value in values]) < 0.7
    assert np.mean([a != b for a, b in zip(first[0], first[2], strict=True)]) > 0.3


@pytest.mark.engine
def test_compiled_engine(folder, capfd):
    test = "verif/hw/gemm/test_engine_harness.py::test_the_driver_works_on_it"
    assert wave.main([test], folder) == 0
    values, names = recorded(folder, capfd)
    assert sum(".state_state[" in name for name in names) == 8
    assert "1" in values["mixdit_gemm.irq"]
    check = (folder / "engine_harness-the_driver_works_on_it.datapath.check.state_state.txt").read_text()
    assert "5 MEASURE\n" in check


@pytest.mark.slow
def test_failing_simulations_keep_their_waveforms(folder, monkeypatch):
    async def stop(ctx):
        await ctx.tick().repeat(3)
        raise AssertionError("stopped")

    monkeypatch.setenv(VARIABLE, str(folder / "stopped"))
    for count in (1, 2):
        with pytest.raises(AssertionError, match="stopped"):
            simulate(BlockMemory(width=9, depth=4), stop)
        files = sorted(folder.glob("*.vcd"), key=lambda path: path.stat().st_mtime_ns)
        assert len(files) == count
        assert changes(files[-1])["bench.top.clk"].count("1") == 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("test", "message"),
    [
        ("", "name one test, such as TEST=converter"),
        ("no_such_test", "no test in verif/hw and verif/test_benches.py is called 'no_such_test'"),
        ("verif/hw/test_nothing.py::test_x", "there is no 'verif/hw/test_nothing.py'"),
        ("verif/test_waves.py::test_x", "no test in verif/test_waves.py is called"),
        ("verif/golden/test_dot.py::test_nan_blocks_have_no_dot", "simulates no hardware"),
    ],
)
def test_errors_are_one_line(folder, capfd, test, message):
    assert wave.main([test], folder) == 1
    error = capfd.readouterr().err
    assert re.fullmatch(rf"wave: [^\n]*{re.escape(message)}[^\n]*\n", error)


@pytest.mark.slow
def test_first_of_many(folder, capfd):
    assert wave.main(["test_word_whose_turn_it_is"], folder) == 0
    output = capfd.readouterr().out
    assert "wave: the first of 6 that match" in output
    assert (
        "\n  verif/hw/target/test_or_tree.py::test_word_whose_turn_it_is_comes_after_the_latency[17]\n"
        in output
    )
    assert [path.stem for path in folder.glob("*.vcd")] == [
        "or_tree-word_whose_turn_it_is_comes_after_the_latency-1"
    ]


def test_file_names_need_no_quotes():
    assert wave.stem("verif/x/test_y.py::test_z[one array-0.5-(a, b)*]") == "y-z-one-array-0-5-a-b"
