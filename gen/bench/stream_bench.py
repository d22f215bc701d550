"""The bench of a design whose ports are AXI4-Streams."""

from collections.abc import Mapping, Sequence
from typing import Any

from amaranth.hdl import Value

from gen.bench.text import clock_and_limit, declare_ports, instance, literals, reset
from gen.bench.vectors import Beat
from hw.shared_module import flat_ports

__all__ = ["stream_bench"]

_CYCLES_PER_BEAT = 40
"""Far more than a beat takes, with stalls."""

_AFTER = 100
"""Cycles in which nothing more may come out."""


def stream_bench(name: str, top: Any, vectors: Mapping[str, Sequence[Beat]], initialized: bool) -> str:
    """Module ``{name}_tb``: all beats from power-up, and again after a reset; each result is compared.

    A design that is not ``initialized`` is also reset first.
    The first half of a stream's beats runs at full speed, the others stall at random.
    """
    widths = {port: len(Value.cast(value)) for port, (value, _) in flat_ports(top, "_").items()}
    inputs = [stream for stream in vectors if stream.startswith("s_")]
    (output,) = (stream for stream in vectors if stream.startswith("m_"))
    cycles = _CYCLES_PER_BEAT * sum(map(len, vectors.values())) + 1000
    ones = [f"{output}_tready", *([] if initialized else ["rst"])]
    body = [*declare_ports(top, ones), "integer seed = 1;", "integer errors = 0;", ""]
    body += [*instance(top, name), ""]
    for stream, beats in vectors.items():
        body += [*_memory(stream, beats, widths), ""]
    body += [*clock_and_limit(name, cycles), ""]
    for stream in inputs:
        body += [*_source(stream, len(vectors[stream])), ""]
    body += [*_sink(output, len(vectors[output])), ""]
    body += _sequence(name, output, len(vectors[output]), initialized)
    lines = "\n".join(f"  {line}" if line else "" for line in body)
    return f"module {name}_tb;\n\n{lines}\n\nendmodule\n"


def _memory(stream: str, beats: Sequence[Beat], widths: Mapping[str, int]) -> list[str]:
    data, user = widths[f"{stream}_tdata"], widths[f"{stream}_tuser"]
    width = data + user + 1
    words = [beat.last << (data + user) | beat.user << data | beat.data for beat in beats]
    return [
        f"// {{tlast, tuser, tdata}} of {stream}",
        f"reg [{width - 1}:0] {stream}_beats [0:{len(beats) - 1}];",
        f"integer {stream}_number = 0;",
        "initial begin",
        *(f"  {line}" for line in literals(f"{stream}_beats", width, words)),
        "end",
    ]


def _goes(stream: str, count: int) -> str:
    """Whether a stream does not stall in this cycle."""
    return f"({stream}_number < {count // 2} || $random(seed) % 3 != 0)"


def _source(stream: str, count: int) -> list[str]:
    return [
        "always @(posedge clk)",
        "  if (rst) begin",
        f"    {stream}_number <= 0;",
        f"    {stream}_tvalid <= 1'b0;",
        f"  end else if (!{stream}_tvalid || {stream}_tready) begin",
        f"    if ({stream}_number < {count} && {_goes(stream, count)}) begin",
        f"      {stream}_tvalid <= 1'b1;",
        f"      {{{stream}_tlast, {stream}_tuser, {stream}_tdata}} <= {stream}_beats[{stream}_number];",
        f"      {stream}_number <= {stream}_number + 1;",
        "    end else",
        f"      {stream}_tvalid <= 1'b0;",
        "  end",
    ]


def _sink(stream: str, count: int) -> list[str]:
    got = f"{{{stream}_tlast, {stream}_tuser, {stream}_tdata}}"
    expected = f"{stream}_beats[{stream}_number]"
    return [
        "always @(posedge clk) begin",
        f"  {stream}_tready <= {_goes(stream, count)};",
        "  if (rst)",
        f"    {stream}_number <= 0;",
        f"  else if ({stream}_tvalid && {stream}_tready) begin",
        f"    if ({stream}_number >= {count}) begin",
        "      errors = errors + 1;",
        f'      $display("{stream}: a beat too many, %h", {got});',
        f"    end else if ({got} !== {expected}) begin",
        "      errors = errors + 1;",
        f'      $display("{stream}: beat %0d is %h, not %h", {stream}_number, {got}, {expected});',
        "    end",
        f"    {stream}_number <= {stream}_number + 1;",
        "  end",
        "end",
    ]


def _sequence(name: str, output: str, count: int, initialized: bool) -> list[str]:
    first = [] if initialized else reset()
    return [
        "initial begin",
        *(f"  {line}" for line in first),
        f"  wait ({output}_number == {count});",
        f"  repeat ({_AFTER}) @(posedge clk);",
        *(f"  {line}" for line in reset()),
        f"  wait ({output}_number == {count});",
        f"  repeat ({_AFTER}) @(posedge clk);",
        f'  if (errors == 0) $display("PASS {name}: twice {count} beats");',
        f'  else $display("FAIL {name}: %0d wrong beats", errors);',
        "  $finish;",
        "end",
    ]
