"""What can be synthesized: the designs by name, or any component by ``module:factory``."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from gen.designs import ParameterError
from gen.verilog import to_verilog
from golden.formats import BLOCK_SIZE
from hw.stream.axi_stream import AXIStreamTop

__all__ = ["MODES", "SUBJECTS", "Built", "Subject", "find_subject", "subject_names"]

MODES: Mapping[str, int] = {"mx6xmx6": 1, "mx9xmx6": 2, "mx9xmx9": 4}
"""Passes that a pair of blocks takes in each precision mode; one in all others."""


@dataclass(frozen=True, kw_only=True)
class Built:
    """A subject as Verilog.

    Parameters
    ----------
    name:
        Name on the command line; ``top`` is the name of the Verilog module.
    parameters:
        Every parameter with its value.
    verilog:
        Its text.
    macs_per_cycle:
        Multiply-accumulates per cycle by precision mode; None for a design that makes none.
    elements_per_cycle:
        Elements that a design without products handles per cycle.
    """

    name: str
    top: str
    parameters: Mapping[str, Any]
    verilog: str
    macs_per_cycle: Mapping[str, float] | None
    elements_per_cycle: int | None

    @property
    def digest(self) -> str:
        """Of its Verilog: the same for designs that are the same."""
        return sha256(self.verilog.encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A component to synthesize.

    Parameters
    ----------
    name:
        Name on the command line.
    factory:
        What makes it, as ``module:callable``.
    defaults:
        Values of parameters for which the factory has no default.
    macs:
        Multiply-accumulates per pass; by default the component's ``macs_per_pass``, else 0.
    elements:
        Elements per cycle of a design that makes no products, from the component; None for others.
    streams:
        All ports are packet streams, which become AXI4-Stream ports.
    """

    name: str
    factory: str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    macs: Callable[[Any], int] = lambda component: int(getattr(component, "macs_per_pass", 0))
    elements: Callable[[Any], int | None] = lambda component: None
    streams: bool = False

    def build(self, parameters: Mapping[str, Any]) -> Built:
        """Verilog with ``parameters`` in place of defaults. Raises ``ParameterError``."""
        factory = self._load()
        known = inspect.signature(factory).parameters
        values = {
            **{n: p.default for n, p in known.items() if p.default is not p.empty},
            **self.defaults,
            **parameters,
        }
        if unknown := [name for name in values if name not in known]:
            has = ", ".join(known) or "none"
            raise ParameterError(f"{self.name} has no parameter {unknown[0]} (it has: {has})")
        try:
            component = factory(**values)
        except (TypeError, ValueError) as error:
            raise ParameterError(f"{self.name}: {error}") from error
        top = "mx_" + "".join(c if c.isalnum() else "_" for c in self.name.rpartition(":")[2].lower())
        macs = self.macs(component)
        modes = getattr(component, "modes", MODES)
        return Built(
            name=self.name,
            top=top,
            # What a component made of them: the default of one may follow from another.
            parameters={n: getattr(component, n, value) for n, value in values.items()},
            verilog=to_verilog(AXIStreamTop(component) if self.streams else component, top),
            macs_per_cycle={m: macs / MODES.get(m, 1) for m in modes} if macs else None,
            elements_per_cycle=self.elements(component),
        )

    def _load(self) -> Callable[..., Any]:
        module, _, name = self.factory.partition(":")
        try:
            factory: Callable[..., Any] = getattr(import_module(module), name)
        except (ModuleNotFoundError, AttributeError, ValueError) as error:
            raise ParameterError(f"{self.name}: no {self.factory!r}: {error}") from error
        if not callable(factory):
            raise ParameterError(f"{self.name} must be a module:factory, not {factory!r}")
        return factory


SUBJECTS: Mapping[str, Subject] = {
    subject.name: subject
    for subject in (
        Subject(
            name="pe",
            factory="hw.array.processing_element:ProcessingElement",
            defaults={"fraction_bits": 17, "k_blocks": 72},
            macs=lambda element: 16,
        ),
        Subject(
            name="grid",
            factory="hw.array.grid:Grid",
            defaults={"rows": 8, "cols": 8, "k_blocks": 72},
        ),
        Subject(
            name="array",
            factory="hw.array.array:Array",
            macs=lambda array: 16 * int(array.rows) * int(array.cols),
            streams=True,
        ),
        Subject(
            name="stream",
            factory="hw.array.array_quantizer:ArrayQuantizer",
            macs=lambda stream: 16 * int(stream.rows) * int(stream.cols),
            streams=True,
        ),
        Subject(
            name="engine",
            factory="hw.gemm.engine:Engine",
            macs=lambda engine: 16 * int(engine.rows) * int(engine.cols) * int(engine.arrays),
        ),
        Subject(
            name="quantizer",
            factory="hw.block.quantizer:Quantizer",
            elements=lambda quantizer: int(quantizer.words),
            streams=True,
        ),
        Subject(
            name="converter",
            factory="hw.block.converter:Converter",
            elements=lambda converter: BLOCK_SIZE,
            streams=True,
        ),
        Subject(
            name="dequantizer",
            factory="hw.block.dequantizer:Dequantizer",
            elements=lambda dequantizer: BLOCK_SIZE,
            streams=True,
        ),
    )
}
"""The project's own designs by name."""


def subject_names() -> list[str]:
    """Names that ``find_subject`` knows, besides ``module:factory``."""
    return [*SUBJECTS, *sorted(point.name for point in entry_points(group="mixdit.synth"))]


def find_subject(name: str) -> Subject:
    """The subject called ``name``, or made by the factory ``module:factory``.

    Packages add names through entry points of the group ``mixdit.synth``, each a factory. Raises
    ``ParameterError``.
    """
    if name in SUBJECTS:
        return SUBJECTS[name]
    for point in entry_points(group="mixdit.synth", name=name):
        return Subject(name=name, factory=point.value)
    if ":" in name:
        return Subject(name=name, factory=name)
    raise ParameterError(
        f"no design is called {name!r}: choose from {', '.join(subject_names())} or give module:factory"
    )
