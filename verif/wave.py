"""Record the waveform of one test: ``python -m verif.wave TEST``.

``TEST`` is a pytest id, a test file, or a part of an id, such as ``converter`` or ``test_read_master``: then
of a test in ``verif/hw`` or of the benches' own.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from mixdit.sim.waves import VARIABLE

__all__ = ["find", "main", "stem"]

FOLDER = Path("build/waves")
SEARCHED = ("verif/hw", "verif/test_benches.py")
PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
MOST_LISTED = 10


def main(arguments: list[str], folder: Path = FOLDER) -> int:
    """Record into ``folder``. Returns the command's exit code: pytest's, or 1 where nothing was recorded."""
    if len(arguments) != 1 or not arguments[0]:
        return _fail("name one test, such as TEST=converter or TEST=verif/hw/axi/test_read_master.py")
    try:
        test, *others = find(arguments[0])
    except LookupError as error:
        return _fail(str(error))
    print(f"wave: {test}", flush=True)
    if others:
        print(f"wave: the first of {1 + len(others)} that match, the others are")
        print(*(f"  {other}" for other in others[:MOST_LISTED]), sep="\n")
        print("  ...\n" * (len(others) > MOST_LISTED), end="", flush=True)
    name = stem(test)
    for old in folder.glob(f"{name}.*"):
        old.unlink()
    environment = {**os.environ, VARIABLE: str(folder / name)}
    outcome = subprocess.run([*PYTEST, test], env=environment, check=False).returncode
    views = sorted(folder.glob(f"{name}.*gtkw"), key=lambda path: path.stat().st_mtime_ns)
    if not views:
        return outcome or _fail(f"{test} simulates no hardware: there is nothing to record")
    for view in views:
        vcd = view.with_suffix(".vcd")
        print(f"wave: {vcd}, {vcd.stat().st_size / 1000:,.0f} kB; to open it:\n\n    gtkwave {view}\n")
    return outcome


def find(test: str) -> list[str]:
    """Ids of the tests that ``test`` names, one at least; ``LookupError`` with a line otherwise."""
    file, _, function = test.partition("::")
    if Path(file).exists():
        searched = (file,)
    elif "/" in file or function:
        raise LookupError(f"there is no {file!r}")
    else:
        searched = SEARCHED
    where = " and ".join(searched)
    collect = [*PYTEST, "--collect-only", *searched]
    result = subprocess.run(collect, capture_output=True, text=True, check=False)
    if result.returncode:
        raise LookupError(f"pytest finds no tests in {where}:\n{result.stdout}{result.stderr}")
    found = [line for line in result.stdout.splitlines() if "::" in line]
    if function:
        parts = rf"{re.escape(function)}($|\[|::)"
        found = [line for line in found if re.match(parts, line.partition("::")[2])]
    elif searched == SEARCHED:
        found = [line for line in found if test in line]
    if not found:
        raise LookupError(f"no test in {where} is called {test!r}")
    return found


def stem(test: str) -> str:
    """File name for the waveforms of a test, of letters, digits, ``-`` and ``_``."""
    file, _, function = test.partition("::")
    return re.sub(
        r"\W+",
        "-",
        f"{Path(file).stem.removeprefix('test_')}-{function.removeprefix('test_')}",
        flags=re.ASCII,
    ).strip("-")


def _fail(message: str) -> int:
    print(f"wave: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
