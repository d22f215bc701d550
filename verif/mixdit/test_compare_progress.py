"""How far a comparison is, and the time that is left."""

import pytest

from mixdit.compare import run, tasks
from mixdit.compare.time_left import TimeLeft
from mixdit.tasks.executor import Here
from mixdit.tasks.progress import Progress, show_progress


class Clock:
    """Goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Kept:
    """Results in memory, some of which were there before."""

    def __init__(self, references: int, variants: dict[str, int]) -> None:
        self.references = set(range(references))
        self.images = {(name, number) for name, count in variants.items() for number in range(count)}

    def has_reference(self, number):
        return number in self.references

    def reference(self, number):
        return {}

    def keep_reference(self, number, arrays):
        self.references.add(number)

    def figures(self, name, number):
        return {} if (name, number) in self.images else None

    def keep(self, name, number, measurement):
        self.images.add((name, number))


def compared(monkeypatch, kept: Kept, images: int) -> list[Progress]:
    """What is told when an image takes 3 seconds for each time that it is sampled."""
    clock, told = Clock(), []

    def sampled(times: int):
        clock.now += 3 * times

    monkeypatch.setattr(run, "TimeLeft", lambda work: TimeLeft(work, clock))
    monkeypatch.setattr(run, "make_row", lambda variant, results, images: variant.name)
    monkeypatch.setattr(tasks, "make_reference", lambda *arguments: sampled(1))
    monkeypatch.setattr(tasks, "measure", lambda *arguments: sampled(2 if arguments[-1] else 1))
    assert run.compare(None, ["MX6", "MX9"], images, kept, Here(), told.append) == ["MX6", "MX9"]
    return told


def test_what_is_left_takes_as_long_as_what_was_done(monkeypatch):
    """Images whose predictions are compared are sampled twice."""
    told = compared(monkeypatch, Kept(0, {}), 20)
    assert [(each.done, each.of) for each in told] == [(done, 60) for done in range(61)]
    total = 20 + 2 * (2 * run.PREDICTION_IMAGES + 4)
    assert told[0].seconds_left is None
    assert told[1].seconds_left == pytest.approx(3 * (total - 1))
    assert told[20].seconds_left == pytest.approx(3 * (total - 20))
    assert told[21].seconds_left == pytest.approx(3 * (total - 22))
    assert told[-2].seconds_left == pytest.approx(3)
    assert told[-1].seconds_left == 0
    assert [told[i].what for i in (0, 1, 21)] == ["", "image 0", "MX6, image 0"]


def test_what_was_there_before_took_no_time(monkeypatch):
    """It is done, but makes nothing look faster."""
    told = compared(monkeypatch, Kept(20, {"MX6": 20, "MX9": 17}), 20)
    assert [(each.done, each.of) for each in told] == [(done, 60) for done in range(57, 61)]
    assert [each.seconds_left for each in told] == [None, pytest.approx(6), pytest.approx(3), 0]
    (only,) = compared(monkeypatch, Kept(20, {"MX6": 20, "MX9": 20}), 20)
    assert only == Progress(done=60, of=60, what="", seconds_left=None)


def shown(capsys, pause: float) -> str:
    """Ten images, one each half minute."""
    clock = Clock()
    with show_progress(pause, clock) as show:
        show(Progress(done=0, of=10, what="", seconds_left=None))
        for number in range(10):
            clock.now += 30
            left = 30.0 * (9 - number)
            show(Progress(done=number + 1, of=10, what=f"MX6, image {number}", seconds_left=left))
    return capsys.readouterr().err


def test_without_a_terminal_there_is_a_line_now_and_then(capsys):
    lines = shown(capsys, pause=60).splitlines()
    assert lines[:2] == ["2/10 MX6, image 1, 4 min left", "4/10 MX6, image 3, 3 min left"]
    assert len(lines) == 5
    assert len(shown(capsys, pause=0).splitlines()) == 10


def test_a_terminal_has_a_bar_with_the_time_left(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    text = shown(capsys, pause=60)
    assert "MX6, image 9, 0 s left" in text
    assert "10/10" in text
    assert "2/10 MX6" not in text
