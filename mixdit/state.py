"""What modules that stand around others write into a model's state, and what they accept from one."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

__all__ = ["Planned", "has_state_of"]

_PLAN = "mixdit_plan"
"""What the metadata of a state call a module's plan."""


class Planned(nn.Module):
    """A module whose state is only for those with the same plan; states without a plan suit all.

    Attributes
    ----------
    planned:
        What of the plan decides on results, as a text.
    """

    planned: str

    def __init__(self) -> None:
        super().__init__()
        self.register_state_dict_post_hook(_note_plan)

    def _load_from_state_dict(
        self,
        state_dict: Mapping[str, Any],
        prefix: str,
        local_metadata: Mapping[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        if local_metadata.get(_PLAN) not in (None, self.planned):
            error_msgs.append(
                f"{prefix.removesuffix('.')} has another plan than the layer whose state this is"
            )
            return
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )
        try:
            self.check_loaded()
        except ValueError as error:
            error_msgs.append(f"{prefix.removesuffix('.')}: {error}")

    def check_loaded(self) -> None:
        """Called when a state was loaded; ValueError says what is wrong with it."""


def _note_plan(module: Planned, state: dict[str, Any], prefix: str, metadata: dict[str, Any]) -> None:
    metadata[_PLAN] = module.planned


def has_state_of(module: nn.Module, children: Sequence[str]) -> None:
    """Let the state of ``module`` be that of its child: as if the child stood in its place.

    Parameters
    ----------
    module:
        Has no parameters of its own, though other children may have some.
    children:
        Paths of the child, and of others that are to load the same.
    """
    module.register_state_dict_post_hook(_Lift(children))
    module.register_load_state_dict_pre_hook(_Lower(children))


class _Lift:
    """Takes the first child's name out of a state, and the other children."""

    def __init__(self, children: Sequence[str]) -> None:
        self.first, *self.others = (f"{child}." for child in children)

    def __call__(self, module: nn.Module, state: dict[str, Any], prefix: str, metadata: Any) -> None:
        for key in [key for key in state if key.startswith(prefix)]:
            name = key.removeprefix(prefix)
            if name.startswith(self.first):
                state[prefix + name.removeprefix(self.first)] = state.pop(key)
            elif name.startswith(tuple(self.others)):
                del state[key]


class _Lower:
    """Puts the children's names into a state."""

    def __init__(self, children: Sequence[str]) -> None:
        self.children = tuple(children)

    def __call__(self, module: nn.Module, state: dict[str, Any], prefix: str, *rest: Any) -> None:
        known = tuple(f"{name}." for name, _ in module.named_children() if name not in self.children)
        for key in [key for key in state if key.startswith(prefix)]:
            name = key.removeprefix(prefix)
            if not name.startswith(known):
                value = state.pop(key)
                state.update({f"{prefix}{child}.{name}": value for child in self.children})
