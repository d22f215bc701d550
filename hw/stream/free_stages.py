"""Register stages that never stop."""

from amaranth.hdl import Module

from hw.stream.stages import Stages

__all__ = ["FreeStages"]


class FreeStages(Stages):
    """Registers without enable: what is made from an input leaves stage n after n cycles.

    Parameters
    ----------
    m:
        Module that gets the registers.
    """

    def __init__(self, m: Module):
        self._m = m

    def _load(self, stage, name, register, value, shares):
        self._m.d.sync += register.eq(value)
        for only, share, otherwise in shares:
            with self._m.If(~only):
                self._m.d.sync += share.eq(otherwise)
