"""One array of an engine, as a module that is converted once for all arrays."""

from amaranth.hdl import Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.formats import SLOT_BITS
from hw.array.array import Array
from hw.block.layouts import FormatCode

__all__ = ["ArrayUnit"]


class ArrayUnit(wiring.Component):
    """``hw.array.array.Array`` with plain ports, and what it does in each cycle.

    Parameters
    ----------
    parameters:
        As for ``Array``.

    Members
    -------
    a_data, a_user, a_last, a_valid: In; a_ready: Out: stream ``a`` of the array
    b_...: likewise; d_data, d_user, d_last, d_valid: Out; d_ready: In
    issue: Out(1), a pass; a_mx9, b_mx9: Out(1), the formats of its blocks
    done: Out(1), the last pass of a tile; blocked: Out(1), a further tile's results have no room
    """

    def __init__(self, **parameters):
        self._array = array = Array(**parameters)
        values = 32 * array.segments * array.cols
        members = {}
        for name, lanes in (("a", array.rows), ("b", array.cols)):
            members |= {
                f"{name}_data": In(SLOT_BITS * lanes),
                f"{name}_user": In(2),
                f"{name}_last": In(1),
                f"{name}_valid": In(1),
                f"{name}_ready": Out(1),
            }
        super().__init__(
            {
                **members,
                "d_data": Out(values),
                "d_user": Out(3),
                "d_last": Out(1),
                "d_valid": Out(1),
                "d_ready": In(1),
                **dict.fromkeys(("issue", "a_mx9", "b_mx9", "done", "blocked"), Out(1)),
            }
        )

    @property
    def shared_modules(self):
        """Modules placed many times, by the name of their Verilog module."""
        return self._array.shared_modules

    def elaborate(self, platform):
        m = Module()
        m.submodules.array = array = self._array
        for name in "ab":
            operand = getattr(array, name)
            m.d.comb += [
                operand.valid.eq(getattr(self, f"{name}_valid")),
                getattr(self, f"{name}_ready").eq(operand.ready),
                *(
                    Value.cast(getattr(operand.p, part)).eq(getattr(self, f"{name}_{part}"))
                    for part in ("data", "user", "last")
                ),
            ]
        m.d.comb += [
            self.d_valid.eq(array.d.valid),
            array.d.ready.eq(self.d_ready),
            *(
                getattr(self, f"d_{part}").eq(Value.cast(getattr(array.d.p, part)))
                for part in ("data", "user", "last")
            ),
        ]
        sequencer = array.sequencer
        m.d.comb += [
            self.issue.eq(sequencer.issue),
            self.a_mx9.eq(sequencer.a_pass.format == FormatCode.MX9),
            self.b_mx9.eq(sequencer.b_pass.format == FormatCode.MX9),
            self.done.eq(sequencer.control.last),
            self.blocked.eq(~sequencer.room),
        ]
        return m
