// Block memory of Lattice Nexus with a write and a read port of one clock, for which Yosys has no simulation
// model: both ports 36 or 9 bits wide, without output register, error correction or initial contents.
// Lattice Memory User Guide for Nexus Platform, FPGA-TN-02094. Any other mode ends the simulation.
module PDPSC16K(
  input CLK, CEW, CER, RST,
  input [2:0] CSW, CSR,
  input [13:0] ADW, ADR,
  input [35:0] DI,
  output [35:0] DO
);
  parameter DATA_WIDTH_W = "X36";
  parameter DATA_WIDTH_R = "X36";
  parameter OUTREG = "BYPASSED";
  parameter ECC = "DISABLED";
  parameter GSR = "DISABLED";
  parameter RESETMODE = "ASYNC";
  parameter ASYNC_RST_RELEASE = "ASYNC";
  parameter CSDECODE_W = "111";
  parameter CSDECODE_R = "111";

  localparam WIDE = DATA_WIDTH_W == "X36";

  initial begin
    if (OUTREG != "BYPASSED" || ECC != "DISABLED") $fatal(1, "PDPSC16K: mode");
    if (DATA_WIDTH_R != DATA_WIDTH_W || !WIDE && DATA_WIDTH_W != "X9") $fatal(1, "PDPSC16K: width");
    if (CSDECODE_W != "111" || CSDECODE_R != "111") $fatal(1, "PDPSC16K: select");
  end

  // Words of 36 bits; in one are four words of 9 bits.
  reg [35:0] memory [0:511];
  reg [35:0] q = 0;

  wire write = CEW && CSW == 3'b111;
  wire read = CER && CSR == 3'b111;
  // The low address bits of a port of 36 bits say which bytes it writes, those of one of 9 where.
  wire [3:0] bytes = WIDE ? ADW[3:0] : 4'b0001 << ADW[4:3];
  wire [35:0] mask = {{9{bytes[3]}}, {9{bytes[2]}}, {9{bytes[1]}}, {9{bytes[0]}}};
  wire [35:0] data = WIDE ? DI : {4{DI[8:0]}};
  // What is read where it is being written: here it is wrong, so that nothing depends on it.
  wire [35:0] collision = write && ADW[13:5] == ADR[13:5] ? mask : 36'd0;
  wire [35:0] word = memory[ADR[13:5]] ^ collision;

  always @(posedge CLK) begin
    if (RST) $fatal(1, "PDPSC16K: reset");
    if (write) memory[ADW[13:5]] <= memory[ADW[13:5]] & ~mask | data & mask;
    if (read) q <= WIDE ? word : word >> 9 * ADR[4:3];
  end
  assign DO = WIDE ? q : {27'd0, q[8:0]};
endmodule
