"""What is true of a ``hw.stream.block_queue.BlockQueue`` in every cycle: what claims about it follow from."""

from amaranth.hdl import Cat, Signal

__all__ = ["Ring"]


class Ring:
    """A block queue somewhere in a unit, and the invariants of its reader.

    Parameters
    ----------
    bench:
        What claims are made in.
    path:
        Path of the queue.
    depth, enables:
        Its parameters: entries, and bits of its memory's output enable.
    valid:
        Whether its output is valid.

    Attributes
    ----------
    level:
        Entries in the memory, counted by the bench.
    accessed:
        Whether one more is between memory and output.
    writes:
        One is written in this cycle.
    reads:
        One is read.
    """

    def __init__(self, bench, path, *, depth, enables, valid):
        reader = f"{path}.reader"

        def inside(name, shape=1):
            return bench.inside(f"{reader}.{name}", shape)

        self.depth = depth
        self.writes, self.reads = bench.inside(f"{path}.write_1", 1), inside("read_enable")
        self.accessed = inside("accessed")
        self.level = Signal(range(2 * depth), name="level")
        bench.m.d.sync += self.level.eq(self.level + self.writes - self.reads)
        addresses = ("read_address", "read_address_1", "read_address_2", "next_write", "write_address")
        read, following, later, next_write, write = (inside(name, range(depth)) for name in addresses)
        self.read_address, self.write_address = read, write
        self.filling = inside("filling")
        ends = bench.inside(f"{reader}.empty", enables)
        bits = len(write)
        bench.help("level", write == (read + self.level)[:bits])
        bench.help("following", following == (read + 1)[:bits])
        bench.help("later", later == (read + 2)[:bits])
        bench.help("next write", next_write == (write + self.writes)[:bits])
        bench.help("written", self.writes == inside("written"))
        bench.help("none", inside("none") == (self.level == 0))
        bench.help("same", (self.level == 0) | (inside("same", bits) == ~(following ^ write)))
        bench.help("full", inside("full") == (self.accessed & valid))
        bench.help("empty", ends == (~valid).replicate(enables))

    def claim_no_collision(self, bench):
        """No entry is read while it is written: memories give any value then."""
        bench.claim("no collision", ~(self.writes & self.reads & (self.read_address == self.write_address)))

    def claim_filling(self, bench, step):
        """What ``filling`` says, of queues that are never full but for a step."""
        half = self.depth // 2
        right = Cat((self.level < half) | self.filling, (self.level > half - step) | ~self.filling).all()
        bench.claim("filling", (self.level > self.depth - step) | right)
