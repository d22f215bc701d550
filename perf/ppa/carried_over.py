"""Published figures of designs that have not changed since: they need not be measured again."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from gen.synth.families import FAMILIES, Area
from gen.synth.fan_out import FanOut, FanOuts
from gen.synth.levels import Chain, Levels, Step
from gen.synth.placement import LFE5U_85, Placement, WorstPath
from gen.synth.request import Request
from gen.synth.result import Result, Timing
from gen.synth.subjects import Built
from gen.synth.synthesis import Part

__all__ = ["carried_over", "result_of"]


def carried_over(published: Mapping[str, Any], requests: Mapping[str, Request]) -> dict[str, Result]:
    """Results of those ``requests`` that a ``published`` report has of the same work, by name.

    That is the same Verilog, tools and number of seeds, without a failure; elements that were placed as
    macros are not in a report with all that they are.
    """
    found = {}
    for name in requests.keys() & published.keys():
        request, figures = requests[name], published[name]
        if _is_whole(figures) and _is_made_alike(figures, request):
            built = request.subject.build(request.parameters)
            if figures.get("digest") == built.digest:
                found[name] = result_of(figures, built)
    return found


def _is_whole(figures: Mapping[str, Any]) -> bool:
    return not figures["failures"] and figures["macros"] is None


def _is_made_alike(figures: Mapping[str, Any], request: Request) -> bool:
    seeds = request.seeds if request.placed else 0
    made = {"": seeds if request.plain else 0, "_trimmed": seeds}
    return figures["tools"] == [tool.identity for tool in request.tools] and all(
        len(figures[f"fmax_mhz_by_seed{suffix}"]) == number for suffix, number in made.items()
    )


def result_of(figures: Mapping[str, Any], built: Built) -> Result:
    """What `Result.to_json` made ``figures`` of, but for elements that were placed as macros."""
    levels, fan_out, placed_fan_out = (figures[name] for name in ("levels", "fan_out", "placed_fan_out"))
    return Result(
        built=built,
        family=FAMILIES[figures["family"]],
        dsp=figures["dsp_allowed"],
        area=_area(figures) if "lut" in figures else None,
        plain=_timing(figures, ""),
        trimmed=_timing(figures, "_trimmed"),
        parts=[_part(name, part) for name, part in figures["parts"].items()],
        levels=Levels(**{name: _chain(chain) for name, chain in levels.items()}) if levels else None,
        fan_outs=_fan_outs(fan_out) if fan_out else None,
        placed_fan_outs=_fan_outs(placed_fan_out) if placed_fan_out else None,
        failures=figures["failures"],
        tools=figures["tools"],
        without=figures["without"],
        only=figures["only"],
    )


def _area(figures: Mapping[str, Any]) -> Area:
    return Area(**{field.name: figures[field.name] for field in fields(Area)})


def _part(name: str, figures: Mapping[str, Any]) -> Part:
    """Of a part only these are kept."""
    lut, ff, ram = (figures[kind] for kind in ("lut", "ff", "ram"))
    area = Area(lut=lut, ff=ff, ram=ram, carry=0, mux=0, dsp=0, cells={})
    return Part(name=name, number=figures["number"], area=area)


def _timing(figures: Mapping[str, Any], suffix: str) -> Timing | None:
    """The seeds' Fmax; cells and the limiting path, which are of the median one, with each."""
    by_seed = figures[f"fmax_mhz_by_seed{suffix}"]
    if not by_seed:
        return None
    path = figures[f"worst_path{suffix}"]
    share = {
        "comb": figures[f"comb{suffix}"] or 0,
        "ff": figures["ff"],
        "comb_available": LFE5U_85.lut,
        "worst_path": WorstPath(**path) if path else None,
    }
    return Timing(seeds={int(seed): Placement(fmax_mhz=fmax, **share) for seed, fmax in by_seed.items()})


def _chain(figures: Mapping[str, Any] | None) -> Chain | None:
    if figures is None:
        return None
    return Chain(**{**figures, "steps": tuple(Step(**step) for step in figures["steps"])})


def _fan_outs(figures: Mapping[str, Any]) -> FanOuts:
    nets = {name: tuple(FanOut(**net) for net in nets) for name, nets in figures.items() if name != "many"}
    return FanOuts(**nets, many=figures["many"])
