// ECP5's flip-flop as nextpnr packs it: SD says whether data come from the look-up table in front (DI) or from
// the tile's wires (M), which Yosys' model does not have. Its other behaviour is that of Yosys' model. Lattice
// ECP5 and ECP5-5G Family Data Sheet, FPGA-DS-02012.
module TRELLIS_FF(input CLK, LSR, CE, DI, M, output reg Q);
  parameter GSR = "ENABLED";
  parameter [127:0] CEMUX = "1";
  parameter CLKMUX = "CLK";
  parameter LSRMUX = "LSR";
  parameter SRMODE = "LSR_OVER_CE";
  parameter REGSET = "RESET";
  parameter [127:0] SD = "1";

  initial if (CLKMUX != "CLK" || LSRMUX != "LSR") $fatal(1, "TRELLIS_FF: inverted clock or set");

  wire enable = CEMUX == "1" || CEMUX == "CE" && CE || CEMUX == "INV" && !CE;
  wire data = SD == "0" ? M : DI;
  wire set = REGSET == "SET";

  initial Q = set;

  generate
    if (SRMODE == "ASYNC") begin
      always @(posedge CLK, posedge LSR)
        if (LSR) Q <= set;
        else if (enable) Q <= data;
    end else begin
      always @(posedge CLK)
        if (LSR) Q <= set;
        else if (enable) Q <= data;
    end
  endgenerate
endmodule
