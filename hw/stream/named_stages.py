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
    """

    def __init__(self, stages, part):
        self._stages = stages
        self._part = part

    def register(self, stage, name, value):
        """As of ``Stages``."""
        return self._stages.register(stage, f"{self._part}_{name}", value)

    def carry(self, first, last, name, value):
        """As of ``Stages``."""
        return self._stages.carry(first, last, f"{self._part}_{name}", value)
