// What AMD's block memories have in common in the one mode that is modelled: a port that reads and one that
// writes words of BYTES bytes of 9 bits, the highest of which is a parity bit, stored in a place of its own.
module simple_dual_port #(parameter BYTES = 8) (
  input read_clock, write_clock, read_enable, write_enable, reset,
  input [8:0] read_address, write_address,
  input [BYTES-1:0] byte_enable,
  input [8*BYTES-1:0] write_data,
  input [BYTES-1:0] write_parity,
  output reg [8*BYTES-1:0] read_data,
  output reg [BYTES-1:0] read_parity
);
  reg [8*BYTES-1:0] data [0:511];
  reg [BYTES-1:0] parity [0:511];
  integer i;

  always @(posedge read_clock) begin
    if (reset) $fatal(1, "block memory: reset");
    if (read_enable) begin
      read_data <= data[read_address];
      read_parity <= parity[read_address];
    end
  end
  always @(posedge write_clock)
    for (i = 0; i < BYTES; i = i + 1)
      if (write_enable && byte_enable[i]) begin
        data[write_address][8 * i +: 8] <= write_data[8 * i +: 8];
        parity[write_address][i] <= write_parity[i];
      end
endmodule
