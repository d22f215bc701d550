// What block memories of Gowin's families with a write and a read port have in common: 36 bits wide, without
// output register or initial contents. Gowin BSRAM & SSRAM User Guides, UG285 and UG300.
module gowin_words_of_36(
  input CLKA, write, CLKB, read,
  input [13:0] ADA, ADB,
  input [35:0] DI,
  output [35:0] DO
);
  reg [35:0] memory [0:511];
  reg [35:0] q = 0;

  // A byte has 9 bits; the low address bits of a port of 36 bits say which bytes it writes.
  wire [35:0] mask = {{9{ADA[3]}}, {9{ADA[2]}}, {9{ADA[1]}}, {9{ADA[0]}}};
  // What is read where it is being written is not defined: here it is wrong.
  wire [35:0] collision = write && ADA[13:5] == ADB[13:5] ? mask : 36'd0;

  always @(posedge CLKA) if (write) memory[ADA[13:5]] <= memory[ADA[13:5]] & ~mask | DI & mask;
  always @(posedge CLKB) if (read) q <= memory[ADB[13:5]] ^ collision;
  assign DO = q;
endmodule
