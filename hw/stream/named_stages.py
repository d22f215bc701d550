"""Register stages of one of several alike parts of a component."""

__all__ = ["NamedStages"]


class NamedStages:
    """Registers of ``stages``, whose names begin with that of their part.

    Parameters
    ----------
    stages:
        ``Stages`` that hold them.
    part:
        Name of the part.
    after:
        The stage of ``stages`` before the first one of the part.
    """

    def __init__(self, stages, part, after=0):
        self._stages = stages
        self._part = part
        self._after = after

    def register(self, stage, name, value):
        """As of ``Stages``."""
        return self._stages.register(self._after + stage, f"{self._part}_{name}", value)

    def carry(self, first, last, name, value):
        """As of ``Stages``."""
        first, last = self._after + first, self._after + last
        return self._stages.carry(first, last, f"{self._part}_{name}", value)
