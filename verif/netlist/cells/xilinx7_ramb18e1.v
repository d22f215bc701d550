// Half a block memory of the 7 series, for which Yosys has no simulation model: port A reads
// and port B writes 36 bits on one clock, without output register or initial contents. AMD,
// 7 Series FPGAs Memory Resources User Guide, UG473. Any other mode ends the simulation.
module RAMB18E1(
  input CLKARDCLK, CLKBWRCLK, ENARDEN, ENBWREN, REGCEAREGCE, REGCEB,
  input RSTRAMARSTRAM, RSTRAMB, RSTREGARSTREG, RSTREGB,
  input [13:0] ADDRARDADDR, ADDRBWRADDR,
  input [15:0] DIADI, DIBDI,
  input [1:0] DIPADIP, DIPBDIP,
  input [1:0] WEA,
  input [3:0] WEBWE,
  output [15:0] DOADO, DOBDO,
  output [1:0] DOPADOP, DOPBDOP
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
    if (READ_WIDTH_A != 36 || WRITE_WIDTH_B != 36 || READ_WIDTH_B != 0 || WRITE_WIDTH_A != 0)
      $fatal(1, "RAMB18E1: widths");
    if (RAM_MODE != "SDP") $fatal(1, "RAMB18E1: RAM_MODE");
    if (DOA_REG != 0) $fatal(1, "RAMB18E1: output register");
    if (WRITE_MODE_B != "READ_FIRST") $fatal(1, "RAMB18E1: write mode");
  end

  simple_dual_port #(.BYTES(4)) memory(
    .read_clock(CLKARDCLK), .read_enable(ENARDEN), .read_address(ADDRARDADDR[13:5]),
    .read_data({DOBDO, DOADO}), .read_parity({DOPBDOP, DOPADOP}),
    .write_clock(CLKBWRCLK), .write_enable(ENBWREN), .write_address(ADDRBWRADDR[13:5]),
    .byte_enable(WEBWE), .write_data({DIBDI, DIADI}), .write_parity({DIPBDIP, DIPADIP}),
    .reset(RSTRAMARSTRAM || RSTRAMB || RSTREGARSTREG || RSTREGB)
  );
endmodule
