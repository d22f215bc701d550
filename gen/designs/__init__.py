"""What can be exported.

``designs``: the table of them, with their parameters. ``ports``: what their ports mean. ``register_map``: the
engine's registers for people and for C.
"""

from gen.designs.designs import DESIGNS, PARAMETERS, Design, ParameterError

__all__ = ["DESIGNS", "PARAMETERS", "Design", "ParameterError"]
