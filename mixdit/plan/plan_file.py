"""Plans as JSON files.

A file is one object: ``"format": "mixdit-plan"``, ``"version"``, ``"bounds"`` (timesteps at which the
next plan begins; empty for a plan for all of them) and ``"plans"``. A plan has ``"linears"`` and
``"attentions"`` by path, with the fields of `LinearPlan` and `AttentionPlan`, formats by name, and
``"notes"``. A head is ``{"q": "MX6", "k": "MX6", "p": "MX9", "v": "MX6"}``, or one name for all four.

Plans of a model with balanced channels are of version 3, and have ``"balanced"``, digests of its balanced
layers by path; all others are of version 2. Files of version 1 are read too: every head is one name there,
and ``"elements"`` stands for the sum of ``"operand_elements"``.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from gen.files import write_text
from golden import FORMATS, Format
from mixdit.json_values import expect, number, parse, reason, shown
from mixdit.plan.head_formats import OPERANDS, HeadFormats
from mixdit.plan.plan import AttentionPlan, LinearPlan, Plan
from mixdit.plan.timestep_plan import TimestepPlan

__all__ = ["load_plan", "plan_from_json", "plan_to_json", "save_plan"]

FORMAT = "mixdit-plan"
VERSION, OLDEST_VERSION = 2, 1
BALANCED_VERSION = 3
"""One that readers of version 2, who would take such a plan for one of the model as it is, refuse."""

Layer = TypeVar("Layer", LinearPlan, AttentionPlan)


def _layer_to_json(layer: LinearPlan | AttentionPlan) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, Format):
            return value.name
        if isinstance(value, HeadFormats):
            named = {name: fmt.name for name, fmt in zip(OPERANDS, value, strict=True)}
            return value.q.name if value.alike else named
        return [plain(item) for item in value] if isinstance(value, tuple) else value

    return {field.name: plain(getattr(layer, field.name)) for field in fields(layer)}


def plan_to_json(plan: Plan | TimestepPlan) -> dict[str, Any]:
    """The object that stands for a plan in its file."""
    plans = plan.plans if isinstance(plan, TimestepPlan) else (plan,)
    return {
        "format": FORMAT,
        "version": BALANCED_VERSION if plan.balanced else VERSION,
        "bounds": list(plan.bounds) if isinstance(plan, TimestepPlan) else [],
        **({"balanced": dict(plan.balanced)} if plan.balanced else {}),
        "plans": [
            {
                "notes": dict(p.notes),
                "linears": {path: _layer_to_json(layer) for path, layer in p.linears.items()},
                "attentions": {path: _layer_to_json(layer) for path, layer in p.attentions.items()},
            }
            for p in plans
        ],
    }


def _format(name: Any, where: str) -> Format:
    if not isinstance(name, str) or name not in FORMATS:
        raise ValueError(f"{where} must be one of {', '.join(FORMATS)}, not {shown(name)}")
    return FORMATS[name]


def _head(value: Any, where: str) -> HeadFormats:
    if not isinstance(value, dict):
        return HeadFormats.of(_format(value, where))
    if value.keys() != set(OPERANDS):
        raise ValueError(f"{where} must name a format for each of {', '.join(OPERANDS)}, not {shown(value)}")
    return HeadFormats(*(_format(value[name], f"{where}.{name}") for name in OPERANDS))


def _from_version_1(value: Any, where: str) -> dict[str, Any]:
    """An attention of version 1 as of version 2: with one format for each head, any split has its share."""
    entry = dict(expect(value, dict, where))
    unknown = sorted(entry.keys() - {"heads", "elements"})
    if unknown:
        raise ValueError(f"{where} has no field {unknown[0]!r} in version 1: its fields are elements, heads")
    for head in expect(entry.get("heads", []), list, f"{where}.heads"):
        _format(head, f"{where}.heads")
    elements = expect(entry.pop("elements", 1), int, f"{where}.elements")
    if elements < 1:
        raise ValueError(f"{where}: elements must be at least 1, not {elements!r}")
    return entry | {"operand_elements": [elements - 3 * (elements // 4), *[elements // 4] * 3]}


def _layer_from_json(kind: type[Layer], value: Any, where: str) -> Layer:
    entry = dict(expect(value, dict, where))
    known = {field.name for field in fields(kind)}
    unknown = sorted(entry.keys() - known)
    if unknown:
        raise ValueError(f"{where} has no field {unknown[0]!r}: its fields are {', '.join(sorted(known))}")
    for name, item in entry.items():
        spot = f"{where}.{name}"
        if name in ("weight", "high", "low"):
            entry[name] = _format(item, spot)
        elif name == "heads":
            entry[name] = tuple(_head(head, spot) for head in expect(item, list, spot))
        elif name in ("permutation", "operand_elements"):
            if item is not None or name != "permutation":
                entry[name] = tuple(expect(i, int, spot) for i in expect(item, list, spot))
        elif name in ("threshold", "dynamic_share"):
            if item is not None or name != "threshold":
                entry[name] = number(item, spot)
        else:
            expect(item, int, spot)
    try:
        return kind(**entry)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where}: {error}") from error


def _layers_from_json(kind: type[Layer], value: Any, where: str) -> Mapping[str, Layer]:
    entries = expect(value, dict, where)
    return {path: _layer_from_json(kind, entry, f"{where}[{path!r}]") for path, entry in entries.items()}


def _balanced(entry: Mapping[str, Any], version: int) -> Mapping[str, str]:
    if version < BALANCED_VERSION:
        return {}
    found = expect(entry.get("balanced"), dict, "balanced")
    if not found:
        raise ValueError("balanced must name at least 1 layer, not 0")
    return {path: expect(digest, str, f"balanced[{path!r}]") for path, digest in found.items()}


def plan_from_json(value: Any) -> Plan | TimestepPlan:
    """The plan that an object stands for.

    Raises
    ------
    ValueError
        Anything that is not such an object; the message says where and what is allowed.
    """
    entry = expect(value, dict, "a plan")
    version = entry.get("version")
    if entry.get("format") != FORMAT or version not in range(OLDEST_VERSION, BALANCED_VERSION + 1):
        raise ValueError(
            f"a plan has format {FORMAT!r} and version {OLDEST_VERSION} to {BALANCED_VERSION}, "
            f"not {shown(entry.get('format'))} and {shown(version)}"
        )
    balanced = _balanced(entry, version)
    plans = []
    for i, item in enumerate(expect(entry.get("plans"), list, "plans")):
        where = f"plans[{i}]"
        item = expect(item, dict, where)
        attentions = item.get("attentions")
        if version == 1:
            place = f"{where}.attentions"
            attentions = {
                path: _from_version_1(layer, f"{place}[{path!r}]")
                for path, layer in expect(attentions, dict, place).items()
            }
        plans.append(
            Plan(
                linears=_layers_from_json(LinearPlan, item.get("linears"), f"{where}.linears"),
                attentions=_layers_from_json(AttentionPlan, attentions, f"{where}.attentions"),
                balanced=balanced,
                notes=expect(item.get("notes", {}), dict, f"{where}.notes"),
            )
        )
    listed = expect(entry.get("bounds"), list, "bounds")
    bounds = tuple(number(bound, "bounds") for bound in listed)
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
        return plan_from_json(parse(Path(path).read_bytes()))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: {reason(error)}") from error
