"""The nets with most loads."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gen.synth.cells import Kind, Role
from gen.synth.nets import Nets

__all__ = ["MANY", "FanOut", "FanOuts", "largest_fan_outs"]

MANY = 64
"""More loads than this are too many for a signal of a fast design."""

RESET = "rst"
"""What Amaranth calls the input that resets a design."""


@dataclass(frozen=True, kw_only=True)
class FanOut:
    """A net and its loads.

    Parameters
    ----------
    signal:
        Its name in the design, or ``before`` the nearest one that has a name.
    loads:
        How many inputs of cells and outputs of the design read it.
    roles:
        The same by what they do with it, such as ``enable``.
    """

    signal: str
    loads: int
    roles: Mapping[str, int]

    def __str__(self) -> str:
        return f"{self.signal} {self.loads} ({', '.join(f'{n} {role}' for role, n in self.roles.items())})"


@dataclass(frozen=True, kw_only=True)
class FanOuts:
    """The largest fan-outs.

    Parameters
    ----------
    signals:
        Those that count, largest first. Addresses of block memories are not among the loads.
    clocks, resets:
        Nets of clocks, and of the design's reset, the input ``rst``. What Yosys takes as a synchronous reset,
        because it clears registers, is not among these.
    addresses:
        The nets with most addresses of block memories, with these loads alone.
    many:
        How many signals have more than ``MANY`` loads.
    """

    signals: tuple[FanOut, ...]
    clocks: tuple[FanOut, ...]
    resets: tuple[FanOut, ...]
    addresses: tuple[FanOut, ...]
    many: int


def largest_fan_outs(nets: Nets, *, number: int = 10) -> FanOuts:
    """The ``number`` largest fan-outs of each kind; of equal ones that with the first name first."""
    clocks: dict[int, Counter[Role]] = {}
    addresses: dict[int, Counter[Role]] = {}
    signals: dict[int, Counter[Role]] = {}
    resets: dict[int, Counter[Role]] = {}
    of_reset = _resets(nets)
    for net, loads in nets.loads.items():
        if net in nets.drivers and nets.cells[nets.drivers[net].kind].kind is Kind.CONSTANT:
            continue
        roles = Counter(load.role for load in loads)
        if Role.CLOCK in roles:
            clocks[net] = roles
        elif net in of_reset:
            resets[net] = roles
        else:
            if count := roles.pop(Role.ADDRESS, 0):
                addresses[net] = Counter({Role.ADDRESS: count})
            signals[net] = roles

    def largest(found: Mapping[int, Counter[Role]]) -> tuple[FanOut, ...]:
        return tuple(_largest(nets, found, number))

    return FanOuts(
        signals=largest(signals),
        clocks=largest(clocks),
        resets=largest(resets),
        addresses=largest(addresses),
        many=sum(roles.total() > MANY for roles in signals.values()),
    )


def _largest(nets: Nets, found: Mapping[int, Counter[Role]], number: int) -> Iterator[FanOut]:
    """The largest of ``found``. Only those that may be among them get a name, which takes a search."""
    totals = sorted((roles.total() for roles in found.values()), reverse=True)
    least = max(totals[:number][-1], 1) if totals else 1
    candidates = [
        FanOut(
            signal=nets.name(net),
            loads=roles.total(),
            roles={role.value: count for role, count in roles.most_common()},
        )
        for net, roles in found.items()
        if roles.total() >= least
    ]
    yield from sorted(candidates, key=lambda fan_out: (-fan_out.loads, fan_out.signal))[:number]


def _resets(nets: Nets) -> set[int]:
    """Nets of the design's reset: the input, and what inverters make of it."""
    found = {net for net, name in nets.inputs.items() if name == RESET}
    inverted = {
        logic.inputs[0][0]: logic.outputs[0]
        for logic in nets.logic
        if nets.cells[logic.kind].kind is Kind.LUT and len(logic.inputs) == 1
    }
    return found | {inverted[net] for net in found if net in inverted}
