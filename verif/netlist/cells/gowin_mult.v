// DSP blocks of Gowin's GW2A as multipliers without registers, for which Yosys has no simulation models:
// Gowin Digital Signal Processing User Guide, UG287, "MULT9X9" and "MULT18X18". Registers, which Yosys does
// not use, end the simulation, and so do factors that come from the block beside.
module MULT9X9(
  input CLK, CE, RESET, ASIGN, BSIGN, ASEL, BSEL,
  input [8:0] A, B, SIA, SIB,
  output [17:0] DOUT
);
  parameter AREG = 1'b0;
  parameter BREG = 1'b0;
  parameter OUT_REG = 1'b0;
  parameter PIPE_REG = 1'b0;

  gowin_mult #(.WIDTH(9), .REGISTERS(AREG + BREG + OUT_REG + PIPE_REG)) product(
    .a(A), .b(B), .a_signed(ASIGN), .b_signed(BSIGN), .chained(ASEL | BSEL), .p(DOUT));
endmodule

module MULT18X18(
  input CLK, CE, RESET, ASIGN, BSIGN, ASEL, BSEL,
  input [17:0] A, B, SIA, SIB,
  output [35:0] DOUT
);
  parameter AREG = 1'b0;
  parameter BREG = 1'b0;
  parameter OUT_REG = 1'b0;
  parameter PIPE_REG = 1'b0;

  gowin_mult #(.WIDTH(18), .REGISTERS(AREG + BREG + OUT_REG + PIPE_REG)) product(
    .a(A), .b(B), .a_signed(ASIGN), .b_signed(BSIGN), .chained(ASEL | BSEL), .p(DOUT));
endmodule

module gowin_mult #(
  parameter WIDTH = 18,
  parameter REGISTERS = 0
) (
  input [WIDTH - 1:0] a, b,
  input a_signed, b_signed, chained,
  output [2 * WIDTH - 1:0] p
);
  initial if (REGISTERS != 0) $fatal(1, "MULT: registers");
  always @* if (chained) $fatal(1, "MULT: a factor from the block beside");

  wire [2 * WIDTH - 1:0] wide_a = {{WIDTH{a_signed & a[WIDTH - 1]}}, a};
  wire [2 * WIDTH - 1:0] wide_b = {{WIDTH{b_signed & b[WIDTH - 1]}}, b};
  assign p = wide_a * wide_b;
endmodule
