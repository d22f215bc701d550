"""Ctrl-C at any moment: one line, and files that are whole."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gen.files import replacing, write_files
from verif.runner import seed

START = "from gen.cli import main; print('ready', flush=True); main()"
COMMANDS = {
    "verilog": "verilog --top mx_array --rows 1 --cols 1 --k-blocks 1 --output out --store s{n}",
    "synth": "synth --design perf.baselines.floor:Floor --seeds 1 --store s{n} --json",
}
MOMENTS = {"verilog": 10, "synth": 5}


@pytest.fixture(autouse=True)
def interruptible():
    """Have SIGINT interrupt, also where the tests run in the background, and shells have it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def start(arguments, folder):
    process = subprocess.Popen(
        [sys.executable, "-c", START, *arguments.split()],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout.readline() == "ready\n"
    return process


def check_export(folder: Path) -> None:
    """The folder has no export, or a whole one."""
    files = {path.name for path in folder.rglob("out/*/*")}
    assert not any(name.startswith(".") for name in files)
    if files:
        (manifest,) = folder.rglob("out/*/manifest.json")
        named = {file["name"] for file in json.loads(manifest.read_text())["files"]}
        assert files == {"manifest.json", *named}


@pytest.mark.sweep
@pytest.mark.parametrize("command", COMMANDS)
def test_at_any_moment_it_is_one_line(command, tmp_path):
    began = time.monotonic()
    whole = start(COMMANDS[command].format(n=0), tmp_path)
    _, err = whole.communicate()
    assert whole.returncode == 0, err
    duration = 0.9 * (time.monotonic() - began)
    chosen = random.Random(seed())
    interrupted = 0
    for n in range(1, MOMENTS[command] + 1):
        process = start(COMMANDS[command].format(n=n), tmp_path)
        time.sleep(chosen.uniform(0, duration))
        # From a terminal it reaches the command and its tools; from a script perhaps the command alone.
        (os.killpg if n % 2 else os.kill)(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
        lines = [line for line in err.splitlines() if not line.startswith(("1/", "2/", "3/"))]
        if process.returncode:
            interrupted += 1
            assert (process.returncode, lines) == (130, ["mixdit: interrupted"])
        else:
            assert lines == []
        check_export(tmp_path)
    assert interrupted >= MOMENTS[command] // 2


def test_writing_files_is_finished_first(tmp_path, monkeypatch):
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda *paths: (signal.raise_signal(signal.SIGINT), replace(*paths)))
    with pytest.raises(KeyboardInterrupt):
        write_files(tmp_path, {"a": "1", "b": "2"})
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "1", "b": "2"}


def test_what_is_interrupted_leaves_the_old_file(tmp_path):
    path = tmp_path / "picture"
    path.write_text("old")

    def draw():
        with replacing(path) as new:
            new.write_text("half")
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        draw()
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {"picture": "old"}


def test_where_python_loses_an_interruption_it_comes_again(tmp_path):
    """In a destructor, as of designs that are only built."""
    code = """
import os, signal, time, sys
from gen import application, cli

class Lost:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)

def run_command(arguments):
    Lost()
    time.sleep(20)

application.run_command = run_command
cli.main()
"""
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=15, check=False
    )
    assert (run.returncode, run.stdout, run.stderr) == (130, "", "mixdit: interrupted\n")
