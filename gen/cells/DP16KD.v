// Block memory of ECP5, all 0 at first. Lattice, ECP5 and ECP5-5G Memory User Guide FPGA-TN-02204. Modes that
// neither exported designs nor netlists of Yosys use end the simulation.
module DP16KD(
  input DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9,
  input DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0,
  input ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0,
  input CEA, OCEA, CLKA, WEA, RSTA, CSA2, CSA1, CSA0,
  output DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9,
  output DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2, DOA1, DOA0,
  input DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9,
  input DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0,
  input ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0,
  input CEB, OCEB, CLKB, WEB, RSTB, CSB2, CSB1, CSB0,
  output DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9,
  output DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1, DOB0
);
  parameter DATA_WIDTH_A = 18;
  parameter DATA_WIDTH_B = 18;
  parameter REGMODE_A = "NOREG";
  parameter REGMODE_B = "NOREG";
  parameter RESETMODE = "SYNC";
  parameter ASYNC_RESET_RELEASE = "SYNC";
  parameter CSDECODE_A = "0b000";
  parameter CSDECODE_B = "0b000";
  parameter WRITEMODE_A = "NORMAL";
  parameter WRITEMODE_B = "NORMAL";
  parameter CLKAMUX = "CLKA";
  parameter CLKBMUX = "CLKB";
  parameter GSR = "AUTO";

  task refuse(input [255:0] what);
    begin
      $display("FAIL DP16KD: not in this model: %0s", what);
      $finish;
    end
  endtask

  initial begin
    if (REGMODE_A != REGMODE_B) refuse("REGMODE_A unlike REGMODE_B");
    if (REGMODE_A != "NOREG" && REGMODE_A != "OUTREG") refuse("REGMODE_A, REGMODE_B");
    if (CSDECODE_A != "0b000" || CSDECODE_B != "0b000") refuse("CSDECODE_A, CSDECODE_B");
    if (CLKAMUX != "CLKA" || CLKBMUX != "CLKB") refuse("inverted clock");
    if (DATA_WIDTH_A != 9 && DATA_WIDTH_A != 18 && DATA_WIDTH_A != 36) refuse("DATA_WIDTH_A");
    if (DATA_WIDTH_B != 9 && DATA_WIDTH_B != 18 && DATA_WIDTH_B != 36) refuse("DATA_WIDTH_B");
  end

  reg [35:0] memory [0:511];
  integer word;
  initial for (word = 0; word < 512; word = word + 1) memory[word] = 36'd0;

  // A byte has 9 bits. Its number among the four of a word, and in which bytes a port may write.
  wire [17:0] da = {DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9,
                    DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0};
  wire [17:0] db = {DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9,
                    DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0};
  wire [8:0] wa = {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5};
  wire [8:0] wb = {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5};
  wire [1:0] ba = DATA_WIDTH_A == 36 ? 2'd0 : DATA_WIDTH_A == 18 ? {ADA4, 1'b0} : {ADA4, ADA3};
  wire [1:0] bb = DATA_WIDTH_B == 36 ? 2'd0 : DATA_WIDTH_B == 18 ? {ADB4, 1'b0} : {ADB4, ADB3};
  wire [3:0] ma = DATA_WIDTH_A == 36 ? {ADA3, ADA2, ADA1, ADA0}
                : DATA_WIDTH_A == 18 ? {2'b0, ADA1, ADA0} : 4'd1;
  wire [3:0] mb = DATA_WIDTH_B == 36 ? 4'd0 : DATA_WIDTH_B == 18 ? {2'b0, ADB1, ADB0} : 4'd1;
  wire selected_a = CEA & ~CSA2 & ~CSA1 & ~CSA0;
  wire selected_b = CEB & ~CSB2 & ~CSB1 & ~CSB0;
  wire [3:0] ea = {4{selected_a & WEA}} & (ma << ba);
  wire [3:0] eb = {4{selected_b & WEB}} & (mb << bb);
  wire [35:0] ka = {{9{ea[3]}}, {9{ea[2]}}, {9{ea[1]}}, {9{ea[0]}}};
  wire [35:0] kb = {{9{eb[3]}}, {9{eb[2]}}, {9{eb[1]}}, {9{eb[0]}}};
  wire [35:0] na = memory[wa] & ~ka | (DATA_WIDTH_A == 36 ? {db, da} : {18'd0, da} << 9 * ba) & ka;
  wire [35:0] nb = memory[wb] & ~kb | {18'd0, db} << 9 * bb & kb;
  // What a port reads where the other one writes in the same cycle is not defined: here it is wrong.
  wire [35:0] xa = wa == wb ? kb : 36'd0;
  wire [35:0] xb = wa == wb ? ka : 36'd0;

  reg [35:0] qa = 0, qb = 0;
  reg [1:0] sa = 0, sb = 0;

  always @(posedge CLKA) begin
    if (RSTA && RESETMODE != "SYNC") refuse("asynchronous reset");
    if (ea != 0) memory[wa] <= na;
    if (RSTA) qa <= 0;
    else if (selected_a & (~WEA | WRITEMODE_A == "READBEFOREWRITE")) qa <= memory[wa] ^ xa;
    else if (selected_a & WRITEMODE_A == "WRITETHROUGH") qa <= na ^ xa;
    if (selected_a) sa <= ba;
  end
  always @(posedge CLKB) begin
    if (RSTB && RESETMODE != "SYNC") refuse("asynchronous reset");
    if (eb != 0) memory[wb] <= nb;
    if (RSTB) qb <= 0;
    else if (selected_b & (~WEB | WRITEMODE_B == "READBEFOREWRITE")) qb <= memory[wb] ^ xb;
    else if (selected_b & WRITEMODE_B == "WRITETHROUGH") qb <= nb ^ xb;
    if (selected_b) sb <= bb;
  end

  // A port that reads 36 bits uses both ports' outputs.
  wire [35:0] va = qa >> 9 * sa;
  wire [35:0] vb = qb >> 9 * sb;
  wire [17:0] oa = DATA_WIDTH_B == 36 ? qb[17:0] : va[17:0];
  wire [17:0] ob = DATA_WIDTH_B == 36 ? qb[35:18] : vb[17:0];

  // Registers behind the outputs of each port, with its enable; with 36 bits port B's clock is that of both.
  reg [17:0] ra = 0, rb = 0;
  generate
    if (DATA_WIDTH_B == 36) begin : wide
      always @(posedge CLKB) if (OCEA) ra <= oa;
    end else begin : narrow
      always @(posedge CLKA) if (OCEA) ra <= oa;
    end
  endgenerate
  always @(posedge CLKB) begin
    if (OCEB) rb <= ob;
    if (REGMODE_B == "OUTREG" && (RSTA | RSTB)) refuse("reset of output registers");
  end
  assign {DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9,
          DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2, DOA1, DOA0} = REGMODE_A == "OUTREG" ? ra : oa;
  assign {DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9,
          DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1, DOB0} = REGMODE_B == "OUTREG" ? rb : ob;
endmodule
