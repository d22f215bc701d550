"""Models of FPGA cells do what Yosys' own do, or the twins in plain Verilog, and refuse other modes."""

import re
import subprocess
from pathlib import Path
from random import Random

import pytest

import gen.cells
from gen.cells.models import cell_models
from gen.verilog import to_verilog
from hw.target import ecp5, xilinx
from hw.target.block_memory import BlockMemory
from hw.target.carry_op import CarryOp
from verif.needs import needs
from verif.netlist import models as yosys

pytestmark = [
    pytest.mark.slow,
    needs("iverilog"),
]


def simulate(folder, texts):
    """What module ``bench`` among Verilog ``texts`` prints in Icarus Verilog."""
    (folder / "all.v").write_text("\n".join(texts))
    command = ["iverilog", "-g2005", "-s", "bench", "-o", "all.vvp", "all.v"]
    subprocess.run(command, cwd=folder, check=True)
    run = subprocess.run(["vvp", "-n", "all.vvp"], cwd=folder, check=True, capture_output=True, text=True)
    return run.stdout


def tables(bits):
    """Tables that exports use, and random ones."""
    rng = Random(bits)
    used = []
    for op in CarryOp:
        if bits == 64:
            used.append(xilinx.table(op.terms))
        elif op is not CarryOp.PASS_SELECT_XOR:
            used.append(ecp5.table(op.terms))
    return [*used, *(rng.getrandbits(bits) for _ in range(6))]


CELLS = {
    "LUT4": ("ecp5", "A B C D", "Z", [{"INIT": f"16'h{init:x}"} for init in tables(16)]),
    "PFUMX": ("ecp5", "ALUT BLUT C0", "Z", [{}]),
    "CCU2C": (
        "ecp5",
        "CIN A0 B0 C0 D0 A1 B1 C1 D1",
        "S0 S1 COUT",
        [
            {"INIT0": f"16'h{first:x}", "INIT1": f"16'h{second:x}", "INJECT1_0": '"NO"', "INJECT1_1": '"NO"'}
            for first, second in zip(tables(16), reversed(tables(16)), strict=True)
        ],
    ),
    "LUT6_2": ("xilinx", "I0 I1 I2 I3 I4 I5", "O5 O6", [{"INIT": f"64'h{init:x}"} for init in tables(64)]),
    "CARRY4": ("xilinx7", "CI CYINIT DI:4 S:4", "CO:4 O:4", [{}]),
    "CARRY8": ("xilinx", "CI CI_TOP DI:8 S:8", "CO:8 O:8", [{}, {"CARRY_TYPE": '"SINGLE_CY8"'}]),
}
"""Cells without registers: family by Yosys' name, inputs and outputs with their bits, and parameters."""


def _ports(text):
    ports = (port.partition(":") for port in text.split())
    return {name: int(bits or 1) for name, _, bits in ports}


def _instances(cell, inputs, outputs, parameters):
    """Ours and the other model of ``cell`` on the bits of ``inputs``, a pair for each of ``parameters``."""
    for n, values in enumerate(parameters):
        given = ", ".join(f".{name}({value})" for name, value in values.items())
        for module, wires in ((f"ours_{cell}", f"ours_{n}"), (cell, f"other_{n}")):
            pins, place = [], 0
            for name, bits in inputs.items():
                pins.append(f".{name}(inputs[{place} +: {bits}])")
                place += bits
            place = 0
            for name, bits in outputs.items():
                pins.append(f".{name}({wires}[{place} +: {bits}])")
                place += bits
            yield f"wire [{place - 1}:0] {wires};\n{module} #({given}) u_{wires} ({', '.join(pins)});"


def ours(cell):
    return re.sub(rf"^module {cell}\b", f"module ours_{cell}", cell_models([cell]), flags=re.MULTILINE)


@pytest.mark.parametrize("cell", CELLS)
def test_model_equals_that_of_yosys(cell, tmp_path):
    family, inputs, outputs, parameters = CELLS[cell]
    inputs, outputs = _ports(inputs), _ports(outputs)
    other = yosys.cell_models(family, [cell])
    assert "known_" not in other  # not ours again
    bits = sum(inputs.values())
    checks = [f"if (ours_{n} !== other_{n}) errors = errors + 1;" for n in range(len(parameters))]
    bench = f"""\
module bench;
  reg [{bits - 1}:0] inputs = 0;
  integer errors = 0, n;
  {"  ".join(_instances(cell, inputs, outputs, parameters))}
  initial begin
    for (n = 0; n < {2**bits}; n = n + {1 if bits < 12 else 7}) begin
      inputs = n;
      #1 {" ".join(checks)}
    end
    $display("%0d errors", errors);
    $finish;
  end
endmodule
"""
    assert simulate(tmp_path, [ours(cell), other, bench]) == "0 errors\n"


MULTIPLIERS = """\
module bench;
  reg clk = 0;
  reg signed [23:0] a = 0;
  reg signed [17:0] b = 0;
  reg [47:0] c = 0, cascade = 0;
  reg double = 0;
  wire [4:0] inmode = {{3'b001, ~double, 1'b0}};
  wire [47:0] p_ours, p_other;
  DSP48E2 #(.AMULTSEL("AD"), .BREG({extra} + 1), .BCASCREG({extra} + 1), {registers}) ours(
    .CLK(clk), .A({{{{6{{a[23]}}}}, a}}), .D({{{{3{{a[23]}}}}, a}}), .B(b), .C(c), .PCIN(cascade),
    .INMODE(inmode), .OPMODE(9'b11_00{cascaded}_0101), .P(p_ours), {tied},
    .RSTALLCARRYIN(1'b0), .ACIN(30'd0), .BCIN(18'd0)
  );
  DSP48E1 #(.USE_DPORT("TRUE"), .BREG({extra} + 1), .BCASCREG({extra} + 1), {registers}) other(
    .CLK(clk), .A({{{{6{{a[23]}}}}, a}}), .D({{a[23], a}}), .B(b), .C(c), .PCIN(cascade),
    .INMODE(inmode), .OPMODE(7'b{z}_0101), .P(p_other), {tied},
    .RSTALLCARRYIN(1'b0), .ACIN(30'd0), .BCIN(18'd0)
  );
  always #5 clk = ~clk;
  integer errors = 0, seen = 0, n, seed = 1;
  initial begin
    for (n = 0; n < 2000; n = n + 1) begin
      @(negedge clk);
      if (n > 5) begin
        if (p_ours !== p_other) errors = errors + 1;
        if (p_ours != 0) seen = seen + 1;
      end
      a = $random(seed); b = $random(seed); double = $random(seed);
      {other_addend} = {{$random(seed), $random(seed)}};
    end
    $display("%0d errors, %0d", errors, seen > 1900);
    $finish;
  end
endmodule
"""
"""DSP48E2 beside DSP48E1, of which Yosys has a model, where both do the same: factors of 24 and 18 bits, one
addend besides the product."""


@pytest.mark.parametrize("extra", [0, 1])
@pytest.mark.parametrize("cascaded", [0, 1])
def test_multiplier_equals_its_predecessor(extra, cascaded, tmp_path):
    depths = dict.fromkeys(("AREG", "ACASCREG", "DREG", "INMODEREG"), extra)
    depths |= dict.fromkeys(("ALUMODEREG", "CARRYINREG", "CARRYINSELREG", "OPMODEREG"), 0)
    registers = ("ALUMODE", "C", "CTRL", "D", "INMODE", "M", "P")
    pins = {f"CE{name}": 1 for name in (*registers, "A1", "A2", "AD", "B1", "B2", "CARRYIN")}
    pins |= {f"RST{name}": 0 for name in (*registers, "A", "B")}
    pins |= {"ALUMODE": 0, "CARRYIN": 0, "CARRYINSEL": 0, "CARRYCASCIN": 0, "MULTSIGNIN": 0}
    bits = {"ALUMODE": 4, "CARRYINSEL": 3}
    text = MULTIPLIERS.format(
        extra=extra,
        cascaded=cascaded,
        registers=", ".join(f".{name}({depth})" for name, depth in depths.items()),
        tied=", ".join(f".{name}({bits.get(name, 1)}'d{value})" for name, value in pins.items()),
        z="001" if cascaded else "011",
        other_addend="cascade" if cascaded else "c",
    )
    texts = [cell_models(["DSP48E2"]), yosys.cell_models("xilinx7", ["DSP48E1"]), text]
    assert simulate(tmp_path, texts) == "0 errors, 1\n"


MEMORIES = """\
module bench;
  parameter TOP = 8;
  reg clk = 0, write_enable = 0, read_enable = 0, output_enable = 0;
  reg [TOP:0] write_address = 0, read_address = 1;
  reg [39:0] write_data = 0;
  wire [39:0] ours, twin;
  ours a(clk, 1'b0, write_enable, write_address, write_data, read_enable, read_address, output_enable, ours);
  twin b(clk, 1'b0, write_enable, write_address, write_data, read_enable, read_address, output_enable, twin);
  always #5 clk = ~clk;
  integer errors = 0, seen = 0, n, seed = 1;
  initial begin
    for (n = 0; n < 2 << TOP; n = n + 1) begin
      @(negedge clk);
      write_enable = 1;
      write_address = n;
    end
    for (n = 0; n < 4000; n = n + 1) begin
      @(negedge clk);
      if (n > 20 && ours !== twin) errors = errors + 1;  // by then something was read
      if (ours != 0) seen = seen + 1;
      {write_enable, read_enable, output_enable} = $random(seed);
      write_address = $random(seed) & 31 | 1 << TOP;  // a few, so that what was written is read
      read_address = $random(seed) & 31 | 1 << TOP;
      if (write_address == read_address) read_enable = 0;
      write_data = {$random(seed), $random(seed)};
    end
    $display("%0d errors, %0d", errors, seen > 2000);
    $finish;
  end
endmodule
"""


@pytest.mark.parametrize(("depth", "bits"), [(512, 36), (1000, 18), (2048, 9), (1100, 9)])
def test_memory_equals_its_twin(depth, bits, tmp_path):
    top = (depth - 1).bit_length() - 1
    texts = [cell_models(["DP16KD"]), MEMORIES.replace("TOP = 8", f"TOP = {top}")]
    ports = "clk rst write_enable write_address write_data read_enable read_address output_enable data"
    for name, target in (("ours", "ecp5"), ("twin", "generic")):
        memory = to_verilog(BlockMemory(width=40, depth=depth, target=target), f"{name}_memory")
        assert (f"DATA_WIDTH_B({bits})" in memory.replace(" ", "").replace("32'd", "")) == (target == "ecp5")
        sizes = dict.fromkeys(("write_address", "read_address"), f"[{top}:0] ") | {"write_data": "[39:0] "}
        inputs = ", ".join(f"input {sizes.get(port, '')}{port}" for port in ports.split()[:-1])
        pins = ", ".join(f".{port}({port})" for port in ports.split())
        texts += [memory, f"module {name}({inputs}, output [39:0] data); {name}_memory m({pins}); endmodule"]
    assert simulate(tmp_path, texts) == "0 errors, 1\n"


def test_every_model_is_compared():
    names = {path.stem for path in Path(gen.cells.__path__[0]).glob("*.v")}
    assert names == {*CELLS, "DP16KD", "DSP48E2"}


@pytest.mark.parametrize(
    ("cell", "parameters", "reason"),
    [
        ("CCU2C", '.INJECT1_0("YES"), .INJECT1_1("NO")', "INJECT1_0, INJECT1_1 unlike NO"),
        ("CARRY8", '.CARRY_TYPE("DUAL_CY4")', "CARRY_TYPE unlike SINGLE_CY8"),
        ("DP16KD", ".DATA_WIDTH_A(4)", "DATA_WIDTH_A"),
        ("DP16KD", '.REGMODE_A("OUTREG")', "REGMODE_A unlike REGMODE_B"),
        ("DSP48E2", '.AMULTSEL("B")', "pre-adder not at A"),
        ("DSP48E2", '.AMULTSEL("AD"), .MREG(2)', "ADREG, CREG, MREG, PREG"),
        ("DSP48E2", '.A_INPUT("CASCADE")', "A_INPUT, B_INPUT"),
        ("DSP48E2", '.USE_SIMD("TWO24")', "USE_MULT, USE_SIMD"),
        ("DSP48E2", ".BREG(0), .BCASCREG(1)", "BREG, BCASCREG"),
    ],
)
def test_mode_without_a_model_ends_the_simulation(cell, parameters, reason, tmp_path):
    bench = f'module bench; {cell} #({parameters}) cell_(); initial #100 $display("on"); endmodule'
    printed = simulate(tmp_path, [cell_models([cell]), bench])
    assert f"FAIL {cell}: not in this model: {reason}\n" in printed
    assert "on" not in printed.splitlines()


def test_cell_without_a_model_is_an_error():
    with pytest.raises(LookupError, match=r"^no simulation model of FDRE$"):
        cell_models(["FDRE"])
