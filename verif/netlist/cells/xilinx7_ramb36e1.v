// Block memory of the 7 series, for which Yosys has no simulation model: port A reads
// and port B writes 72 bits on one clock, without output register or initial contents. AMD,
// 7 Series FPGAs Memory Resources User Guide, UG473. Any other mode ends the simulation.
module RAMB36E1(
  input CLKARDCLK, CLKBWRCLK, ENARDEN, ENBWREN, REGCEAREGCE, REGCEB,
  input RSTRAMARSTRAM, RSTRAMB, RSTREGARSTREG, RSTREGB,
  input [15:0] ADDRARDADDR, ADDRBWRADDR,
  input [31:0] DIADI, DIBDI,
  input [3:0] DIPADIP, DIPBDIP,
  input [3:0] WEA,
  input [7:0] WEBWE,
  output [31:0] DOADO, DOBDO,
  output [3:0] DOPADOP, DOPBDOP
);
  parameter DOA_REG = 0;
  parameter DOB_REG = 0;
  parameter RAM_MODE = "TDP";
  parameter READ_WIDTH_A = 0;
  parameter READ_WIDTH_B = 0;
  parameter SRVAL_A = 36'h0;
  parameter SRVAL_B = 36'h0;
  parameter WRITE_MODE_A = "NO_CHANGE";
  parameter WRITE_MODE_B = "NO_CHANGE";
  parameter WRITE_WIDTH_A = 0;
  parameter WRITE_WIDTH_B = 0;

  initial begin
    if (READ_WIDTH_A != 72 || WRITE_WIDTH_B != 72 || READ_WIDTH_B != 0 || WRITE_WIDTH_A != 0)
      $fatal(1, "RAMB36E1: widths");
    if (RAM_MODE != "SDP") $fatal(1, "RAMB36E1: RAM_MODE");
    if (DOA_REG != 0) $fatal(1, "RAMB36E1: output register");
    if (WRITE_MODE_B != "READ_FIRST") $fatal(1, "RAMB36E1: write mode");
  end

  simple_dual_port #(.BYTES(8)) memory(
    .read_clock(CLKARDCLK), .read_enable(ENARDEN), .read_address(ADDRARDADDR[14:6]),
    .read_data({DOBDO, DOADO}), .read_parity({DOPBDOP, DOPADOP}),
    .write_clock(CLKBWRCLK), .write_enable(ENBWREN), .write_address(ADDRBWRADDR[14:6]),
    .byte_enable(WEBWE), .write_data({DIBDI, DIADI}), .write_parity({DIPBDIP, DIPADIP}),
    .reset(RSTRAMARSTRAM || RSTRAMB || RSTREGARSTREG || RSTREGB)
  );
endmodule
