// Four bits of a carry chain of the AMD 7 series. A carry comes in from the cell below or from logic, by CI or
// CYINIT; the other one is 0.
module CARRY4(
  input CI, CYINIT,
  input [3:0] DI, S,
  output [3:0] CO, O
);
  function [7:0] carries_and_sums(input carry_in, input [3:0] data, propagate);
    integer bit_number;
    reg carry;
    begin
      carry = carry_in;
      for (bit_number = 0; bit_number < 4; bit_number = bit_number + 1) begin
        carries_and_sums[bit_number] = propagate[bit_number] ^ carry;
        carry = propagate[bit_number] ? carry : data[bit_number];
        carries_and_sums[4 + bit_number] = carry;
      end
    end
  endfunction

  assign {CO, O} = carries_and_sums(CI | CYINIT, DI, S);
endmodule
