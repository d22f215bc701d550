"""``mixdit doctor``: what is installed, what is missing, and the line that gets it."""

import json
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gen.extras import BASE, PURPOSES, install_line, requirements

__all__ = ["doctor"]

MINIMUM_PYTHON = (3, 11)

PROGRAMS = {
    "g++": ("g++", "simulation, `mixdit demo`, faster fake quantization"),
    "make": ("make", "simulation, `make` targets"),
    "perl": ("perl", "simulation: Verilator's wrapper"),
    "bash": ("bash", "FuseSoC's runs"),
    "iverilog": ("iverilog", "an export's own bench in Icarus Verilog"),
    "ghdl": ("ghdl", "VHDL around an export"),
    "tclsh": ("tcl", "FuseSoC's synthesis with the packaged Yosys; checking scripts for Vivado and Quartus"),
    "sta": ("opensta", "Fmax in `mixdit synth --family osu018`"),
    "dtc": ("device-tree-compiler", "checking device trees"),
    "chromium": ("chromium", "checking the page of `mixdit speedup --html`"),
}
"""Programs that no Python package brings: package of Debian and Ubuntu, and what each is for."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked for.

    Parameters
    ----------
    name:
        The thing.
    state:
        ``"ok"``, ``"missing"`` (partly, too), ``"other version"`` than the project's, or ``"broken"``.
    found:
        What there is, or is not.
    purpose:
        What it is needed for.
    get:
        The line that gets it; empty where it is there.
    """

    name: str
    state: str
    found: str
    purpose: str
    get: str = ""


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Say what is installed, what is missing, and how to get it."""
    findings = [_python(), _base(), *map(_extra, list(PURPOSES)[1:]), *_programs()]
    works = all(finding.state in ("ok", "other version") for finding in findings[:2])
    if as_json:
        print(json.dumps({"works": works, "findings": list(map(asdict, findings))}, indent=2))
    else:
        _print(findings)
    if not works:
        raise typer.Exit(1)


def _python() -> Finding:
    version = platform.python_version()
    least = ".".join(map(str, MINIMUM_PYTHON))
    return Finding(
        name="Python",
        state="ok" if sys.version_info >= MINIMUM_PYTHON else "broken",
        found=f"{version} in {sys.prefix}",
        purpose=f"everything; {least} or newer",
        get="" if sys.version_info >= MINIMUM_PYTHON else f"make PYTHON=python{least}",
    )


def _base() -> Finding:
    """The packages that are always needed, by loading the model and a conversion to Verilog."""
    finding = _extra(BASE)
    try:
        from amaranth.hdl import unsigned

        import golden  # noqa: F401
        from gen.verilog import to_verilog
        from hw.stream.skid_buffer import SkidBuffer

        to_verilog(SkidBuffer(shape=unsigned(1)), "probe")
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        return Finding(
            name=BASE,
            state="broken",
            found=f"no Verilog can be written: {reason}",
            purpose=PURPOSES[BASE],
            get=install_line([]),
        )
    return finding


def _extra(name: str) -> Finding:
    wanted = requirements(name)
    missing = [r.name for r in wanted if r.installed is None]
    others = [
        f"{r.name} {r.installed}, not {r.pinned}" for r in wanted if r.installed not in (None, r.pinned)
    ]
    state, found = "ok", f"complete, {len(wanted)} packages"
    if missing:
        state, found = "missing", f"without {', '.join(missing)}"
    elif others:
        state, found = "other version", "; ".join(others)
    get = "" if state == "ok" else install_line([name])
    return Finding(name=name, state=state, found=found, purpose=PURPOSES[name], get=get)


def _programs() -> Iterator[Finding]:
    for program, (package, purpose) in PROGRAMS.items():
        path = shutil.which(program)
        yield Finding(
            name=program,
            state="ok" if path else "missing",
            found=path or "not on PATH",
            purpose=purpose,
            get="" if path else _system_line(package),
        )


def _system_line(package: str) -> str:
    if shutil.which("brew") and not shutil.which("apt-get"):
        return f"brew install {package}"
    return f"apt-get install {package}"


_COLORS = {"ok": "green", "other version": "yellow", "missing": "yellow", "broken": "red"}


def _print(findings: list[Finding]) -> None:
    table = Table(box=None, pad_edge=False)
    for column in ("what", "state", "found", "needed for"):
        table.add_column(column, no_wrap=column in ("what", "state"))
    for finding in findings:
        state = f"[{_COLORS[finding.state]}]{finding.state}[/]"
        table.add_row(finding.name, state, escape(finding.found), escape(finding.purpose))
    console = Console()
    console.print(table, highlight=False)
    for finding in findings:
        if finding.get:  # whole, to be copied
            console.print(f"{finding.name}: {finding.get}", highlight=False, markup=False, soft_wrap=True)
