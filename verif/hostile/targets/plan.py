"""Plan files."""

import json

from golden import MX4, MX6, MX9
from mixdit.plan.head_formats import HeadFormats
from mixdit.plan.plan import AttentionPlan, LinearPlan, Plan
from mixdit.plan.plan_file import load_plan, plan_to_json, save_plan
from mixdit.plan.timestep_plan import TimestepPlan
from verif.hostile.inputs.documents import document
from verif.hostile.inputs.room import Room
from verif.hostile.targets.target import Target

__all__ = ["PLAN", "plans"]


def plans() -> list[bytes]:
    """One of each version, one by timestep."""
    linear = LinearPlan(in_features=40, high_blocks=1, permutation=tuple(range(40))[::-1], elements=80)
    dynamic = LinearPlan(in_features=16, low=MX4, threshold=2.5, dynamic_share=0.25)
    heads = (HeadFormats.of(MX6), HeadFormats(MX6, MX6, MX9, MX6))
    attention = AttentionPlan(heads=heads, operand_elements=(4, 4, 2, 4))
    plan = Plan(linears={"a.qkv": linear, "b": dynamic}, attentions={"a": attention}, notes={"seed": 1})
    balanced = Plan(linears=plan.linears, attentions=plan.attentions, balanced={"c": "0123abcd"})
    found = [plan_to_json(each) for each in (plan, balanced, TimestepPlan((250.0,), (plan, plan)))]
    old = plan_to_json(plan) | {"version": 1}
    old["plans"][0]["attentions"]["a"] = {"heads": ["MX6", "MX9"], "elements": 14}
    return [json.dumps(each).encode() for each in (*found, old)]


def _read(data: bytes, room: Room) -> None:
    plan = load_plan(room.file(data))
    assert plan.mx9_linear >= 0
    assert plan.mx9_attention >= 0
    save_plan(plan, room.output / "plan.json")
    assert plan_to_json(load_plan(room.output / "plan.json")) == plan_to_json(plan)


PLAN = Target(
    name="plan", share=60, read=_read, draw=document, valid=plans, refusals=(ValueError,), names_file=True
)
"""What is read is written again, and read."""
