"""Plans as JSON files.

A file is one object: ``"format": "mixdit-plan"``, ``"version": 1``, ``"bounds"`` (timesteps at which the
next plan begins; empty for a plan for all of them) and ``"plans"``. A plan has ``"linears"`` and
``"attentions"`` by path, with the fields of `LinearPlan` and `AttentionPlan`, formats by name, and
``"notes"``.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from gen.files import write_text
from golden import FORMATS, Format
from mixdit.plan.plan import AttentionPlan, LinearPlan, Plan
from mixdit.plan.timestep_plan import TimestepPlan

__all__ = ["load_plan", "plan_from_json", "plan_to_json", "save_plan"]

FORMAT = "mixdit-plan"
VERSION = 1

Layer = TypeVar("Layer", LinearPlan, AttentionPlan)


def _layer_to_json(layer: LinearPlan | AttentionPlan) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, Format):
            return value.name
        return [plain(item) for item in value] if isinstance(value, tuple) else value

    return {field.name: plain(getattr(layer, field.name)) for field in fields(layer)}


def plan_to_json(plan: Plan | TimestepPlan) -> dict[str, Any]:
    """The object that stands for a plan in its file."""
    plans = plan.plans if isinstance(plan, TimestepPlan) else (plan,)
    return {
        "format": FORMAT,
        "version": VERSION,
        "bounds": list(plan.bounds) if isinstance(plan, TimestepPlan) else [],
        "plans": [
            {
                "notes": dict(p.notes),
                "linears": {path: _layer_to_json(layer) for path, layer in p.linears.items()},
                "attentions": {path: _layer_to_json(layer) for path, layer in p.attentions.items()},
            }
            for p in plans
        ],
    }


def _expect(value: Any, kind: type | tuple[type, ...], where: str) -> Any:
    names = {dict: "an object", list: "a list", int: "an integer", float: "a number", str: "a string"}
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise ValueError(f"{where} must be {names[kinds[-1]]}, not {value!r}"[:200])
    return value


def _format(name: Any, where: str) -> Format:
    if not isinstance(name, str) or name not in FORMATS:
        raise ValueError(f"{where} must be one of {', '.join(FORMATS)}, not {name!r}")
    return FORMATS[name]


def _layer_from_json(kind: type[Layer], value: Any, where: str) -> Layer:
    entry = dict(_expect(value, dict, where))
    known = {field.name for field in fields(kind)}
    unknown = sorted(entry.keys() - known)
    if unknown:
        raise ValueError(f"{where} has no field {unknown[0]!r}: its fields are {', '.join(sorted(known))}")
    for name, item in entry.items():
        spot = f"{where}.{name}"
        if name in ("weight", "high", "low"):
            entry[name] = _format(item, spot)
        elif name == "heads":
            entry[name] = tuple(_format(head, spot) for head in _expect(item, list, spot))
        elif name == "permutation":
            if item is not None:
                entry[name] = tuple(_expect(i, int, spot) for i in _expect(item, list, spot))
        elif name in ("threshold", "dynamic_share"):
            if item is not None or name != "threshold":
                _expect(item, (int, float), spot)
        else:
            _expect(item, int, spot)
    try:
        return kind(**entry)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where}: {error}") from error


def _layers_from_json(kind: type[Layer], value: Any, where: str) -> Mapping[str, Layer]:
    entries = _expect(value, dict, where)
    return {path: _layer_from_json(kind, entry, f"{where}[{path!r}]") for path, entry in entries.items()}


def plan_from_json(value: Any) -> Plan | TimestepPlan:
    """The plan that an object stands for.

    Raises
    ------
    ValueError
        Anything that is not such an object; the message says where and what is allowed.
    """
    entry = _expect(value, dict, "a plan")
    if entry.get("format") != FORMAT or entry.get("version") != VERSION:
        raise ValueError(
            f"a plan has format {FORMAT!r} and version {VERSION}, "
            f"not {entry.get('format')!r} and {entry.get('version')!r}"
        )
    plans = []
    for i, item in enumerate(_expect(entry.get("plans"), list, "plans")):
        where = f"plans[{i}]"
        item = _expect(item, dict, where)
        plans.append(
            Plan(
                linears=_layers_from_json(LinearPlan, item.get("linears"), f"{where}.linears"),
                attentions=_layers_from_json(AttentionPlan, item.get("attentions"), f"{where}.attentions"),
                notes=_expect(item.get("notes", {}), dict, f"{where}.notes"),
            )
        )
    listed = _expect(entry.get("bounds"), list, "bounds")
    bounds = tuple(float(_expect(bound, (int, float), "bounds")) for bound in listed)
    if not plans:
        raise ValueError("plans must hold at least 1 plan, not 0")
    return TimestepPlan(bounds, tuple(plans)) if bounds or len(plans) > 1 else plans[0]


def save_plan(plan: Plan | TimestepPlan, path: Path | str) -> None:
    """Write a plan as readable JSON, lists of numbers on one line."""
    text = json.dumps(plan_to_json(plan), indent=1)
    text = re.sub(r"\[[\d,\s]+\]", lambda numbers: " ".join(numbers.group().split()), text)
    write_text(Path(path), text + "\n")


def load_plan(path: Path | str) -> Plan | TimestepPlan:
    """Read a plan.

    Raises
    ------
    OSError
        No such file.
    ValueError
        Not a plan; the message names the file.
    """
    try:
        return plan_from_json(json.loads(Path(path).read_text("utf-8")))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: {error}") from error
