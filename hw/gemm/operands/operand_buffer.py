"""The rows of one operand on chip: many blocks of a row in, a pass of every row out, skewed for the array."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import SUBBLOCKS
from hw.array.aligned_accumulator import distance_bits
from hw.array.exponent_distance import DISTANCE_LATENCY, exponent_distance
from hw.array.operand_lane import reference_layout
from hw.array.pass_memory import PassMemory, pass_layout
from hw.gemm.jobs.job import OperandSide
from hw.gemm.operands.block_extractor import bank_write_layout
from hw.gemm.operands.row_reference import row_write_layout
from hw.shared_module import place
from hw.target.block_memory import BlockMemory
from hw.target.delay import delay

__all__ = ["OperandBuffer", "stored_pass_layout"]


def stored_pass_layout(geometry, side) -> data.StructLayout:
    """A pass of the tile in ``slot``, which has so many ``lanes``.

    ``first`` is the tile's first, for the arrays in ``arrays``.
    """
    return data.StructLayout(
        {
            "part": pass_layout(geometry.depth[side]),
            "first": 1,
            "slot": range(geometry.most_slots[side]),
            "lanes": range(geometry.lanes[side] + 1),
            "arrays": geometry.parameters.arrays,
        }
    )


class OperandBuffer(wiring.Component):
    """``lanes`` rows of blocks that take up to ``banks`` neighbouring blocks of one row per cycle.

    A beat of memory holds several blocks of one row, but the array wants one block of every row. So
    block ``address`` of lane l does not lie in a memory of that lane: each group of ``banks`` lanes has
    as many memories, and the block lies in number ``(l + address) % banks``. Neighbouring blocks of a
    lane are in different memories then, and so are blocks of different lanes at one address. Behind the
    memories, which give passes, the rotation is undone. With one bank, a lane has a memory of its own.

    Lanes behind the last row of a matrix give zeros.

    The skew of the array's rows is that of addresses: a group is read as much later as its first row
    is. Within the group, lanes wait for their turn in registers.

    Latency from ``issued`` to ``operand`` of the first row of an array is ``latency_of`` cycles, to its
    ``distance`` ``distance_delay`` more; throughput one pass and one write per cycle; no flow control.

    Parameters
    ----------
    geometry:
        Sizes of the engine.
    side:
        The operand, `OperandSide`.
    tiles:
        Tiles between ``first`` and ``taken``.
    distance_delay:
        Cycles by which elements want the distance after sub-block 0.
    target:
        One of ``hw.target.targets.TARGETS``.

    Members
    -------
    write: In(``bank_write_layout``), row: In(``row_write_layout``), of either operand
    issued: In(``stored_pass_layout``)
    operand: Out(``activation_layout()`` or ``weight_layout()``) x lanes x 8, row r of an array r cycles late,
        sub-block j another j cycles
    distance: Out x lanes
    reference: Out(``reference_layout``) x lanes, of the oldest tile not yet taken
    taken: In(1) x lanes, go on to the next tile's reference
    """

    @staticmethod
    def latency_of(geometry):
        """Cycles from ``issued`` to the operands of an array's first row."""
        return PassMemory.latency + (geometry.banks > 1)

    @staticmethod
    def last_read_of(geometry):
        """Cycles from ``issued`` to the last access to the block, at most."""
        return PassMemory.last_read + max(geometry.parameters.rows, geometry.parameters.cols)

    def __init__(self, *, geometry, side, tiles, distance_delay, target="generic"):
        self.side = OperandSide(side)
        self.lanes = geometry.lanes[side.value]
        self.depth = geometry.depth[side.value]
        self.slots = geometry.most_slots[side.value]
        self.banks = geometry.banks
        self.tiles = tiles
        self.fraction_bits = geometry.parameters.fraction_bits
        self.target = target
        self._array_rows = (geometry.parameters.rows, geometry.parameters.cols)[side.value]
        self._latency = self.latency_of(geometry)
        self._distance_delay = distance_delay
        self._issued = stored_pass_layout(geometry, side.value)
        self._memory = PassMemory(activations=side == OperandSide.A, depth=self.depth, target=target)
        operand = self._memory.signature.members["operand"].shape
        super().__init__(
            {
                "write": In(bank_write_layout(geometry)),
                "row": In(row_write_layout(geometry)),
                "issued": In(self._issued),
                "operand": Out(operand).array(self.lanes, SUBBLOCKS),
                "distance": Out(distance_bits(self.fraction_bits)).array(self.lanes),
                "reference": Out(reference_layout()).array(self.lanes),
                "taken": In(1).array(self.lanes),
            }
        )

    @property
    def memory_module(self):
        """Name of the Verilog module of a bank."""
        return f"mx_array_{'row' if self.side == OperandSide.A else 'column'}_memory"

    @property
    def shared_modules(self):
        """Modules placed many times, by the name of their Verilog module."""
        return {self.memory_module: self._memory}

    def elaborate(self, platform):
        m = Module()
        groups = [range(n, min(n + self.banks, self.lanes)) for n in range(0, self.lanes, self.banks)]
        late = [min(lane % self._array_rows for lane in group) for group in groups]
        # The pass of now, of the cycle before, and so on: as long as the last group needs it.
        rotated = PassMemory.exponent_latency + (self._latency - PassMemory.latency)
        issued = [self.issued]
        for n in range(1, max(late) + max(rotated, self._latency + SUBBLOCKS)):
            issued.append(data.View(self._issued, delay(m, f"issued_{n}", issued[-1], 1, reset_less=False)))
        for g, lanes in enumerate(groups):
            passes = issued[late[g] :]
            banks = [self._bank(m, g, n, passes) for n in range(self.banks)]
            present = [self._present(m, lane, passes) for lane in lanes]
            exponents = self._in_order(
                m, f"exponent_{g}", [bank.exponent for bank in banks], passes, rotated, present
            )
            subblocks = [
                self._in_order(
                    m,
                    f"operand_{g}_{j}",
                    [bank.operand[j] for bank in banks],
                    passes,
                    self._latency + j,
                    present,
                )
                for j in range(SUBBLOCKS)
            ]
            for n, lane in enumerate(lanes):
                # Its place in its array, beyond that of the group's first.
                turn = lane % self._array_rows - late[g]
                reference = self._references(m, lane, passes, rotated, present[n])
                distance = exponent_distance(
                    m,
                    f"distance_{lane}",
                    reference=reference,
                    exponent=exponents[n],
                    fraction_bits=self.fraction_bits,
                )
                waits = self._latency + self._distance_delay - rotated - DISTANCE_LATENCY
                m.d.comb += self.distance[lane].eq(delay(m, f"late_distance_{lane}", distance, waits + turn))
                for j in range(SUBBLOCKS):
                    operand = delay(m, f"operand_{lane}_{j}", subblocks[j][n], turn)
                    m.d.comb += self.operand[lane][j].eq(operand)
        return m

    def _present(self, m, lane, passes):
        """Whether the lane has a row, by the number of cycles after ``passes[0]``, where it is needed."""
        first = self._latency - 1
        exists = delay(m, f"present_{lane}_{first}", passes[first - 1].lanes > lane, 1)
        found = {first: exists}
        for cycle in range(first + 1, self._latency + SUBBLOCKS):
            found[cycle] = exists = delay(m, f"present_{lane}_{cycle}", exists, 1)
        return found

    def _bank(self, m, group, bank, passes):
        cells = place(m, f"memory_{group * self.banks + bank}", self._memory, module=self.memory_module)
        entry = self.write.banks[bank]
        m.d.comb += [
            cells.write_enable.eq(
                entry.enable & (self.write.operand == self.side) & (self.write.group == group)
            ),
            # That of the larger operand, perhaps.
            cells.write_address.eq(entry.address[: len(cells.write_address)]),
            cells.block.eq(entry.block),
            *(to.eq(issued.part) for to, issued in zip(cells.passes, passes, strict=False)),
        ]
        return cells

    def _in_order(self, m, name, outputs, passes, latency, present):
        """What banks give in lanes' order, ``latency`` cycles after ``passes[0]``, and zeros."""
        steps = self.banks.bit_length() - 1
        # The register is the last of these cycles.
        given = latency - (steps > 0)
        turn = passes[given].part.address[:steps]
        for step in range(steps):
            outputs = [
                Mux(turn[step], outputs[(n + (1 << step)) % self.banks], output)
                for n, output in enumerate(outputs)
            ]
        found = []
        for n, (output, exists) in enumerate(zip(outputs, present, strict=False)):
            output = Value.cast(output) & exists[given].replicate(len(Value.cast(output)))
            found.append(delay(m, f"{name}_{n}", output, 1) if steps else output)
        return found

    def _references(self, m, lane, passes, latency, present):
        """Keep the references of a lane's tiles; that of the pass ``latency`` cycles after ``passes[0]``."""
        cells = BlockMemory(width=reference_layout().size, depth=self.slots, target=self.target)
        m.submodules[f"references_{lane}"] = cells
        row = self.row
        m.d.comb += [
            cells.write_enable.eq(row.enable & (row.operand == self.side) & (row.lane == lane)),
            cells.write_address.eq(row.slot[: len(cells.write_address)]),
            cells.write_data.eq(row.reference),
            cells.read_enable.eq(1),
            cells.read_address.eq(passes[latency - BlockMemory.latency - 1].slot),
            cells.output_enable.eq(1),
        ]
        found = data.View(reference_layout(), cells.data & present[latency - 1].replicate(len(cells.data)))
        begins = passes[latency - 1].first & passes[latency - 1].arrays[lane // self._array_rows]
        reference = Signal.like(found.exponent, name=f"reference_{lane}", reset_less=True)
        with m.If(begins):
            m.d.sync += reference.eq(found.exponent)

        # It leaves with the tile's results.
        waiting = memory.Memory(shape=reference_layout(), depth=self.tiles, init=[])
        m.submodules[f"waiting_references_{lane}"] = waiting
        write, oldest = waiting.write_port(), waiting.read_port(domain="comb")
        m.d.comb += [
            write.en.eq(begins),
            write.data.eq(found),
            self.reference[lane].eq(oldest.data),
        ]
        with m.If(begins):
            m.d.sync += write.addr.eq(write.addr + 1)
        with m.If(self.taken[lane]):
            m.d.sync += oldest.addr.eq(oldest.addr + 1)
        return reference
