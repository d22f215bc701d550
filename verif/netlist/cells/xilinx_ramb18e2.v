// Half a block memory of UltraScale and UltraScale+, for which Yosys has no simulation model: port A reads
// and port B writes 36 bits on one clock, without output register or initial contents. AMD,
// UltraScale Architecture Memory Resources User Guide, UG573. Any other mode ends the simulation.
module RAMB18E2(
  input CLKARDCLK, CLKBWRCLK, ENARDEN, ENBWREN, REGCEAREGCE, REGCEB,
  input RSTRAMARSTRAM, RSTRAMB, RSTREGARSTREG, RSTREGB,
  input ADDRENA, ADDRENB, SLEEP,
  input [13:0] ADDRARDADDR, ADDRBWRADDR,
  input [15:0] DINADIN, DINBDIN,
  input [1:0] DINPADINP, DINPBDINP,
  input [1:0] WEA,
  input [3:0] WEBWE,
  output [15:0] DOUTADOUT, DOUTBDOUT,
  output [1:0] DOUTPADOUTP, DOUTPBDOUTP
);
  parameter DOA_REG = 0;
  parameter DOB_REG = 0;
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
      $fatal(1, "RAMB18E2: widths");
    if (DOA_REG != 0) $fatal(1, "RAMB18E2: output register");
    if (WRITE_MODE_B != "READ_FIRST") $fatal(1, "RAMB18E2: write mode");
  end

  // A byte has 9 bits, the highest its parity bit, which is stored in a place of its own.
  reg [31:0] data [0:511];
  reg [3:0] parity [0:511];
  reg [31:0] q = 0;
  reg [3:0] qp = 0;
  wire [8:0] from = ADDRARDADDR[13:5], to = ADDRBWRADDR[13:5];
  wire [31:0] written = {DINBDIN, DINADIN};
  wire [3:0] written_parity = {DINPBDINP, DINPADINP};
  integer i;

  always @(posedge CLKARDCLK) begin
    if (RSTRAMARSTRAM || RSTRAMB || RSTREGARSTREG || RSTREGB) $fatal(1, "RAMB18E2: reset");
    if (ENARDEN) begin
      q <= data[from];
      qp <= parity[from];
    end
  end
  always @(posedge CLKBWRCLK)
    for (i = 0; i < 4; i = i + 1)
      if (ENBWREN && WEBWE[i]) begin
        data[to][8 * i +: 8] <= written[8 * i +: 8];
        parity[to][i] <= written_parity[i];
      end

  assign {DOUTBDOUT, DOUTADOUT} = q;
  assign {DOUTPBDOUTP, DOUTPADOUTP} = qp;
endmodule
