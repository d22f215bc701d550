"""What processes do in tests of explorations, in place of the cycle model and of synthesis: at once, noted.

The folder of the notes is in the environment: every process of a test has it from the one that starts it.
"""

import os
import time
import zlib
from pathlib import Path
from typing import Any

NOTES, SECONDS = "MIXDIT_TEST_NOTES", "MIXDIT_TEST_SECONDS"


def _value(*key: Any) -> int:
    return zlib.crc32(repr(key).encode())


def _note(what: str) -> None:
    """What is called, and in which process."""
    folder = os.environ.get(NOTES)
    if folder:
        new = Path(folder) / f"{os.getpid()}-{time.monotonic_ns()}.new"
        new.write_text(what)
        new.rename(new.with_suffix(".note"))


def _work(kind: str, *key: Any) -> None:
    what = f"{kind}-{_value(*key):08x}"
    _note(f"begin {what}")
    time.sleep(float(os.environ.get(SECONDS, 0)))
    _note(f"end {what}")


def notes(folder: Path, event: str) -> list[str]:
    """Calls that have begun, or ended."""
    texts = (path.read_text().split() for path in sorted(folder.glob("*.note")))
    return [what for found, what in texts if found == event]


def processes(folder: Path) -> list[int]:
    """Those of the notes, the latest last."""
    return [int(path.name.partition("-")[0]) for path in sorted(folder.glob("*.note"), key=_time)]


def _time(path: Path) -> int:
    return int(path.stem.partition("-")[2])


def count_cycles(source: str, workload: str, mix: str, engine: Any) -> Any:
    """Made up: fewer cycles for larger arrays. One workload is refused."""
    _work("cycles", source, workload, mix, engine)
    values = dict(engine)
    if workload == "13x13x13":
        return {"refused": "the engine has no luck"}
    if workload == "14x14x14":
        return "not enough memory"
    m, n, k = map(int, workload.split("x"))
    cycles = m * n * k // (values["rows"] * values["cols"] * values["arrays"]) + 100
    return {"cycles": cycles, "busy": cycles - 100, "bytes_read": _value(workload, mix, engine)}


def synthesize(source: str, design: Any, family: str, seeds: int, store: str) -> Any:
    """Made up: larger arrays take more."""
    _work("synthesis", source, design, family, seeds)
    values = dict(design)
    lut = 1000 + 300 * values["rows"] * values["cols"] * values["arrays"]
    return {
        "lut": lut,
        "ff": lut // 2,
        "block_memories": 4 * values["data_bits"] // 64,
        "dsp": 0,
        "levels": 7,
        "placed_lut": lut if seeds else None,
        "fmax_mhz": 80.5 if seeds else None,
    }


def replace_work() -> None:
    """Have explorations of this process call these."""
    from perf.explore import work

    work.count_cycles, work.synthesize = count_cycles, synthesize
