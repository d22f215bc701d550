// Half of an ECP5 slice as nextpnr packs it: a look-up table, in a carry chain or in front of a wide
// multiplexer. Yosys' model has a carry output that nothing drives. Lattice ECP5 and ECP5-5G Family Data Sheet,
// FPGA-DS-02012. The carry chain is that of Yosys' CCU2C.
module TRELLIS_COMB(
  input A, B, C, D, M, FCI, F1, FXA, FXB, DI0, DI1, WD, WAD0, WAD1, WAD2, WAD3, WRE, WCK,
  output F, FCO, OFX
);
  parameter MODE = "LOGIC";
  parameter INITVAL = 16'h0;
  parameter CCU2_INJECT1 = "NO";
  parameter WREMUX = "WRE";
  parameter IS_Z1 = 1'b0;

  initial if (MODE != "LOGIC" && MODE != "CCU2") $fatal(1, "TRELLIS_COMB: mode");

  localparam [15:0] TABLE = INITVAL;
  wire table4 = TABLE[{D, C, B, A}];
  wire table2 = TABLE[{2'b00, B, A}];
  wire inject = CCU2_INJECT1 == "YES";

  assign F = MODE == "CCU2" ? table4 ^ (FCI & !inject) : table4;
  assign FCO = table4 ? FCI : table2 & !inject;
  // IS_Z1: the multiplexer of two multiplexers (L6MUX21); else that of this table and its neighbour (PFUMX).
  assign OFX = IS_Z1 ? (M ? FXB : FXA) : (M ? F1 : F);
endmodule
