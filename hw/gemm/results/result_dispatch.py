"""From the tile loop's results to commands for each array's result path."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import BLOCK_SIZE
from hw.gemm.jobs.job import DIMENSION_BITS, MOST_BESIDE, MX9_BLOCKS_BITS, job_layout, result_job_layout
from hw.gemm.tiles.tile_layouts import results_layout
from hw.stream.queue import Queue

__all__ = ["PRODUCT_TURNS", "ResultDispatch", "tile_command_layout"]

PRODUCT_TURNS = 2
"""Turns that products take, 0 and 1."""


def tile_command_layout(*, rows, slots, address_bits, functions=False) -> data.StructLayout:
    """One chunk of a tile of D of ``rows`` rows and 16 columns.

    ``row_address``
        D's address plus ``pitch`` times the number of the tile's first row.
    ``column_block``
        The tile's columns are ``16 * column_block`` and on.
    ``rows``, ``columns``
        Those inside D, at least 1 each. The others are dropped, or zeros where blocks are quantized.
    ``first``, ``last``
        The first, the last chunk along K; both if there is only one.
    ``slot``
        Where sums wait between a tile's chunks, and between its results and their addends. Tiles whose
        chunks are interleaved have different slots.
    ``begins``, ``ends``
        The first, the last tile of a run: tiles side by side, left one first, whose last chunks follow
        each other.
    ``row``
        With ``functions``: the number of the tile's first row.
    """
    return data.StructLayout(
        {
            "row_address": address_bits,
            "column_block": MX9_BLOCKS_BITS + 1,
            "rows": range(rows + 1),
            "columns": range(BLOCK_SIZE + 1),
            "first": 1,
            "last": 1,
            "slot": range(max(2, slots)),
            "begins": 1,
            "ends": 1,
            **({"row": DIMENSION_BITS} if functions else {}),
        }
    )


class ResultDispatch(wiring.Component):
    """Divides the rows of each tile among the arrays, and keeps jobs apart.

    Jobs take turns, 0 and 1. The next turn's commands are given when those of this turn have been carried
    out, and its lines are sent when those of this turn have been. What was sent is in memory in the same
    order: jobs end in theirs, and behind row jobs before them. Throughput one array's command per cycle.

    Parameters
    ----------
    geometry:
        Sizes of the engine.

    Members
    -------
    job: In(stream of ``job_layout``), never stalled: the results of one that begins follow those of the jobs
        before
    results: In(stream of ``results_layout``)
    commands: Out(stream of ``tile_command_layout``) x arrays
    result_job: Out(``result_job_layout``), of the job whose commands were given
    turn: Out(1), of the job whose commands are given
    writing: Out(1), turn of the job whose lines are sent
    carried_out: In(1), all commands given were carried out, but for lines that wait to be sent
    sent: In(1), no line of turn ``writing`` waits
    ended: In(2), of each turn whether no line was sent and is not in memory
    may_end: In(1), the oldest job may be told to be done: no row job before it is left
    job_done: Out(1), for one cycle
    """

    def __init__(self, *, geometry):
        self.geometry = geometry
        parameters = geometry.parameters
        command = tile_command_layout(
            rows=parameters.rows,
            slots=geometry.partial_slots,
            address_bits=geometry.address_bits,
            functions=geometry.functions,
        )
        super().__init__(
            {
                "job": In(stream.Signature(job_layout(geometry), always_ready=True)),
                "results": In(stream.Signature(results_layout(geometry))),
                "commands": Out(stream.Signature(command)).array(parameters.arrays),
                "result_job": Out(result_job_layout(geometry.address_bits, geometry.functions)),
                "turn": Out(1),
                "writing": Out(1),
                "carried_out": In(1),
                "sent": In(1),
                "ended": In(PRODUCT_TURNS),
                "may_end": In(1),
                "job_done": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        rows, arrays = self.geometry.parameters.rows, self.geometry.parameters.arrays
        results = self.results.p
        step = Signal(self.geometry.address_bits, reset_less=True)
        # The jobs that are read ahead, and the one whose results come.
        job = self.job.p
        kept = data.StructLayout({"row_step": job.row_step.shape(), "result": job.result.shape()})
        m.submodules.jobs = jobs = Queue(shape=kept, depth=MOST_BESIDE + 1)
        m.d.comb += [
            jobs.i.p.row_step.eq(job.row_step),
            jobs.i.p.result.eq(job.result),
            jobs.i.valid.eq(self.job.valid),
        ]
        address = Signal(self.geometry.address_bits, reset_less=True)
        left = Signal.like(results.rows)
        array = Signal(range(max(2, arrays)))
        take, final = Signal(), Signal()
        ending = Signal()  # turn of the oldest job that is not done
        m.d.comb += final.eq(left <= rows if arrays > 1 else 1)
        for command in self.commands:
            m.d.comb += [
                command.p.row_address.eq(address),
                command.p.rows.eq(Mux(final, left, rows)[: len(command.p.rows)]),
                *(
                    getattr(command.p, name).eq(getattr(results, name))
                    for name in ("column_block", "columns", "first", "last", "slot", "begins", "ends")
                ),
            ]
        functions = self.geometry.functions
        if functions:
            row = Signal.like(results.row, reset_less=True)
            m.d.comb += [command.p.row.eq(row) for command in self.commands]
        with m.FSM(name="state"):
            with m.State("IDLE"):
                m.d.sync += [address.eq(results.row_address), left.eq(results.rows), array.eq(0)]
                if functions:
                    m.d.sync += row.eq(results.row)
                with m.If(self.results.valid):
                    m.next = "COMMAND"
                    with m.If(results.job_first):
                        m.d.comb += jobs.o.ready.eq(1)
                        m.d.sync += [step.eq(jobs.o.p.row_step), self.result_job.eq(jobs.o.p.result)]
            with m.State("COMMAND"):
                with m.Switch(array):
                    for n, command in enumerate(self.commands):
                        with m.Case(n):
                            m.d.comb += [command.valid.eq(1), take.eq(command.ready)]
                with m.If(take):
                    m.d.sync += [address.eq(address + step), left.eq(left - rows), array.eq(array + 1)]
                    if functions:
                        m.d.sync += row.eq((row + rows)[: len(row)])
                    with m.If(final):
                        m.d.comb += self.results.ready.eq(1)
                        m.next = "IDLE"
                        with m.If(results.job_last):
                            m.next = "END"
            with m.State("END"), m.If(self.carried_out & (self.turn == ending)):
                m.d.sync += self.turn.eq(~self.turn)
                m.next = "IDLE"
        in_memory = self.ended.bit_select(ending, 1)
        m.d.comb += self.job_done.eq((self.writing != ending) & in_memory & self.may_end)
        with m.If((self.turn != self.writing) & self.sent):
            m.d.sync += self.writing.eq(self.turn)
        with m.If(self.job_done):
            m.d.sync += ending.eq(self.writing)
        return m
