// Look-up table of AMD with two outputs: O6 of six inputs, O5 of the lower five.
module LUT6_2(input I0, I1, I2, I3, I4, I5, output O5, O6);
  parameter [63:0] INIT = 64'h0;

  function look_up(input [31:0] init, input [4:0] i);
    reg [15:0] known_4;
    reg [7:0] known_3;
    reg [3:0] known_2;
    reg [1:0] known_1;
    begin
      known_4 = i[4] ? init[31:16] : init[15:0];
      known_3 = i[3] ? known_4[15:8] : known_4[7:0];
      known_2 = i[2] ? known_3[7:4] : known_3[3:0];
      known_1 = i[1] ? known_2[3:2] : known_2[1:0];
      look_up = i[0] ? known_1[1] : known_1[0];
    end
  endfunction

  wire [4:0] i = {I4, I3, I2, I1, I0};
  wire upper = look_up(INIT[63:32], i);
  assign O5 = look_up(INIT[31:0], i);
  assign O6 = I5 ? upper : O5;
endmodule
