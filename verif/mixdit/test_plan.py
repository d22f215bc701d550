"""Plans: shares, files, and what they refuse."""

import json
from dataclasses import replace

import pytest

from golden import MX4, MX6, MX9, MXINT8
from mixdit.plan.head_formats import HeadFormats
from mixdit.plan.plan import AttentionPlan, LinearPlan, Plan
from mixdit.plan.plan_file import load_plan, plan_from_json, plan_to_json, save_plan
from mixdit.plan.timestep_plan import TimestepPlan
from verif.peak_memory import little_memory


def example(high_blocks: int = 1) -> Plan:
    return Plan(
        linears={
            "a": LinearPlan(
                in_features=40, high_blocks=high_blocks, permutation=tuple(range(39, -1, -1)), elements=4000
            ),
            "b.c": LinearPlan(in_features=64, weight=MX4, low=MX4, elements=12800),
            "d": LinearPlan(in_features=8, threshold=1.5, dynamic_share=0.25, elements=800),
        },
        attentions={
            "x": AttentionPlan(
                heads=(MX9, HeadFormats(MX6, MX4, MX9, MX6)), operand_elements=(90, 60, 40, 10)
            ),
            "y": AttentionPlan(heads=(MX6, MX6), operand_elements=(25, 25, 25, 25)),
        },
        notes={"settings": {"seed": 0}},
    )


def test_shares_count_elements():
    plan = example()
    assert plan.mx9_linear == pytest.approx((16 / 40 * 4000 + 0.25 * 800) / (4000 + 12800 + 800))
    assert plan.attentions["x"].elements == 200
    assert plan.mx9_attention == pytest.approx((200 / 2 + 40 / 2) / 300)
    assert Plan().mx9_linear == Plan().mx9_attention == 0


def test_a_partial_block_counts_with_its_channels():
    assert LinearPlan(in_features=40, high_blocks=3).mx9_share == 1
    assert LinearPlan(in_features=40, high_blocks=2).mx9_share == 32 / 40
    assert LinearPlan(in_features=40, high_blocks=2, high=MX6).mx9_share == 0
    assert LinearPlan(in_features=40, low=MX9).mx9_share == 1


@pytest.mark.parametrize(
    "plan", [example(), TimestepPlan((250.0, 500.0), (example(0), example(1), example(2))), Plan()]
)
def test_files_keep_everything(plan, tmp_path):
    path = tmp_path / "plan.json"
    save_plan(plan, path)
    assert load_plan(path) == plan
    assert plan_from_json(json.loads(json.dumps(plan_to_json(plan)))) == plan


def test_a_timestep_plan_serves_ranges():
    plan = TimestepPlan((250.0, 500.0), (example(0), example(1), example(2)))
    assert [plan.index(t) for t in (0, 249.9, 250, 499, 500, 999)] == [0, 0, 1, 1, 2, 2]
    assert plan.mx9_linear == pytest.approx(sum(p.mx9_linear for p in plan.plans) / 3)
    assert plan.mx9_attention == pytest.approx(example().mx9_attention)


def test_one_format_stands_for_all_four():
    plan = AttentionPlan(heads=(MX9, HeadFormats(MX6, MX6, MX6, MX6)))
    assert plan == AttentionPlan(heads=(HeadFormats(MX9, MX9, MX9, MX9), MX6))
    assert [str(head) for head in plan.heads] == ["MX9", "MX6"]
    assert str(HeadFormats(MX6, MX4, MX9, MX6)) == "q=MX6 k=MX4 p=MX9 v=MX6"


@pytest.mark.parametrize(("operand", "share"), [("q", 0.4), ("k", 0.3), ("p", 0.2), ("v", 0.1)])
def test_each_operand_counts_with_its_elements(operand, share):
    head = replace(HeadFormats.of(MX6), **{operand: MX9})
    plan = AttentionPlan(heads=(head, MX6), operand_elements=(40, 30, 20, 10))
    assert plan.mx9_share == pytest.approx(share / 2)


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        (LinearPlan, {"in_features": 0}, "in_features must be 1 to 1048575, not 0"),
        (LinearPlan, {"in_features": 1 << 20}, "in_features must be 1 to 1048575, not 1048576"),
        (LinearPlan, {"high_blocks": 4}, "high_blocks must be 0 to 3, the blocks of k=40, not 4"),
        (LinearPlan, {"low": MXINT8}, "low must be one of MX4, MX6, MX9, not MXINT8"),
        (LinearPlan, {"permutation": (0, 0)}, "permutation must name each of the 40 channels once"),
        (LinearPlan, {"threshold": -1.0}, "threshold must be at least 0"),
        (LinearPlan, {"threshold": 1.0, "high_blocks": 1}, r"high_blocks=0, not 1\.0 with 1"),
        (LinearPlan, {"dynamic_share": 2.0}, r"dynamic_share must be 0 to 1, not 2\.0"),
        (LinearPlan, {"threshold": float("nan")}, "threshold must be at least 0"),
        (LinearPlan, {"elements": 0}, "elements must be 1 to 9223372036854775807, not 0"),
        (LinearPlan, {"elements": 10**400}, "elements must be 1 to 9223372036854775807, not 10"),
        (AttentionPlan, {"heads": ()}, "heads must name at least 1 format, not 0"),
        (AttentionPlan, {"heads": (MXINT8,)}, "heads must be one of MX4, MX6, MX9, not MXINT8"),
        (
            AttentionPlan,
            {"heads": (MX6,), "operand_elements": (0,) * 4},
            r"operand_elements must be 4 numbers, 0 or more, not all 0, .*, not \(0, 0, 0, 0\)",
        ),
        (AttentionPlan, {"heads": (MX6,), "operand_elements": (1, 2)}, r"must be 4 .*, not \(1, 2\)"),
        (AttentionPlan, {"heads": (MX6,), "operand_elements": (1, 2, 3, -1)}, r"0 or more, .*, -1\)"),
        (AttentionPlan, {"heads": (MX6,), "operand_elements": (1, 2, 3, 10**400)}, "together at most"),
    ],
)
def test_values_out_of_range_are_named(kind, arguments, message):
    if kind is LinearPlan:
        arguments = {"in_features": 40} | arguments
    with pytest.raises(ValueError, match=message):
        kind(**arguments)


@pytest.mark.parametrize(
    ("bounds", "plans", "message"),
    [
        ((1.0,), (example(),), "1 bounds take 2 plans, not 1"),
        ((2.0, 1.0), (example(),) * 3, "bounds must be finite and ascend"),
        ((float("nan"),), (example(),) * 2, "bounds must be finite and ascend"),
        ((1.0,), (example(), Plan()), "plans must name the same layers"),
    ],
)
def test_timestep_plans_that_do_not_fit(bounds, plans, message):
    with pytest.raises(ValueError, match=message):
        TimestepPlan(bounds, plans)


def changed(path: str, value: object) -> object:
    """The JSON of the example with one entry replaced."""
    root = json.loads(json.dumps(plan_to_json(example())))
    node = root
    *inner, last = [int(key) if key.isdigit() else key for key in path.split("/")]
    for key in inner:
        node = node[key]
    node[last] = value
    return root


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], r"a plan must be an object, not \[\]"),
        ({"format": "x"}, "a plan has format 'mixdit-plan' and version 1 to 3, not 'x' and None"),
        (changed("version", 4), "version 1 to 3, not 'mixdit-plan' and 4"),
        (changed("version", 3), "balanced must be an object, not None"),
        (changed("plans", []), "plans must hold at least 1 plan, not 0"),
        (changed("plans", {}), "plans must be a list"),
        (changed("bounds", None), "bounds must be a list, not None"),
        (changed("bounds", ["a"]), "bounds must be a number, not 'a'"),
        (changed("bounds", [10**400]), "bounds must be a number that a float holds, not 10"),
        (changed("plans/0/linears/a/in_features", 1 << 60), "in_features must be 1 to 1048575, not 1152"),
        (changed("plans/0/linears/a/low", "a" * 5000), r"not 'a{96}\.\.\.$"),
        (changed("plans/0/linears", 3), r"plans\[0\]\.linears must be an object, not 3"),
        (changed("plans/0/linears/a/low", "MX5"), r"linears\['a'\]\.low must be one of .*, not 'MX5'"),
        (changed("plans/0/linears/a/lo", "MX6"), "has no field 'lo': its fields are dynamic_share"),
        (changed("plans/0/linears/a/high_blocks", "1"), "high_blocks must be an integer, not '1'"),
        (changed("plans/0/linears/a/high_blocks", True), "high_blocks must be an integer, not True"),
        (changed("plans/0/linears/a/high_blocks", 9), "high_blocks must be 0 to 3"),
        (changed("plans/0/linears/a/permutation", [0.5]), r"permutation must be an integer, not 0\.5"),
        (changed("plans/0/linears/a/permutation", [0]), "permutation must name each of the 40"),
        (changed("plans/0/linears/a/threshold", "x"), "threshold must be a number, not 'x'"),
        (changed("plans/0/linears/a", {}), r"linears\['a'\]: .*in_features"),
        (changed("plans/0/attentions/x/heads", "MX6"), "heads must be a list, not 'MX6'"),
        (changed("plans/0/attentions/x/heads", [3]), "heads must be one of .*, not 3"),
        (changed("plans/0/attentions/x/heads/1/p", "MX5"), r"heads\.p must be one of .*, not 'MX5'"),
        (changed("plans/0/attentions/x/heads/1", {"q": "MX6"}), "a format for each of q, k, p, v, not {'q'"),
        (changed("plans/0/attentions/x/heads/1/z", "MX6"), "a format for each of q, k, p, v, not"),
        (changed("plans/0/attentions/x/elements", 4), "has no field 'elements': its fields are heads, op"),
        (changed("plans/0/attentions/x/operand_elements", 4), "operand_elements must be a list, not 4"),
        (changed("plans/0/attentions/x/operand_elements", [4]), r"must be 4 numbers, .*, not \(4,\)"),
        (changed("plans/0/attentions/x/operand_elements/3", None), "must be an integer, not None"),
    ],
)
def test_wrong_files_are_explained(value, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        plan_from_json(value)
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(value))
    with pytest.raises(ValueError, match=r"plan\.json: "):
        load_plan(path)


def test_rows_that_no_engine_has_ask_for_no_memory():
    with little_memory(1 << 20), pytest.raises(ValueError, match="in_features must be 1 to"):
        plan_from_json(changed("plans/0/linears/d/in_features", 1 << 28))


def test_files_that_are_no_json(tmp_path):
    path = tmp_path / "plan.json"
    path.write_text("{")
    with pytest.raises(ValueError, match=r"plan\.json: "):
        load_plan(path)
    with pytest.raises(FileNotFoundError):
        load_plan(tmp_path / "none.json")


def version_1(**attention: object) -> object:
    """A file as the first version had it."""
    attention = {"heads": ["MX9", "MX6", "MX6"], "elements": 902} | attention
    linears = {"a": {"in_features": 40, "elements": 4000}}
    plan = {"notes": {}, "linears": linears, "attentions": {"x": attention}}
    return {"format": "mixdit-plan", "version": 1, "bounds": [], "plans": [plan]}


def test_files_of_version_1_are_read_and_become_version_2(tmp_path):
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(version_1()))
    plan = load_plan(path)
    attention = plan.attentions["x"]
    assert attention.heads == tuple(map(HeadFormats.of, (MX9, MX6, MX6)))
    assert (attention.elements, attention.mx9_share) == (902, pytest.approx(1 / 3))
    save_plan(plan, path)
    written = json.loads(path.read_text())
    assert written["version"] == 2
    assert written["plans"][0]["attentions"]["x"]["heads"] == ["MX9", "MX6", "MX6"]
    assert load_plan(path) == plan


@pytest.mark.parametrize(
    ("attention", "message"),
    [
        ({"heads": [dict.fromkeys("qkpv", "MX6")]}, "heads must be one of .*, not {'q'"),
        ({"heads": "MX6"}, "heads must be a list, not 'MX6'"),
        ({"elements": 0}, r"attentions\['x'\]: elements must be at least 1, not 0"),
        ({"elements": [1, 2, 3, 4]}, r"elements must be an integer, not \[1"),
        ({"operand_elements": [1, 2, 3, 4]}, "no field 'operand_elements' in version 1"),
    ],
)
def test_version_1_knows_nothing_of_version_2(attention, message):
    with pytest.raises(ValueError, match=message):
        plan_from_json(version_1(**attention))
