"""The names of a design's states, which its Verilog has only as codes."""

from collections.abc import Iterator, Mapping
from types import FunctionType

from amaranth.hdl import Elaboratable, Fragment, Instance, Signal

__all__ = ["codes", "fsm_states"]

Path = tuple[str, ...]
"""Names of nested instances, and of a signal in the last one."""


def fsm_states(component: Elaboratable) -> dict[Path, Signal]:
    """The state of every state machine in ``component``, by its path from there."""
    core = getattr(component, "core", component)  # the modules that an AXIStreamTop shares are its core's
    shared = {name: fsm_states(module) for name, module in getattr(core, "shared_modules", {}).items()}
    return dict(_walk(Fragment.get(component, None), (), shared))


def _walk(
    fragment: Fragment, place: Path, shared: Mapping[str, Mapping[Path, Signal]]
) -> Iterator[tuple[Path, Signal]]:
    if isinstance(fragment, Instance):
        for path, state in shared.get(fragment.type, {}).items():
            yield (*place, *path), state
    for statements in fragment.statements.values():
        for signal in statements._lhs_signals():
            # A state machine's names come from a function, an enumeration's from a class.
            if isinstance(getattr(signal, "decoder", None), FunctionType):
                yield (*place, signal.name), signal
    for inner, name, _ in fragment.subfragments:
        yield from _walk(inner, (*place, name), shared)


def codes(state: Signal) -> Iterator[tuple[int, str]]:
    """Every code of a state with its name."""
    for code in range(1 << len(state)):
        try:
            yield code, state.decoder(code).rpartition("/")[0]  # Amaranth says "IDLE/0"
        except KeyError:
            continue
