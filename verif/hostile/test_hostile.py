"""Hostile inputs are the same from a seed, whatever is wrong is found, and a few of each find nothing."""

import json
from dataclasses import replace

import pytest

from verif.hostile.__main__ import main
from verif.hostile.campaign import counts, run
from verif.hostile.findings import keep, replayed
from verif.hostile.judge import Verdict
from verif.hostile.planted import PLANTED, planted, slow_to_begin
from verif.hostile.tally import Tally
from verif.hostile.targets import TARGETS
from verif.hostile.worker import Batch, input_of


def test_every_target_has_a_name_and_inputs():
    names = [target.name for target in TARGETS]
    assert len(set(names)) == len(names)
    found = counts(TARGETS, 1_000_000)
    assert sum(found.values()) == 1_000_000
    assert set(found) == set(names)
    assert min(counts(TARGETS, 10).values()) == 1


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_inputs_come_from_a_seed(target):
    batch = Batch(target, tuple(target.valid()), 7, 0, 50)
    inputs = [input_of(batch, number) for number in range(50)]
    assert inputs == [input_of(batch, number) for number in range(50)]
    assert len(set(inputs)) > 25
    assert inputs != [input_of(replace(batch, seed=8), number) for number in range(50)]
    assert sum(data in batch.valid for data in inputs) < 10


@pytest.mark.engine
def test_a_few_inputs_of_every_target_find_nothing(tmp_path):
    for tally in run(TARGETS, 1000, seed=3, jobs=2):
        assert tally.judged == tally.planned >= 1
        assert not tally.findings, keep(tally, tmp_path)


@pytest.mark.parametrize("kind", PLANTED)
def test_planted_faults_are_found(kind, tmp_path):
    """All of them, and what else there is is counted."""
    inputs, seed = 20, 2
    target = planted(kind)
    drawn = [input_of(Batch(target, (), seed, 0, inputs), number) for number in range(inputs)]
    (tally,) = run([target], inputs, seed, jobs=2)
    assert tally.findings == sum(data[0] < 64 for data in drawn) > 0
    assert tally.refused == sum(data[0] >= 128 for data in drawn) > 0
    assert tally.accepted == inputs - tally.findings - tally.refused > 0
    assert {found for found, _ in tally.faults} == {kind.partition(",")[0]}
    (key,) = tally.faults
    assert tally.inputs[key] == min((data for data in drawn if data[0] < 64), key=len)
    (text,) = keep(tally, tmp_path)
    (path,) = tmp_path.iterdir()
    assert text.endswith(f"again: .venv/bin/python -m verif.hostile --replay {path}")
    (again,) = run([replayed(path, [target])], 1, seed=5, jobs=1)
    assert (again.findings, set(again.faults)) == (1, set(tally.faults))


def test_a_process_that_begins_late_is_no_hang():
    target = replace(planted("error"), valid=slow_to_begin, seconds=0.5)
    (tally,) = run([target], 4, seed=2, jobs=2)
    assert {kind for kind, _ in tally.faults} <= {"error"}
    assert tally.judged == 4


def test_shortest_inputs_are_kept_once_for_a_place():
    tally = Tally("x", 4)
    for number, (place, data) in enumerate([("a", b"long"), ("a", b"s"), ("b", None), ("a", b"middle")]):
        tally.find(number, Verdict("error", place, "text"), data)
    assert tally.findings == 4
    assert tally.inputs == {("error", "a"): b"s"}
    assert [entry["inputs"] for entry in tally.figures()["faults"]] == [3, 1]
    assert tally.faults["error", "a"][0] == 1


@pytest.mark.engine
def test_the_command_prints_a_table_or_json(capsys):
    assert main(["--count", "40", "--only", "prompts", "--only", "idx", "--jobs", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["target", "idx", "prompts", "all"]
    assert lines[-1].split()[1] == "40"
    assert main(["--count", "40", "--only", "idx", "--jobs", "1", "--json"]) == 0
    (figures,) = json.loads(capsys.readouterr().out)
    assert figures["accepted"] + figures["refused"] == figures["inputs"] == 40


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--count", "0"], "--count must be at least 1, not 0"),
        (["--only", "nothing"], "invalid choice: 'nothing'"),
        (["--replay", "/none-1.bin"], "No such file"),
        (["--replay", "/dev/null"], "must be called TARGET-DIGEST.bin"),
    ],
)
def test_wrong_calls_end_with_a_line(arguments, says, capsys):
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert says in capsys.readouterr().err
