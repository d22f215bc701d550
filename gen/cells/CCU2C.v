// Two bits of a carry chain of ECP5. A bit's table gives whether it propagates a carry; if not, its carry out is
// the table's value for C = D = 0.
module CCU2C(
  input CIN, A0, B0, C0, D0, A1, B1, C1, D1,
  output S0, S1, COUT
);
  parameter [15:0] INIT0 = 16'h0000;
  parameter [15:0] INIT1 = 16'h0000;
  parameter INJECT1_0 = "YES";
  parameter INJECT1_1 = "YES";

  initial
    if (INJECT1_0 != "NO" || INJECT1_1 != "NO") begin
      $display("FAIL CCU2C: not in this model: INJECT1_0, INJECT1_1 unlike NO");
      $finish;
    end

  function look_up(input [15:0] init, input a, b, c, d);
    reg [7:0] known_d;
    reg [3:0] known_c;
    reg [1:0] known_b;
    begin
      known_d = d ? init[15:8] : init[7:0];
      known_c = c ? known_d[7:4] : known_d[3:0];
      known_b = b ? known_c[3:2] : known_c[1:0];
      look_up = a ? known_b[1] : known_b[0];
    end
  endfunction

  wire propagate_0 = look_up(INIT0, A0, B0, C0, D0);
  wire propagate_1 = look_up(INIT1, A1, B1, C1, D1);
  wire carry = propagate_0 ? CIN : look_up(INIT0, A0, B0, 1'b0, 1'b0);
  assign S0 = propagate_0 ^ CIN;
  assign S1 = propagate_1 ^ carry;
  assign COUT = propagate_1 ? carry : look_up(INIT1, A1, B1, 1'b0, 1'b0);
endmodule
