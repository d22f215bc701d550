"""A design with a state machine in itself and one in a shared module, and a bench that lets both run."""

import cocotb
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles

from hw.shared_module import place
from mixdit.sim.waves import CYCLE_NS

__all__ = ["Lamp"]


class Timer(wiring.Component):
    """``done`` three cycles after ``start``."""

    start: In(1)
    done: Out(1)

    def elaborate(self, platform):
        m = Module()
        count = Signal(range(3))
        with m.FSM(name="phase"):
            with m.State("REST"):
                m.d.sync += count.eq(0)
                with m.If(self.start):
                    m.next = "COUNT"
            with m.State("COUNT"):
                m.d.sync += count.eq(count + 1)
                m.d.comb += self.done.eq(count == 2)
                with m.If(self.done):
                    m.next = "REST"
        return m


class Lamp(wiring.Component):
    """Blinks, with a timer for each half of its period, once ``button`` has been pressed."""

    button: In(1)
    lit: Out(1)

    def __init__(self):
        self._timer = Timer()
        super().__init__()

    @property
    def shared_modules(self):
        """Modules placed many times, by the name of their Verilog module."""
        return {"lamp_timer": self._timer}

    def elaborate(self, platform):
        m = Module()
        on, off = (place(m, name, self._timer, module="lamp_timer") for name in ("on", "off"))
        with m.FSM(name="state"):
            with m.State("IDLE"), m.If(self.button):
                m.d.comb += on.start.eq(1)
                m.next = "LIT"
            with m.State("LIT"):
                m.d.comb += self.lit.eq(1)
                with m.If(on.done):
                    m.d.comb += off.start.eq(1)
                    m.next = "DARK"
            with m.State("DARK"), m.If(off.done):
                m.d.comb += on.start.eq(1)
                m.next = "LIT"
        return m


@cocotb.test()
async def blinks(dut):
    Clock(dut.clk, CYCLE_NS, unit="ns").start()
    dut.button.value = 0
    dut.rst.value = 1
    await ClockCycles(dut.clk, 2)
    dut.rst.value = 0
    dut.button.value = 1
    seen = []
    for _ in range(20):
        await ClockCycles(dut.clk, 1)
        seen.append(int(dut.lit.value))
    assert sum(seen) in range(6, 14)
