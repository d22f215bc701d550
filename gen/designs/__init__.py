"""What can be exported: the table of designs, the meaning of their ports, the engine's registers."""

from gen.designs.designs import DESIGNS, PARAMETERS, Design, ParameterError

__all__ = ["DESIGNS", "PARAMETERS", "Design", "ParameterError"]
