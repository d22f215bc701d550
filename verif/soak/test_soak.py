"""The soak's loop and command, without engines: what is run, told and counted, and how it ends."""

import json
import re
from collections import Counter

import pytest

from verif.soak import __main__ as command
from verif.soak import soak as loop
from verif.soak.cases import Outcome


class Builds:
    """Compiles nothing, and fails with some designs."""

    broken: tuple[int, ...] = ()
    started: list[int]

    def __enter__(self):
        type(self).started = []
        return self

    def __exit__(self, *exception):
        pass

    def start(self, design):
        self.started.append(design.number)

    def wait(self):
        return "it does not compile" if self.started[-1] in self.broken else ""


@pytest.fixture
def fake(monkeypatch):
    """Cases of 4 million cycles; those whose numbers are put into the list fail. What was run, as well."""
    bad, run = [], []

    def made_up(design, number):
        run.append((design.number, number))
        counts = Counter(cases=1, jobs=2, cycles=4_000_000, **{"bus faults": 3})
        return Outcome(number=number, counts=counts, failure="it is wrong" if run[-1] in bad else "")

    monkeypatch.setattr(loop, "run_case", made_up)
    monkeypatch.setattr(loop, "Builds", Builds)
    monkeypatch.setattr(Builds, "broken", ())
    return bad, run


def test_a_design_has_its_cycles_then_it_is_the_next_ones_turn(fake, capsys):
    assert command.main(["--seed", "3", "--designs", "2"]) == 0
    assert fake[1] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    assert Builds.started == [0, 1]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("seed 3, design 0: rows=")
    assert "3 cases, 6 jobs, 0 lists, 0 extremes, 9 bus faults" in lines[0]
    assert lines[-2].split()[:3] == ["all", "6", "12"]
    assert lines[-2].split()[-1] == "0"


def test_less_time_runs_the_same_cases_but_fewer(fake):
    assert command.main(["--minutes", "0"]) == 0
    assert fake[1] == [(0, 0)]


def test_a_failure_is_told_with_the_command_for_it_and_the_soak_goes_on(fake, capsys):
    fake[0].append((0, 1))
    assert command.main(["--seed", "3", "--designs", "2", "--cases", "2"]) == 1
    assert fake[1] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    output = capsys.readouterr().out
    assert "it is wrong\ncase 3:0.1 fails" in output
    again = 'make soak ARGS="--replay 3:0.1 --wave build/waves/soak-3-0.1 --from 3980000"'
    assert f"\n    {again}\n" in output
    assert re.search(r"^ *all .* 1$", output, re.MULTILINE)


def test_a_design_that_is_not_compiled_counts_as_failed(fake, monkeypatch, capsys):
    monkeypatch.setattr(Builds, "broken", (0,))
    assert command.main(["--designs", "2", "--cases", "1"]) == 1
    assert fake[1] == [(1, 0)]
    assert "design 0 of seed 1 is not compiled:\nit does not compile" in capsys.readouterr().out


def test_json(fake, capsys):
    fake[0].append((0, 0))
    assert command.main(["--designs", "1", "--cases", "2", "--json"]) == 1
    output = capsys.readouterr()
    (design,) = json.loads(output.out)["designs"]
    assert design["counts"]["jobs"] == 4
    assert design["failures"][0]["case"] == 0
    assert "case 1:0.0 fails" in output.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--minutes", "-1"], "--minutes must be at least 0, not -1.0"),
        (["--seed", "-1"], "--seed must be at least 0, not -1"),
        (["--cases", "0"], "--cases must be at least 1, not 0"),
        (["--replay", "1:2"], "--replay must be SEED:DESIGN.CASE, such as 1:0.3, not 1:2"),
        (["--wave", "x"], "--wave is of a --replay"),
    ],
)
def test_bad_arguments_are_one_line(arguments, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        command.main(arguments)
    assert stopped.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1] == f"python -m verif.soak: error: {message}"
