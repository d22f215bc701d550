// Eight bits of a carry chain of AMD UltraScale and UltraScale+, as one chain.
module CARRY8(
  input CI, CI_TOP,
  input [7:0] DI, S,
  output [7:0] CO, O
);
  parameter CARRY_TYPE = "SINGLE_CY8";

  initial
    if (CARRY_TYPE != "SINGLE_CY8") begin
      $display("FAIL CARRY8: not in this model: CARRY_TYPE unlike SINGLE_CY8");
      $finish;
    end

  function [15:0] carries_and_sums(input carry_in, input [7:0] data, propagate);
    integer bit_number;
    reg carry;
    begin
      carry = carry_in;
      for (bit_number = 0; bit_number < 8; bit_number = bit_number + 1) begin
        carries_and_sums[bit_number] = propagate[bit_number] ^ carry;
        carry = propagate[bit_number] ? carry : data[bit_number];
        carries_and_sums[8 + bit_number] = carry;
      end
    end
  endfunction

  assign {CO, O} = carries_and_sums(CI, DI, S);
endmodule
