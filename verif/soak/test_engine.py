"""A short soak of a small engine: good as it is, and with a planted bug found, replayed and recorded."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from golden.engine import EngineParameters
from mixdit.sim.waves import CYCLE_NS
from verif.soak.cases import run_case
from verif.soak.designs import ENGINES, Design

ROOT = Path(__file__).parents[2]

VALUES = {name: values[0] for name, values in ENGINES.items()} | {
    "rows": 2, "cols": 4, "drain_rows": 1, "k_blocks": 4, "fraction_bits": 17, "stationary_tiles": 2,
    "address_bits": 36, "product_stages": 2,
}  # fmt: skip
"""Of a small engine; the others are least."""

EXTRAS = ("product_stages", "target", "result_words", "adder_lanes")

DESIGN = Design(
    seed=1,
    number=0,
    parameters=EngineParameters(**{name: value for name, value in VALUES.items() if name not in EXTRAS}),
    build={name: VALUES[name] for name in EXTRAS},
)

SCRIPT = f"""
import sys
from functools import partial
from golden.engine import job
from verif.soak import designs
from verif.soak.__main__ import main

designs.ENGINES = {{name: (value,) for name, value in {VALUES!r}.items()}}
if sys.argv[1] == "planted":  # golden drops a bit more than the hardware
    good = job.matmul
    job.matmul = lambda a, b, *, fraction_bits, k_blocks: good(
        a, b, fraction_bits=fraction_bits - 1, k_blocks=k_blocks
    )
sys.exit(main(sys.argv[2:]))
"""


def soak(kind: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command with the small engine, as it is or with the bug ``planted``."""
    command = [sys.executable, "-c", SCRIPT, kind, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.mark.engine
def test_all_is_good():
    done = soak("good", "--designs", "1", "--cases", "5")
    assert done.returncode == 0, done.stdout + done.stderr
    cells = done.stdout.splitlines()[-2].split()
    assert cells[:2] == ["all", "5"]
    assert cells[-1] == "0"
    assert all(int(cell.replace(",", "")) > 0 for cell in cells[2:-2])


@pytest.mark.sweep
@pytest.mark.parametrize("number", [1, 4])
def test_a_case_is_the_same_again(number):
    first, again = (run_case(DESIGN, number) for _ in range(2))
    assert first == again
    assert not first.failure


@pytest.mark.sweep
def test_a_planted_bug_is_found_replayed_and_recorded(tmp_path):
    done = soak("planted", "--designs", "1", "--cases", "4")
    assert done.returncode == 1
    assert "bytes differ" in done.stdout
    command = re.search(r'^    make soak ARGS="(.*)"$', done.stdout, re.MULTILINE)
    arguments = shlex.split(command[1])
    place = arguments.index("--wave") + 1
    arguments[place] = str(tmp_path / Path(arguments[place]).name)
    arguments[-1] = "500"
    again = soak("planted", *arguments)
    assert again.returncode == 1
    assert "bytes differ" in again.stdout
    vcd = Path(f"{arguments[place]}.vcd")
    assert vcd.with_suffix(".gtkw").exists()
    times = [int(line[1:]) for line in vcd.read_text().splitlines() if line.startswith("#")]
    assert len(times) > 1000
    reset = 2 * 2
    assert times[reset] >= 500 * CYCLE_NS
