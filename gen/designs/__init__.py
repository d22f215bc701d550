"""What can be exported.

``designs``: the table of them, with their parameters. ``ports``: what their ports mean. ``register_map``: the
engine's registers for people and for C.
"""

from gen.designs.designs import DERIVED, DESIGNS, PARAMETERS, Design, ParameterError

__all__ = ["DERIVED", "DESIGNS", "PARAMETERS", "Design", "ParameterError"]
