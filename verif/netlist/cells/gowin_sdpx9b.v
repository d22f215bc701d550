// Block memory of Gowin's GW1N and GW2A, for which Yosys has no simulation model. Any mode but that of
// `gowin_words_of_36` ends the simulation.
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
  always @(posedge CLKA) if (RESETA) $fatal(1, "SDPX9B: reset");
  always @(posedge CLKB) if (RESETB) $fatal(1, "SDPX9B: reset");

  gowin_words_of_36 words(
    .CLKA(CLKA), .write(CEA && BLKSELA == BLK_SEL_0), .CLKB(CLKB), .read(CEB && BLKSELB == BLK_SEL_1),
    .ADA(ADA), .ADB(ADB), .DI(DI), .DO(DO)
  );
endmodule
