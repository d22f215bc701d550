"""The device-tree fragment of an engine's package compiles within a board's tree, and says what it should."""

import re
import subprocess
from types import SimpleNamespace

from gen.designs import DESIGNS
from gen.flows.device_tree import device_tree
from golden.engine import VERSION
from verif.needs import needs

pytestmark = needs("dtc")

BOARD = """\
/dts-v1/;

/ {
    model = "a board";
    compatible = "vendor,board";
    #address-cells = <2>;
    #size-cells = <2>;
    interrupt-parent = <&gic>;

    gic: interrupt-controller@f9010000 {
        compatible = "arm,gic-400";
        #interrupt-cells = <3>;
        #address-cells = <0>;
        interrupt-controller;
        reg = <0x0 0xf9010000 0x0 0x10000>;
    };
};

"""


def fragment(name, design="mixdit_gemm"):
    export = SimpleNamespace(design=DESIGNS[design], name=name, header=lambda comment: f"{comment} header\n")
    return {file.name: file.text for file in device_tree(export)}


def test_only_designs_with_registers_have_a_fragment():
    assert [bool(fragment("x", design)) for design in DESIGNS] == [name == "mixdit_gemm" for name in DESIGNS]


def compiled(folder, *names):
    """The tree of a board with these engines, as dtc prints it back; a warning is an error."""
    for name in names:
        (text,) = fragment(name).values()
        # Engines of one board lie at different addresses.
        base = 0xA0000000 + 0x1000 * names.index(name)
        (folder / f"{name}.dtsi").write_text(text.replace("a0000000", f"{base:x}"))
    includes = "".join(f'/include/ "{name}.dtsi"\n' for name in names)
    (folder / "board.dts").write_text(BOARD + includes)
    for inputs in (["-I", "dts", "-O", "dtb", "-o", "board.dtb", "board.dts"], ["-I", "dtb", "board.dtb"]):
        run = subprocess.run(["dtc", *inputs], cwd=folder, check=True, capture_output=True, text=True)
        assert run.stderr == ""
    return run.stdout


def test_fragment_compiles_in_a_tree(tmp_path):
    tree = compiled(tmp_path, "mixdit_gemm")
    node = re.search(r"gemm@a0000000 \{(.*?)\};", tree, re.DOTALL)[1]
    version = "mixdit,gemm-" + ".".join(map(str, VERSION))
    names = (f'"{version}\\0generic-uio"', f'"{version}", "generic-uio"')
    assert any(f"compatible = {name}" in node for name in names)
    assert "reg = <0x00 0xa0000000 0x00 0x1000>" in node
    assert "interrupts = <0x00 0x59 0x04>" in node
    assert 'device-name = "udmabuf-mixdit_gemm"' in tree


def test_fragments_of_two_engines_go_into_one_tree(tmp_path):
    tree = compiled(tmp_path, "first", "second")
    assert "gemm@a0000000 {" in tree
    assert "gemm@a0001000 {" in tree
    assert {'device-name = "udmabuf-first";', 'device-name = "udmabuf-second";'} <= set(
        map(str.strip, tree.splitlines())
    )
