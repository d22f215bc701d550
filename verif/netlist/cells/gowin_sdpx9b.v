// Block memory of Gowin's GW1N and GW2A with a write and a read port, for which Yosys has no simulation
// model: 36 bits wide, without output register or initial contents. Gowin BSRAM & SSRAM User Guide, UG285.
// Any other mode ends the simulation.
module SDPX9B(
  input CLKA, CEA, RESETA, CLKB, CEB, OCE, RESETB,
  input [13:0] ADA, ADB,
  input [2:0] BLKSELA, BLKSELB,
  input [35:0] DI,
  output [35:0] DO
);
  parameter READ_MODE = 1'b0;
  parameter BIT_WIDTH_0 = 36;
  parameter BIT_WIDTH_1 = 36;
  parameter BLK_SEL_0 = 3'b000;
  parameter BLK_SEL_1 = 3'b000;
  parameter RESET_MODE = "SYNC";

  initial begin
    if (READ_MODE != 0) $fatal(1, "SDPX9B: output register");
    if (BIT_WIDTH_0 != 36 || BIT_WIDTH_1 != 36) $fatal(1, "SDPX9B: width");
  end

  reg [35:0] memory [0:511];
  reg [35:0] q = 0;

  // A byte has 9 bits; the low address bits of a port of 36 bits say which bytes it writes.
  wire write = CEA && BLKSELA == BLK_SEL_0;
  wire [35:0] mask = {{9{ADA[3]}}, {9{ADA[2]}}, {9{ADA[1]}}, {9{ADA[0]}}};
  // What is read where it is being written is not defined: here it is wrong.
  wire [35:0] collision = write && ADA[13:5] == ADB[13:5] ? mask : 36'd0;

  always @(posedge CLKA) begin
    if (RESETA) $fatal(1, "SDPX9B: reset");
    if (write) memory[ADA[13:5]] <= memory[ADA[13:5]] & ~mask | DI & mask;
  end
  always @(posedge CLKB) begin
    if (RESETB) $fatal(1, "SDPX9B: reset");
    if (CEB && BLKSELB == BLK_SEL_1) q <= memory[ADB[13:5]] ^ collision;
  end

  assign DO = q;
endmodule
