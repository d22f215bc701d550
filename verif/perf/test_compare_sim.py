"""Speed of the simulated array beside that of another commit."""

import subprocess
import sys

import pytest

from perf.speed import compare_sim


def test_each_tree_counts_with_its_best_run(monkeypatch, tmp_path):
    speeds = {"old": iter((10.0, 40.0)), "new": iter((60.0, 20.0))}

    def measured(tree):
        speed = next(speeds[tree.name])
        return {"MX6": {"macs_per_cpu_second": speed}, tree.name: {"macs_per_cpu_second": 1.0}}

    monkeypatch.setattr(compare_sim, "measured", measured)
    found = compare_sim.compared(tmp_path / "old", tmp_path / "new", rounds=2)
    assert found == [{"product": "MX6", "there": 40.0, "here": 60.0, "ratio": 1.5}]


def test_the_tree_is_that_of_the_commit(monkeypatch, tmp_path):
    def git(*arguments):
        name = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        subprocess.run(["git", *name, *arguments], cwd=tmp_path, check=True)

    git("init", "--quiet")
    for content in ("old", "new"):
        (tmp_path / "file").write_text(content)
        git("add", "file")
        git("commit", "--quiet", "--message", content)
    monkeypatch.setattr(compare_sim, "HERE", tmp_path)
    tree = compare_sim.tree_of("HEAD~1", tmp_path / "trees")
    assert (tree / "file").read_text() == "old"
    assert compare_sim.tree_of("HEAD~1", tmp_path / "trees") == tree


def test_an_unknown_commit_is_named(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["compare_sim", "no-such-commit"])
    with pytest.raises(SystemExit, match="commit must be one that git has here, not 'no-such-commit'"):
        compare_sim.main()
