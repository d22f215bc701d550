"""The bench of the engine: it queues jobs over AXI4-Lite, and has the memory that they work on."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.bench.engine_vectors import Jobs, jobs_for
from gen.bench.text import clock_and_limit, declare_ports, instance, literals, reset
from golden.engine import COUNTERS, DESCRIPTOR_REGISTERS, REGISTERS, Descriptor

__all__ = ["engine_bench"]

_MOST_CYCLES = 200_000


def engine_bench(name: str, engine: Any, initialized: bool) -> str:
    """Module ``{name}_tb``: a job from power-up, a list after a reset; then all of memory is compared.

    An engine that is not ``initialized`` is also reset first.
    """
    jobs = jobs_for(engine)
    words = _words(jobs.before, engine.data_bits)
    ports = declare_ports(engine, () if initialized else ("rst",))
    body = [*ports, "integer errors = 0;", "", *instance(engine, name), ""]
    body += [*clock_and_limit(name, _MOST_CYCLES), ""]
    for memory, content in (("memory", jobs.before), ("expected", jobs.after)):
        body += [
            f"reg [{engine.data_bits - 1}:0] {memory} [0:{len(words) - 1}];",
            "initial begin",
            *(f"  {line}" for line in literals(memory, engine.data_bits, _words(content, engine.data_bits))),
            "end",
            "",
        ]
    shift = (engine.data_bits // 8).bit_length() - 1
    body += _READS.format(shift=shift).splitlines()
    body += _WRITES.format(shift=shift, bytes=engine.data_bits // 8).splitlines()
    body += _CONTROL.splitlines()
    body += _sequence(name, jobs, len(words), initialized)
    lines = "\n".join(f"  {line}" if line else "" for line in body)
    return f"module {name}_tb;\n\n{lines}\n\nendmodule\n"


def _words(memory: NDArray[np.uint8], data_bits: int) -> list[int]:
    return [int.from_bytes(row.tobytes(), "little") for row in memory.reshape(-1, data_bits // 8)]


_READS = """\
integer seed = 1;

// Reads: one burst at a time, its beats with random gaps.
integer read_word;
integer read_beats = 0;
always @(posedge clk) begin
  m_axi_arready <= 1'b0;
  if (m_axi_arvalid && m_axi_arready) begin
    read_word = m_axi_araddr >> {shift};
    read_beats = m_axi_arlen + 1;
  end else
    m_axi_arready <= read_beats == 0 && !m_axi_rvalid && $random(seed) % 3 != 0;
  if (!m_axi_rvalid || m_axi_rready) begin
    m_axi_rvalid <= 1'b0;
    if (read_beats != 0 && $random(seed) % 4 != 0) begin
      m_axi_rvalid <= 1'b1;
      m_axi_rdata <= memory[read_word];
      m_axi_rlast <= read_beats == 1;
      read_word = read_word + 1;
      read_beats = read_beats - 1;
    end
  end
  if (rst) begin
    m_axi_rvalid <= 1'b0;
    read_beats = 0;
  end
end

"""

_WRITES = """\
// Writes: one burst at a time, answered after its last beat.
integer write_word, lane;
reg writing = 1'b0;
always @(posedge clk) begin
  m_axi_awready <= 1'b0;
  m_axi_wready <= 1'b0;
  if (m_axi_bvalid && m_axi_bready) m_axi_bvalid <= 1'b0;
  if (m_axi_awvalid && m_axi_awready) begin
    write_word = m_axi_awaddr >> {shift};
    writing = 1'b1;
  end else if (!writing && !m_axi_bvalid)
    m_axi_awready <= $random(seed) % 3 != 0;
  if (m_axi_wvalid && m_axi_wready) begin
    for (lane = 0; lane < {bytes}; lane = lane + 1)
      if (m_axi_wstrb[lane]) memory[write_word][8 * lane +: 8] = m_axi_wdata[8 * lane +: 8];
    write_word = write_word + 1;
    if (m_axi_wlast) begin
      writing = 1'b0;
      m_axi_bvalid <= 1'b1;
    end
  end
  m_axi_wready <= writing && $random(seed) % 3 != 0;
  if (rst) begin
    m_axi_bvalid <= 1'b0;
    writing = 1'b0;
  end
end

"""

_CONTROL = """\
// Accesses to registers: inputs change at falling edges, outputs are looked at shortly behind them.
reg address_taken, data_taken;

task write(input [11:0] address, input [31:0] value);
  begin
    @(negedge clk);
    s_axil_awaddr = address;
    s_axil_wdata = value;
    s_axil_wstrb = 4'hf;
    s_axil_awvalid = 1'b1;
    s_axil_wvalid = 1'b1;
    while (s_axil_awvalid || s_axil_wvalid) begin
      #1 address_taken = s_axil_awready;
      data_taken = s_axil_wready;
      @(negedge clk);
      if (address_taken) s_axil_awvalid = 1'b0;
      if (data_taken) s_axil_wvalid = 1'b0;
    end
    s_axil_bready = 1'b1;
    #1;
    while (!s_axil_bvalid) begin
      @(negedge clk);
      #1;
    end
    if (s_axil_bresp != 2'b00) begin
      errors = errors + 1;
      $display("write of %h to register %h is refused", value, address);
    end
    @(negedge clk);
    s_axil_bready = 1'b0;
  end
endtask

task read(input [11:0] address, output [31:0] value);
  begin
    @(negedge clk);
    s_axil_araddr = address;
    s_axil_arvalid = 1'b1;
    #1;
    while (!s_axil_arready) begin
      @(negedge clk);
      #1;
    end
    @(negedge clk);
    s_axil_arvalid = 1'b0;
    s_axil_rready = 1'b1;
    #1;
    while (!s_axil_rvalid) begin
      @(negedge clk);
      #1;
    end
    value = s_axil_rdata;
    @(negedge clk);
    s_axil_rready = 1'b0;
  end
endtask

"""


def _register(name: str) -> str:
    return f"12'h{REGISTERS[name].offset:03x}"


def _expect(name: str, value: int) -> Iterable[str]:
    """Statements that read a register and compare it."""
    yield f"read({_register(name)}, answer);"
    yield f"if (answer !== {value}) begin"
    yield "  errors = errors + 1;"
    yield f'  $display("register {name} is %0d, not {value}", answer);'
    yield "end"


def _job(descriptor: Descriptor) -> Iterable[str]:
    """Statements that find counters at 0, queue a job, wait for its interrupt, and read that it is done."""
    for counter in COUNTERS:
        yield from _expect(counter, 0)
    yield f"write({_register('INTERRUPT_ENABLE')}, 32'h3); // INTERRUPT_ENABLE"
    for register, word in zip(DESCRIPTOR_REGISTERS, descriptor.words(), strict=True):
        yield f"write(12'h{register.offset:03x}, 32'h{word:08x}); // {register.name}"
    yield f"write({_register('DOORBELL')}, 32'h1); // DOORBELL"
    yield "wait (irq);"
    yield from _expect("ERROR_CODE", 0)
    yield from _expect("JOBS_DONE", 1)


def _list(address: int, count: int) -> Iterable[str]:
    """Statements that ring for a list, wait for its one interrupt, and read that it and its jobs are done."""
    yield f"write({_register('INTERRUPT_ENABLE')}, 32'h6); // INTERRUPT_ENABLE, not of each job"
    yield f"write({_register('LIST_ADDRESS_LOW')}, 32'h{address:08x}); // LIST_ADDRESS_LOW"
    yield f"write({_register('LIST_ADDRESS_HIGH')}, 32'h0); // LIST_ADDRESS_HIGH"
    yield f"write({_register('LIST_DOORBELL')}, 32'h1); // LIST_DOORBELL"
    yield "wait (irq);"
    yield from _expect("ERROR_CODE", 0)
    yield from _expect("JOBS_DONE", count)
    yield from _expect("LISTS_DONE", 1)


def _sequence(name: str, jobs: Jobs, words: int, initialized: bool) -> list[str]:
    statements = [*([] if initialized else reset()), *_job(jobs.descriptors[0])]
    statements += [*reset(), *_list(jobs.list_address, len(jobs.descriptors))]
    count = 1 + len(jobs.descriptors)
    return [
        "integer word;",
        "reg [31:0] answer;",
        "initial begin",
        *(f"  {line}" for line in statements),
        f"  for (word = 0; word < {words}; word = word + 1)",
        "    if (memory[word] !== expected[word]) begin",
        "      errors = errors + 1;",
        '      $display("memory word %0d is %h, not %h", word, memory[word], expected[word]);',
        "    end",
        f'  if (errors == 0) $display("PASS {name}: {count} jobs, {words} words of memory");',
        f'  else $display("FAIL {name}: %0d errors", errors);',
        "  $finish;",
        "end",
    ]
