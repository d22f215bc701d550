"""Runs of the whole flow, several at a time."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from gen.synth.chips import place_on_chip
from gen.synth.copies import copy_drivers
from gen.synth.errors import SynthesisError
from gen.synth.fan_out import FanOuts, largest_fan_outs
from gen.synth.floorplan import NoFloorplanError
from gen.synth.levels import Levels, longest_chains
from gen.synth.nets import read_nets
from gen.synth.placement import Placement, place
from gen.synth.progress import progress
from gen.synth.request import Request
from gen.synth.result import Result, Timing
from gen.synth.static_timing import analyze
from gen.synth.subjects import Built
from gen.synth.synthesis import Netlist, Part, parts, synthesize
from gen.synth.tools import stop_tools
from gen.synth.with_macros import Macros, has_elements, with_macros

__all__ = ["Request", "run_flow"]


class _Work:
    """What a request has led to so far."""

    def __init__(self, request: Request, built: Built):
        self.request = request
        self.built = built
        self.netlist: Netlist | None = None
        self.levels: Levels | None = None
        self.fan_outs: FanOuts | None = None
        self.placed_fan_outs: FanOuts | None = None
        self.failures: list[str] = []
        self.parts: list[Part] = []
        self.timing: dict[bool, dict[int, Placement]] = {False: {}, True: {}}
        self.macros: Macros | None = None
        self.no_macros: str | None = None

    @property
    def macs(self) -> float:
        """Most multiply-accumulates per cycle."""
        return max((self.built.macs_per_cycle or {}).values(), default=0)

    @property
    def wants_macros(self) -> bool:
        """Whether its elements are to be placed as macros."""
        request = self.request
        whole = not (request.dsp or request.without or request.only)
        where = request.placed and not request.chip
        return request.macros and where and whole and has_elements(self.built.verilog)

    def result(self) -> Result:
        def timing(trim: bool) -> Timing | None:
            placements = self.timing[trim]
            return Timing(seeds=dict(sorted(placements.items()))) if placements else None

        return Result(
            built=self.built,
            family=self.request.family,
            dsp=self.request.dsp,
            area=self.netlist.area if self.netlist else None,
            plain=timing(False),
            trimmed=timing(True),
            parts=self.parts,
            levels=self.levels,
            fan_outs=self.fan_outs,
            placed_fan_outs=self.placed_fan_outs,
            failures=sorted(set(self.failures)),
            tools=list(dict.fromkeys(tool.identity for tool in self.request.tools)),
            memories=self.netlist.memories if self.netlist else None,
            without=self.request.without,
            only=self.request.only,
            macros=self.macros,
            no_macros=self.no_macros,
        )


def run_flow(
    requests: Sequence[Request],
    *,
    store: Path,
    jobs: int,
    show: Callable[[int], AbstractContextManager[Callable[[str], None]]] = progress,
) -> list[Result]:
    """Result of each request, in order.

    Parameters
    ----------
    requests:
        What to run.
    store:
        Folder where every step's result is kept, so that it need not be run again.
    jobs:
        How many tools may run at a time.
    show:
        Shows progress, by default on stderr: opened with the number of steps, and told each that is done.

    A step that fails is a line in its result's ``failures``, and the others go on. Raises ``ParameterError``
    for parameters that a design cannot have, and ``SynthesisError`` when a tool is missing or a family does
    not have the placer.
    """
    for request in requests:
        assert all(tool.identity for tool in request.tools)
        assert request.family.library is None or request.family.library.text
        if request.chip and request.placer != "heap":
            raise SynthesisError(f"--placer {request.placer} is for ecp5, not for {request.family.name}")
    executor = ThreadPoolExecutor(jobs)
    pending: dict[Future[list[_Step]], _Step] = {}
    work = [_Work(request, request.subject.build(request.parameters)) for request in requests]
    started = monotonic()

    with show(sum(item.request.steps + item.wants_macros for item in work)) as done:
        try:
            # Large designs first, so that no long step is left alone at the end.
            for item in sorted(work, key=lambda item: item.macs, reverse=True):
                for first in _first_steps(item, store):
                    pending[executor.submit(first)] = first
            while pending:
                future = next(as_completed(pending))
                step = pending.pop(future)
                for following in future.result():
                    pending[executor.submit(following)] = following
                done(f"[{monotonic() - started:.0f} s] {step.name}")
        except KeyboardInterrupt:
            executor.shutdown(wait=False, cancel_futures=True)
            while not all(future.done() for future in pending):
                stop_tools()
                sleep(0.05)
            raise
        finally:
            executor.shutdown(cancel_futures=True)
    return [item.result() for item in work]


def _label(request: Request) -> str:
    sizes = [str(request.parameters[name]) for name in ("rows", "cols") if name in request.parameters]
    return " ".join([request.subject.name, *(["x".join(sizes)] if sizes else []), request.family.name])


@dataclass(frozen=True, eq=False)
class _Step:
    """A run of a tool for ``item``; it returns the steps that can follow it."""

    item: _Work
    action: str
    run: Callable[[], "list[_Step]"]

    @property
    def name(self) -> str:
        return f"{_label(self.item.request)}: {self.action}"

    def __call__(self) -> "list[_Step]":
        try:
            return self.run()
        except SynthesisError as error:
            self.item.failures.append(f"{self.name}: {error}")
            return []


def _first_steps(item: _Work, store: Path) -> list[_Step]:
    request, built = item.request, item.built

    def run(by_module: bool) -> Netlist:
        return synthesize(
            built.verilog,
            (not by_module and request.only) or built.top,
            family=request.family,
            dsp=request.dsp,
            store=store,
            by_module=by_module,
            without=() if by_module else request.without,
        )

    def whole() -> list[_Step]:
        item.netlist = run(False)
        if request.family.library:
            return [_timing(item, item.netlist, store)] if request.timed else []
        netlist, family = json.loads(item.netlist.path.read_text()), request.family.name
        nets = read_nets(netlist, family)
        item.levels, item.fan_outs = longest_chains(nets), largest_fan_outs(nets)
        if request.family.timing and not request.chip:
            copy_drivers(netlist)
            item.placed_fan_outs = largest_fan_outs(read_nets(netlist, family))
        steps = _on_chip if request.chip else _placements
        return steps(item, item.netlist, store) if request.placed else []

    def by_part() -> list[_Step]:
        item.parts = parts(run(True), built.top, request.family)
        return []

    steps = [_Step(item, "Yosys", whole)]
    if request.by_part:
        steps.append(_Step(item, "Yosys by part", by_part))
    return steps


def _timing(item: _Work, netlist: Netlist, store: Path) -> _Step:
    library, top = item.request.family.library, item.request.only or item.built.top
    assert library

    def run() -> list[_Step]:
        item.timing[False][1] = analyze(netlist, top, library, store=store)
        return []

    return _Step(item, "OpenSTA", run)


def _on_chip(item: _Work, netlist: Netlist, store: Path) -> list[_Step]:
    request, top = item.request, item.request.only or item.built.top

    def step(seed: int) -> _Step:
        def run() -> list[_Step]:
            item.timing[False][seed] = place_on_chip(
                netlist,
                top,
                family=request.family,
                seed=seed,
                frequency_mhz=request.frequency_mhz,
                store=store,
            )
            return []

        return _Step(item, f"nextpnr and bitstream, seed {seed}", run)

    return [step(seed) for seed in range(1, request.seeds + 1)]


def _placements(item: _Work, netlist: Netlist, store: Path) -> list[_Step]:
    request = item.request

    def step(seed: int, trim: bool) -> _Step:
        def run() -> list[_Step]:
            macros = item.macros if trim else None
            item.timing[trim][seed] = place(
                macros.netlist if macros else netlist,
                trim=trim and not macros,  # whose chains are trimmed already
                seed=seed,
                frequency_mhz=request.frequency_mhz,
                store=store,
                placer=request.placer,
            )
            return []

        return _Step(item, f"nextpnr, seed {seed}{', trimmed' if trim else ''}", run)

    def steps(trim: bool) -> list[_Step]:
        return [step(seed, trim) for seed in range(1, request.seeds + 1)]

    def macros() -> list[_Step]:
        try:
            item.macros = with_macros(
                item.built.verilog,
                item.built.top,
                family=request.family,
                frequency_mhz=request.frequency_mhz,
                store=store,
            )
        except NoFloorplanError as error:
            item.no_macros = str(error)
        return steps(True)

    trimmed = [_Step(item, "elements as macros", macros)] if item.wants_macros else steps(True)
    return [*trimmed, *(steps(False) if request.plain else [])]
