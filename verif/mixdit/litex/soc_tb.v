// Does on a system's host bus what a CPU would: writes, waits for the interrupt, reads and compares.
// steps.hex has a step on each line: 2 bits of what to do, 32 of an address, 32 of data.
module soc_tb;

  reg clk = 1'b0;
  always #5 clk = !clk;

  reg [31:0] awaddr = 0, wdata = 0, araddr = 0;
  reg awvalid = 1'b0, wvalid = 1'b0, bready = 1'b0, arvalid = 1'b0, rready = 1'b0;
  wire awready, wready, bvalid, arready, rvalid, irq;
  wire [1:0] bresp, rresp;
  wire [31:0] rdata;

  gemm_soc dut (
    .clk (clk), .irq (irq),
    .host_awvalid (awvalid), .host_awready (awready), .host_awaddr (awaddr), .host_awprot (3'b0),
    .host_wvalid (wvalid), .host_wready (wready), .host_wdata (wdata), .host_wstrb (4'hf),
    .host_bvalid (bvalid), .host_bready (bready), .host_bresp (bresp),
    .host_arvalid (arvalid), .host_arready (arready), .host_araddr (araddr), .host_arprot (3'b0),
    .host_rvalid (rvalid), .host_rready (rready), .host_rdata (rdata), .host_rresp (rresp)
  );

  localparam WRITE = 2'd0, READ = 2'd1, INTERRUPT = 2'd2, END = 2'd3;
  reg [67:0] steps [0:4095];
  reg [67:0] step;
  reg [31:0] value;
  integer n = 0, compared = 0, errors = 0;

  task write(input [31:0] address, input [31:0] data);
    begin
      @(posedge clk);
      awaddr <= address;
      wdata <= data;
      awvalid <= 1'b1;
      wvalid <= 1'b1;
      @(posedge clk);
      while (awvalid || wvalid) begin
        if (awready) awvalid <= 1'b0;
        if (wready) wvalid <= 1'b0;
        @(posedge clk);
      end
      bready <= 1'b1;
      @(posedge clk);
      while (!bvalid) @(posedge clk);
      bready <= 1'b0;
      if (bresp != 2'b00) begin
        errors = errors + 1;
        $display("the write to %h is refused", address);
      end
    end
  endtask

  task read(input [31:0] address, output [31:0] data);
    begin
      @(posedge clk);
      araddr <= address;
      arvalid <= 1'b1;
      @(posedge clk);
      while (!arready) @(posedge clk);
      arvalid <= 1'b0;
      rready <= 1'b1;
      @(posedge clk);
      while (!rvalid) @(posedge clk);
      data = rdata;
      rready <= 1'b0;
    end
  endtask

  initial begin
    $readmemh("steps.hex", steps);
    repeat (10) @(posedge clk);
    step = steps[0];
    while (step[65:64] != END) begin
      case (step[65:64])
        WRITE: write(step[63:32], step[31:0]);
        INTERRUPT: wait (irq);
        READ: begin
          read(step[63:32], value);
          compared = compared + 1;
          if (value !== step[31:0]) begin
            errors = errors + 1;
            if (errors < 10) $display("%h reads %h, not %h", step[63:32], value, step[31:0]);
          end
        end
      endcase
      n = n + 1;
      step = steps[n];
    end
    if (errors == 0) $display("PASS: %0d words, %0d cycles", compared, $time / 10);
    else $display("FAIL: %0d errors", errors);
    $finish;
  end

  initial begin
    repeat (50000) @(posedge clk);
    $display("FAIL: step %0d does not end", n);
    $finish;
  end

endmodule
