"""A write master that counts the lines that it takes."""

from amaranth.hdl import Cat, Module
from amaranth.lib import wiring

from hw.axi.write_master import WriteMaster

__all__ = ["CountedWrites"]


class CountedWrites(wiring.Component):
    """``WriteMaster`` without registers in front: lines are on their way from when it takes them."""

    def __init__(self, **parameters):
        self.master = WriteMaster(**parameters)
        members = self.master.signature.members.items()
        super().__init__({name: member for name, member in members if name != "taken"})

    def elaborate(self, platform):
        m = Module()
        m.submodules.master = master = self.master
        for name in self.signature.members:
            ours, theirs = getattr(self, name), getattr(master, name)
            if self.signature.members[name].is_port:
                out = self.signature.members[name].flow == wiring.Out
                m.d.comb += ours.eq(theirs) if out else theirs.eq(ours)
            else:
                wiring.connect(m, wiring.flipped(ours), theirs)
        line = self.i.valid & self.i.ready & (self.i.p.more == 0)
        m.d.comb += master.taken.eq(Cat(line & (self.i.p.turn == n) for n in range(master.turns)))
        return m
