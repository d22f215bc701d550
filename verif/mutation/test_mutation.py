"""The campaign itself: it finds what can be changed, changes it, and tells what tests notice."""

import subprocess
import sys

import pytest
from amaranth.hdl import Const, Module, Signal

from gen.markdown import section
from verif.mutation import kept, report, runtime
from verif.mutation.campaign import Outcome, Run
from verif.mutation.find import find
from verif.mutation.rewrite import rewrite
from verif.mutation.runtime import NUMBER
from verif.mutation.units import ROOT, WITHOUT_LOGIC, claimed_by, modules
from verif.simulation import simulate

UNIT = "hw.stream.skid_buffer"

SOURCE = """
class Unit:
    def elaborate(self, platform):
        m = Module()
        with m.If(self.a == 3):
            m.d.sync += self.b.eq(Mux(self.c, self.a + 1, ~self.b))
        m.d.comb += self.d.eq(self.a & self.b)
        other = 2 * len(self.a)
        late, early = Signal(init=1), Signal(2)
        return m
"""


def test_places_and_changes(tmp_path):
    path = tmp_path / "unit.py"
    path.write_text(SOURCE)
    found = find("unit", path)
    assert [(site.line, site.text, site.change) for site in found] == [
        (5, "m.If(self.a == 3)", "always"),
        (5, "m.If(self.a == 3)", "never"),
        (5, "self.a == 3", "constant"),
        (5, "self.a == 3", "ne"),
        (6, "self.b.eq(Mux(self.c, self.a + 1, ~self.b))", "held"),
        (6, "Mux(self.c, self.a + 1, ~self.b)", "swapped"),
        (6, "self.a + 1", "constant"),
        (6, "self.a + 1", "sub"),
        (6, "~self.b", "not inverted"),
        (7, "self.d.eq(self.a & self.b)", "zero"),
        (7, "self.a & self.b", "or_"),
        (9, "Signal(init=1)", "begins otherwise"),
    ]
    assert found[0].key == "unit.Unit.elaborate: m.If(self.a == 3): always"


@pytest.mark.parametrize(("switched_on", "expected"), [(True, 2), (False, 3)])
def test_a_register_begins_otherwise(switched_on, expected, tmp_path, monkeypatch):
    path = tmp_path / "unit.py"
    path.write_text("from amaranth.hdl import Signal\nregister = Signal(2, name='x', init=3)\n")
    (site,) = find("unit", path)
    monkeypatch.setenv(NUMBER, str(7 * switched_on))
    unit = {}
    exec(compile(rewrite(path.read_text(), {7: site}), str(path), "exec"), unit)
    assert unit["register"].init == expected


@pytest.mark.parametrize(("switched_on", "expected"), [(True, 0b101), (False, 0)])
def test_all_bits_of_a_register_are_held(switched_on, expected, monkeypatch):
    """Though the value that it takes has fewer."""
    monkeypatch.setattr(runtime, "switch", lambda: Const(7 * switched_on, 16))
    m, register = Module(), Signal(3, init=0b101)
    m.d.sync += runtime.assign([(7, "held")], register, 0)

    async def look(ctx):
        await ctx.tick()
        assert ctx.get(register) == expected

    simulate(m, look)


def test_every_module_is_claimed_by_a_test_that_there_is():
    for module in modules():
        assert all((ROOT / test.partition("::")[0]).exists() for test in claimed_by(module)), module
    assert claimed_by("hw.gemm.operands.operand_reader") == ("verif/hw/gemm/operands",)


def test_what_has_no_logic_makes_no_design():
    found = modules()
    assert all("def elaborate" not in found[name].read_text() for name in WITHOUT_LOGIC)
    folder = ROOT / "build" / "no such"
    assert all(kept.kept_runs(name, found[name], 5, folder) == [] for name in WITHOUT_LOGIC)
    assert kept.without_mutants("hw.stream.packet", found["hw.stream.packet"])
    assert not kept.without_mutants(UNIT, found[UNIT])


@pytest.mark.slow
def test_tests_notice_what_they_claim(tmp_path):
    (site,) = (site for site in find(UNIT, modules(UNIT)[UNIT]) if site.change == "swapped")
    wrong = tmp_path / "test_wrong.py"
    wrong.write_text("def test_wrong():\n    assert False\n")
    assert ran(site, "verif/hw/stream/test_skid_buffer.py", tmp_path) == "KILLED"
    blind = tmp_path / "test_blind.py"
    blind.write_text(
        "from amaranth.hdl import Fragment\n"
        "from hw.stream.skid_buffer import SkidBuffer\n"
        "def test_it_can_be_built():\n    Fragment.get(SkidBuffer(shape=8), None)\n"
    )
    assert ran(site, blind, tmp_path) == "SURVIVED"
    assert "BlindTestsError" in ran(site, "verif/hw/stream/test_arbiter.py", tmp_path)
    assert f"FailingTestsError: {wrong} fails without a mutant" in ran(site, wrong, tmp_path)


def ran(site, tests, folder):
    """What became of a mutant, in a process of its own, as the module may be imported here; or the error."""
    program = (
        "from pathlib import Path; from verif.mutation.campaign import *; from verif.mutation.site import *;"
        f"[print(run.outcome.name) for run in run_mutants([{site!r}], ['{tests}'], Path('{folder}'))]"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return run.stderr.strip() or run.stdout.strip()


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module, a test that claims it, and runs of its mutants, which are listed instead of made."""
    (tmp_path / "unit.py").write_text(SOURCE)
    (tmp_path / "test_unit.py").write_text('def test():\n    run_bench("verif.unit_bench")\n')
    (tmp_path / "verif").mkdir()
    (tmp_path / "verif" / "unit_bench.py").write_text("from verif.checks import *\n")
    (tmp_path / "verif" / "checks.py").write_text("")
    ran = []

    def run(sites, tests, folder, draw):
        ran.append(tests)
        yield from (Run(site, Outcome.KILLED, 1.5) for site in draw(sites))

    monkeypatch.setattr(kept, "ROOT", tmp_path)
    monkeypatch.setattr(kept, "claimed_by", lambda name: ("test_unit.py::test",))
    monkeypatch.setattr(kept, "run_mutants", run)
    return tmp_path, ran


def test_results_are_kept_until_source_or_tests_change(module):
    folder, ran = module

    def runs(count=3):
        return kept.runs_of("unit", folder / "unit.py", count, folder / "out")

    assert kept.kept_runs("unit", folder / "unit.py", 3, folder / "out") is None
    first = runs()
    assert len(first) == 3
    assert kept.kept_runs("unit", folder / "unit.py", 3, folder / "out") == first
    assert runs() == first
    assert len(ran) == 1
    assert len(more := runs(4)) == 4
    assert set(first) < set(more), "a fourth is added to the three"
    assert runs() == more
    assert len(ran) == 2
    (folder / "test_unit.py").write_text('def test():\n    assert run_bench("verif.unit_bench")\n')
    runs(4)
    (folder / "unit.py").write_text(SOURCE + "# changed\n")
    runs(4)
    assert len(ran) == 4
    (folder / "verif" / "checks.py").write_text("# what the test's bench imports\n")
    runs(4)
    assert len(ran) == 5


def test_survivors_are_published_with_their_reasons(tmp_path, monkeypatch):
    page = tmp_path / "mutants.md"
    names = ("modules", "without", "survivors")
    page.write_text("".join(f"<!-- {name} -->\n<!-- end of {name} -->\n" for name in names))
    (tmp_path / "unit.py").write_text(SOURCE)
    found = find("unit", tmp_path / "unit.py")
    monkeypatch.setattr(report, "PAGE", page)
    monkeypatch.setattr(report, "REASONS", {found[-2].key: "it is the same"})
    outcomes = [Outcome.KILLED, Outcome.HUNG, Outcome.SURVIVED, Outcome.SURVIVED]
    runs = [Run(site, outcome, 1.0) for site, outcome in zip(found[-4:], outcomes, strict=True)]
    report.publish(runs, {"layouts": "widths"}, done=1, modules=1)
    modules_section, without, survivors = (section(page.read_text(), name) for name in names)
    assert modules_section.splitlines()[2:] == ["| unit | 4 | 2 | 2 | 1 |", "| all | 4 | 2 | 2 | 1 |"]
    assert without.splitlines()[2:] == ["| `layouts` | widths |"]
    assert "| it is the same |" in survivors
    assert len(survivors.splitlines()) == 4
    assert report.unexplained(runs) == [runs[-1]]
    report.publish(runs, {}, done=1, modules=3)
    assert section(page.read_text(), "modules").startswith("1 of 3 modules so far; the others are")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["hw.stream", "hw.strem"], "no module of hw is called 'hw.strem'"),
        (["--each", "0"], "--each must be at least 1, not 0"),
        (["--jobs", "-1"], "--jobs must be at least 1, not -1"),
        (["hw.stream", "--publish"], "--publish takes all modules"),
    ],
)
def test_wrong_arguments(arguments, message):
    command = [sys.executable, "-m", "verif.mutation", *arguments]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert message in run.stderr.splitlines()[-1]


def test_nothing_is_kept(tmp_path):
    command = [sys.executable, "-m", "verif.mutation", "hw.stream", "--kept", f"--output={tmp_path}"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (1, f"no results of these modules are kept in {tmp_path}\n")
