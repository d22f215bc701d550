// DSP block of AMD UltraScale and UltraScale+ as a multiplier between pre-adder and adder. UltraScale
// Architecture DSP Slice User Guide, UG579, chapter 2: figures 2-2 to 2-8 and the tables of INMODE, OPMODE and
// ALUMODE. Modes that exported designs do not use end the simulation.
module DSP48E2(
  input CLK,
  input [29:0] A, ACIN,
  input [17:0] B, BCIN,
  input [26:0] D,
  input [47:0] C, PCIN,
  input [4:0] INMODE,
  input [8:0] OPMODE,
  input [3:0] ALUMODE,
  input [2:0] CARRYINSEL,
  input CARRYIN, CARRYCASCIN, MULTSIGNIN,
  input CEA1, CEA2, CEAD, CEALUMODE, CEB1, CEB2, CEC, CECARRYIN, CECTRL, CED, CEINMODE, CEM, CEP,
  input RSTA, RSTALLCARRYIN, RSTALUMODE, RSTB, RSTC, RSTCTRL, RSTD, RSTINMODE, RSTM, RSTP,
  output [47:0] P, PCOUT
);
  parameter ACASCREG = 1;
  parameter ADREG = 1;
  parameter ALUMODEREG = 1;
  parameter AMULTSEL = "A";
  parameter AREG = 1;
  parameter A_INPUT = "DIRECT";
  parameter BCASCREG = 1;
  parameter BMULTSEL = "B";
  parameter BREG = 1;
  parameter B_INPUT = "DIRECT";
  parameter CARRYINREG = 1;
  parameter CARRYINSELREG = 1;
  parameter CREG = 1;
  parameter DREG = 1;
  parameter INMODEREG = 1;
  parameter MREG = 1;
  parameter OPMODEREG = 1;
  parameter PREADDINSEL = "A";
  parameter PREG = 1;
  parameter USE_MULT = "MULTIPLY";
  parameter USE_SIMD = "ONE48";

  task refuse(input [255:0] what);
    begin
      $display("FAIL DSP48E2: not in this model: %0s", what);
      $finish;
    end
  endtask

  initial begin
    if ((AMULTSEL != "AD" && AMULTSEL != "A") || BMULTSEL != "B" || PREADDINSEL != "A")
      refuse("pre-adder not at A");
    if (A_INPUT != "DIRECT" || B_INPUT != "DIRECT") refuse("A_INPUT, B_INPUT");
    if (USE_MULT != "MULTIPLY" || USE_SIMD != "ONE48") refuse("USE_MULT, USE_SIMD");
    if (AREG > 1 || ACASCREG != AREG) refuse("AREG, ACASCREG");
    if (BREG > 2 || BCASCREG > BREG || (BREG > 0 && BCASCREG < 1)) refuse("BREG, BCASCREG");
    if (DREG > 1 || INMODEREG > 1) refuse("DREG, INMODEREG");
    if (ADREG > 1 || CREG > 1 || MREG > 1 || PREG > 1) refuse("ADREG, CREG, MREG, PREG");
    if (ALUMODEREG != 0 || CARRYINREG != 0 || CARRYINSELREG != 0 || OPMODEREG != 0)
      refuse("registered control");
  end

  reg [26:0] a = 0, d = 0, ad = 0;
  reg [17:0] b1 = 0, b2 = 0;
  reg [4:0] inmode = 0;
  reg [44:0] product = 0;
  reg [47:0] c = 0, p = 0;

  // INMODE: 0 picks A1, 1 gates A off, 2 lets D in, 3 subtracts A, 4 picks B1.
  wire [4:0] mode = INMODEREG == 1 ? inmode : INMODE;
  wire [26:0] a_in = AREG == 1 ? a : A[26:0];
  wire [26:0] d_in = DREG == 1 ? d : D;
  wire [26:0] a_gated = mode[1] ? 27'd0 : a_in;
  wire [26:0] d_gated = mode[2] ? d_in : 27'd0;
  wire [26:0] sum = mode[3] ? d_gated - a_gated : d_gated + a_gated;

  wire [26:0] a_multiplied = AMULTSEL == "A" ? a_in : ADREG == 1 ? ad : sum;
  wire [17:0] b_multiplied = BREG == 0 ? B : b2;
  wire [44:0] a_by_b = {{18{a_multiplied[26]}}, a_multiplied} * {{27{b_multiplied[17]}}, b_multiplied};
  wire [44:0] m_in = MREG == 1 ? product : a_by_b;
  wire [47:0] m = {{3{m_in[44]}}, m_in};
  wire [47:0] w = OPMODE[8:7] == 2'b11 ? (CREG == 1 ? c : C) : 48'd0;
  wire [47:0] z = OPMODE[6:4] == 3'b001 ? PCIN : 48'd0;

  always @(posedge CLK) begin
    if (mode[0] || mode[4]) refuse("INMODE picks A1 or B1");
    if (OPMODE[3:0] != 4'b0101 || OPMODE[8:7] == 2'b01 || OPMODE[8:7] == 2'b10 || OPMODE[6:4] > 3'b001)
      refuse("OPMODE");
    if (ALUMODE != 0 || CARRYINSEL != 0 || CARRYIN) refuse("ALUMODE, carry in");
    if (RSTA || RSTALLCARRYIN || RSTALUMODE || RSTB || RSTC || RSTCTRL || RSTD || RSTINMODE || RSTM || RSTP)
      refuse("reset");
    if (CEA2) a <= A[26:0];
    if (CEB1) b1 <= B;
    if (CEB2) b2 <= BREG == 2 ? b1 : B;
    if (CED) d <= D;
    if (CEINMODE) inmode <= INMODE;
    if (CEAD) ad <= sum;
    if (CEM) product <= a_by_b;
    if (CEC) c <= C;
    if (CEP) p <= z + w + m;
  end

  wire [47:0] result = PREG == 1 ? p : z + w + m;
  assign P = result;
  assign PCOUT = result;
endmodule
