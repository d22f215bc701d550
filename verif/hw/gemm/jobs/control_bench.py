"""The control port alone: accesses over AXI4-Lite, and what its registers hold by golden's table."""

from amaranth.hdl import ResetInserter, Signal

from golden.engine import (
    COUNTER_REGISTERS,
    DESCRIPTOR_REGISTERS,
    IDENTIFIER,
    PARAMETER_REGISTERS,
    REGISTERS,
    VERSION,
    EngineParameters,
)
from golden.engine.registers import Access
from hw.axi.signatures import Response
from hw.gemm.jobs.control import Control
from verif.simulation import simulate

__all__ = ["PARAMETERS", "ControlBench", "RegisterModel", "masked"]

WORD = (1 << 32) - 1

PARAMETERS = EngineParameters(
    rows=6, cols=2, drain_rows=3, k_blocks=10, fraction_bits=19, arrays=5, stationary_tiles=7,
    data_bits=256, address_bits=44, queue_depth=9, reorder_columns=1234,
)  # fmt: skip


def masked(old, new, strobe):
    """``old`` with the bytes of ``new`` whose strobe is set."""
    mask = sum(0xFF << 8 * n for n in range(4) if strobe >> n & 1)
    return old & ~mask | new & mask


class RegisterModel:
    """What software reads, from golden's table, what was written, and what the engine says of itself.

    ``said`` holds the words of registers that the engine sets, by name; all others are 0 at a reset.
    """

    def __init__(self, parameters):
        self.said = {"ID": IDENTIFIER}
        known = {**vars(parameters), "minor": VERSION[1], "major": VERSION[0]}
        for name in ("VERSION", *PARAMETER_REGISTERS):
            register = REGISTERS[name]
            self.said[name] = register.pack(**{field.name: known[field.name] for field in register.fields})
        self.held = {name: 0 for name, register in REGISTERS.items() if register.access is Access.READ_WRITE}
        self.held["INTERRUPT_STATUS"] = 0

    def write(self, name, data, strobe=0b1111):
        """A write of software."""
        access = REGISTERS[name].access
        if access is Access.READ_WRITE:
            self.held[name] = masked(self.held[name], data, strobe)
        elif access is Access.CLEAR:
            self.held[name] &= ~masked(0, data, strobe)

    def read(self, name):
        """The word that software reads."""
        if REGISTERS[name].access is Access.WRITE:
            return 0
        return {**self.said, **self.held}.get(name, 0) & REGISTERS[name].used

    def staged(self):
        """The words of the staged descriptor, reserved bits included."""
        return tuple(self.held[register.name] for register in DESCRIPTOR_REGISTERS)


class ControlBench:
    """A ``Control``, a master of its bus, and a record of its outputs.

    ``reset``: of the control port, to be set. ``descriptors``, ``lists``: those given by the doorbells;
    ``soft_resets``, ``clears``: cycles in which these were set.
    """

    def __init__(self, parameters):
        self.control = Control(parameters=parameters)
        self.model = RegisterModel(parameters)
        self.reset = Signal()
        self.descriptors, self.lists = [], []
        self.soft_resets = self.clears = 0

    def run(self, drive):
        """Run ``drive(ctx)``; the engine takes descriptors and lists unless it says otherwise."""

        async def start(ctx):
            ctx.set(self.control.accepting, 1)
            ctx.set(self.control.descriptor.ready, 1)
            ctx.set(self.control.list.ready, 1)
            await drive(ctx)

        simulate(ResetInserter(self.reset)(self.control), start, background=(self._record,))

    async def _record(self, ctx):
        control = self.control
        outputs = (control.descriptor.valid, control.descriptor.p, control.soft_reset, control.clear_counters)
        lists = (control.list.valid, control.list.p)
        async for *_, valid, descriptor, soft_reset, clear, list_valid, address in ctx.tick().sample(
            *outputs, *lists
        ):
            if valid:
                self.descriptors.append(descriptor)
            if list_valid:
                self.lists.append(address)
            self.soft_resets += soft_reset
            self.clears += clear

    async def say(self, ctx, rng):
        """Random words for all that the engine says of itself; the model knows them."""
        control, status = self.control, {}
        said = self.model.said
        said["STATUS"] = int(rng.integers(1 << 32)) & REGISTERS["STATUS"].used
        fields = REGISTERS["STATUS"].unpack(said["STATUS"])
        # What accepts and is ready: bit 0 and 1. Only who accepts fetches.
        full, fetching = fields.pop("full"), fields.pop("fetching")
        open_to = 3 if not full else 1 if fetching else int(rng.integers(3))
        ctx.set(control.accepting, open_to & 1)
        ctx.set(control.descriptor.ready, open_to >> 1)
        ctx.set(control.list.ready, not fetching and (open_to & 1 or int(rng.integers(2))))
        status |= fields
        for name, field in (
            ("ERROR_CODE", "code"),
            ("JOBS_SUBMITTED", "submitted"),
            ("JOBS_DONE", "done"),
            ("LISTS_DONE", "lists_done"),
        ):
            said[name] = status[field] = int(rng.integers(1 << 32)) & REGISTERS[name].used
        for name in ("ERROR_ADDRESS_LOW", "ERROR_ADDRESS_HIGH"):
            said[name] = int(rng.integers(1 << 32))
        status["address"] = said["ERROR_ADDRESS_HIGH"] << 32 | said["ERROR_ADDRESS_LOW"]
        ctx.set(control.status, status)
        for register, counter in zip(COUNTER_REGISTERS, control.counters, strict=True):
            said[register.name] = int(rng.integers(1 << 32))
            ctx.set(counter, said[register.name])

    async def write(self, ctx, offset, data, strobe=0b1111, *, early=None, wait=0, stall=0, meanwhile=None):
        """Write a word; the response.

        ``early``: "aw" or "w", the channel that is valid ``wait`` cycles before the other. ``stall``: cycles
        until B is taken, checked to hold. ``meanwhile(ctx)`` sets what is to happen in the very cycle of the
        write, and is called again after it.
        """
        bus = self.control.bus
        for signal, value in ((bus.awaddr, offset), (bus.wdata, data), (bus.wstrb, strobe)):
            ctx.set(signal, value)
        ctx.set(bus.awvalid, early != "w")
        ctx.set(bus.wvalid, early != "aw")
        for _ in range(wait if early else 0):
            assert not ctx.get(bus.awready | bus.wready), "half a write was taken"
            await ctx.tick()
        ctx.set(bus.awvalid, 1)
        ctx.set(bus.wvalid, 1)
        assert ctx.get(bus.awready)
        assert ctx.get(bus.wready)
        assert not ctx.get(bus.bvalid)
        if meanwhile:
            meanwhile(ctx)
        await ctx.tick()
        if meanwhile:
            meanwhile(ctx)
        response = ctx.get(bus.bresp)
        for _ in range(stall):
            assert ctx.get(bus.bvalid & (bus.bresp == response)), "B changed while it was stalled"
            assert not ctx.get(bus.awready | bus.wready), "a write before the answer of the last"
            await ctx.tick()
        ctx.set(bus.awvalid, 0)
        ctx.set(bus.wvalid, 0)
        assert ctx.get(bus.bvalid)
        assert ctx.get(bus.bresp) == response
        ctx.set(bus.bready, 1)
        await ctx.tick()
        ctx.set(bus.bready, 0)
        assert not ctx.get(bus.bvalid), "an answer too many"
        return response

    async def read(self, ctx, offset, *, stall=0, meanwhile=None):
        """Read a word; ``await meanwhile(ctx)`` runs while R is stalled."""
        bus = self.control.bus
        ctx.set(bus.araddr, offset)
        ctx.set(bus.arvalid, 1)
        assert ctx.get(bus.arready)
        assert not ctx.get(bus.rvalid)
        await ctx.tick()
        ctx.set(bus.arvalid, 0)
        ctx.set(bus.araddr, ~offset & 0xFFC)
        for _ in range(2):
            assert not ctx.get(bus.arready)
            assert not ctx.get(bus.rvalid)
            await ctx.tick()
        word = ctx.get(bus.rdata)
        if meanwhile:
            await meanwhile(ctx)
        ctx.set(bus.arvalid, 1)  # the next address waits
        for _ in range(stall):
            assert ctx.get(bus.rvalid & (bus.rdata == word)), "R changed while it was stalled"
            assert not ctx.get(bus.arready), "an address before the answer of the last"
            await ctx.tick()
        ctx.set(bus.arvalid, 0)
        assert ctx.get(bus.rvalid)
        assert ctx.get(bus.rdata) == word
        assert ctx.get(bus.rresp) == Response.OKAY.value
        ctx.set(bus.rready, 1)
        await ctx.tick()
        ctx.set(bus.rready, 0)
        assert not ctx.get(bus.rvalid), "an answer too many"
        return word

    async def put(self, ctx, name, data, strobe=0b1111, **options):
        """Write a register, known to the model; the response."""
        self.model.write(name, data, strobe)
        return await self.write(ctx, REGISTERS[name].offset, data, strobe, **options)

    async def check(self, ctx, names=tuple(REGISTERS), **options):
        """Each of these registers reads what the model says."""
        for name in names:
            word = await self.read(ctx, REGISTERS[name].offset, **options)
            assert word == self.model.read(name), (
                f"{name} reads {word:#x}, must be {self.model.read(name):#x}"
            )
