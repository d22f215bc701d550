// Look-up table of ECP5.
module LUT4(input A, B, C, D, output Z);
  parameter [15:0] INIT = 16'h0000;

  wire [7:0] known_d = D ? INIT[15:8] : INIT[7:0];
  wire [3:0] known_c = C ? known_d[7:4] : known_d[3:0];
  wire [1:0] known_b = B ? known_c[3:2] : known_c[1:0];
  assign Z = A ? known_b[1] : known_b[0];
endmodule
