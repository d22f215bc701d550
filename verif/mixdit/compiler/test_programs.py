"""What is refused, what a program says of itself, and programs in files."""

import io
import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from golden import MX4, MX6, MX9
from golden.engine import EngineParameters, Function, MemoryFormat, Operation, regions
from mixdit.compiler.block_compiler import compile_blocks
from mixdit.compiler.block_plan import BlockPlan, activation_format
from mixdit.compiler.block_weights import LinearWeights
from mixdit.compiler.channel_layout import head_groups
from mixdit.compiler.example import EXAMPLE, Example, load_example
from mixdit.compiler.program_file import IMAGE, MAP, load_program, save_program
from mixdit.compiler.program_run import ProgramRunner
from mixdit.compiler.random_weights import random_weights
from mixdit.compiler.run_command import run_example
from mixdit.driver import ModelPort
from mixdit.plan.head_formats import HeadFormats
from mixdit.plan.plan import AttentionPlan, LinearPlan, Plan
from verif.mixdit.compiler.random_blocks import random_inputs, random_plan
from verif.peak_memory import little_memory

PARAMETERS = EngineParameters(reorder_columns=64, function_lanes=1)


def block(seed=0, heads=2, head_width=24, hidden=64):
    rng = np.random.default_rng(seed)
    weights = random_weights(rng, heads=heads, head_width=head_width, hidden=hidden)
    return weights, random_plan(rng, weights)


def compiled(**other):
    arguments = {"tokens": 5, "samples": 2, "parameters": PARAMETERS} | other
    return compile_blocks([block()], **arguments)


@pytest.mark.parametrize(
    ("other", "error", "message"),
    [
        ({"tokens": 0}, ValueError, "tokens must be at least 1, not 0"),
        ({"samples": 0}, ValueError, "samples must be at least 1, not 0"),
        (
            {"parameters": EngineParameters(reorder_columns=64, function_lanes=0)},
            ValueError,
            "must have function_lanes",
        ),
        (
            {"parameters": EngineParameters(reorder_columns=47, function_lanes=1)},
            ValueError,
            "reorder_columns of at least the width 48, not 1 and 47",
        ),
        ({"memory": range(0x1000, 0x2000)}, MemoryError, "no room"),
    ],
)
def test_what_does_not_fit_is_refused(other, error, message):
    with pytest.raises(error, match=message):
        compiled(**other)


def test_blocks_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="at least 1 block, not 0"):
        compile_blocks([], tokens=5, parameters=PARAMETERS)
    with pytest.raises(
        ValueError, match="block 1 must be a ConditionedBlock of width 48, not a ConditionedBlock of width 32"
    ):
        compile_blocks([block(), block(heads=2, head_width=16)], tokens=5, parameters=PARAMETERS)
    weights, plan = block()
    for other, message in (
        ({"fc1": replace(plan.fc1, in_features=32, high_blocks=0, permutation=None)}, "fc1: the plan has 32"),
        ({"attention": AttentionPlan(heads=(MX6,))}, "the plan has 1 heads, the attention 2"),
        ({"fc2": LinearPlan(in_features=64, threshold=1.0)}, "fc2: a threshold chooses formats at run time"),
        (
            {"qkv": LinearPlan(in_features=48, high=MX6, low=MX4, high_blocks=1)},
            "qkv: a row is MX9 followed by MX6 or MX4, or in one format, not MX6 followed by MX4",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            compile_blocks([(weights, replace(plan, **other))], tokens=5, parameters=PARAMETERS)


def test_weights_that_do_not_fit_are_refused():
    weights, _ = block()
    with pytest.raises(ValueError, match=r"fc2 must have shape \(48, 64\), not \(48, 48\)"):
        replace(weights, fc2=weights.projection)
    with pytest.raises(ValueError, match="heads must divide the width 48, not 5"):
        replace(weights, heads=5)
    with pytest.raises(ValueError, match=r"must have shapes \[out, in\] and \[out\]"):
        LinearWeights(weights.fc1.weight, weights.fc2.bias)
    with pytest.raises(TypeError, match="bias must be a float32 array"):
        LinearWeights(weights.fc1.weight, weights.fc1.bias.astype(float))


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (LinearPlan(in_features=40), (MemoryFormat.MX6, 0)),
        (LinearPlan(in_features=40, low=MX4, high_blocks=2), (MemoryFormat.MX4, 2)),
        (LinearPlan(in_features=40, high_blocks=3), (MemoryFormat.MX9, 0)),
        (LinearPlan(in_features=40, low=MX9, high_blocks=1), (MemoryFormat.MX9, 0)),
    ],
)
def test_formats_of_activations(plan, expected):
    assert activation_format(plan) == expected


def test_plans_of_a_model():
    weights, _ = block()
    of_fc1 = LinearPlan(in_features=48, high_blocks=1)
    plan = BlockPlan.of(Plan(linears={"blocks.3.fc1": of_fc1}), "blocks.3", weights)
    assert plan.fc1 is of_fc1
    assert (plan.fc2.weight, activation_format(plan.fc2)) == (MX9, (MemoryFormat.MX9, 0))
    assert plan.attention.heads == (HeadFormats.of(MX9),) * 2


def test_heads_by_their_formats():
    groups = head_groups((MX9, MX6, MX9))
    assert [(g.format, g.heads) for g in groups] == [(MX9, (0, 2)), (MX6, (1,))]


@pytest.mark.parametrize(("head_width", "permuted", "ordered"), [(16, 0, 0), (24, 0, 1), (16, 1, 1)])
def test_heads_are_ordered_only_where_it_is_needed(head_width, permuted, ordered):
    weights, _ = block(head_width=head_width)
    plan = BlockPlan.uniform(weights)
    order = tuple(range(weights.width))[::-1] if permuted else None
    plan = replace(plan, projection=replace(plan.projection, permutation=order))
    program = compile_blocks([(weights, plan)], tokens=5, parameters=PARAMETERS)
    assert sum(job.name.endswith("heads in blocks") for job in program.jobs) == ordered


def test_jobs_touch_what_the_program_says():
    program = compiled()
    written = set()
    places = [range(m.address, m.address + m.size) for m in program.matrices]
    assert all(left.stop <= right.start for left, right in pairwise(places))
    for job in program.jobs:
        d = job.descriptor
        assert job.name
        for name, region in regions(d).items():
            assert any(p.start <= region.address and region.end <= p.stop for p in places) or name == "B"
            assert program.memory.start <= region.address
            assert region.end <= program.list_address
        rows = regions(d)["D"]
        for r in range(rows.rows):
            start = rows.address + r * rows.pitch
            written |= set(range(start, start + rows.row_bytes))
    for constant in program.constants:
        taken = range(constant.address, constant.address + constant.data.size)
        assert not written & set(taken), constant.name
    done = {Function(job.descriptor.function) for job in program.jobs}
    assert done == set(Function)
    assert {job.descriptor.operation for job in program.jobs} == set(Operation)


def test_files_hold_all_of_a_program(tmp_path):
    program = compiled(memory=range(0x2000, 0x40000))
    save_program(program, tmp_path)
    found = load_program(tmp_path)
    for name in ("parameters", "samples", "jobs", "matrices", "memory", "list_address"):
        assert getattr(found, name) == getattr(program, name), name
    assert np.array_equal(found.image(), program.image())
    x, condition = random_inputs(np.random.default_rng(1), samples=2, tokens=5, width=48)
    ports = [ModelPort(PARAMETERS, size=0x40000, origin=0x1000) for _ in range(2)]
    values = [ProgramRunner(p, port)(x, condition) for p, port in zip((program, found), ports, strict=True)]
    assert np.array_equal(*(v.view(np.uint32) for v in values))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda value: value.pop("jobs"), "is not a program: it has no 'jobs'"),
        (lambda value: value.update(version=2), "must have format 'mixdit-program' and version 1"),
        (lambda value: value["parameters"].update(rows=0), "rows must be 1 to 64, not 0"),
        (lambda value: value["constants"][0].update(size=1 << 30), "is not in memory.bin"),
        (lambda value: value["jobs"][0]["words"].__setitem__(3, 5), "memory.bin does not belong to"),
        (lambda value: value["jobs"][0]["words"].__setitem__(3, 1 << 40), "a word must be 0 to 4294967295"),
        (lambda value: value["jobs"][0].update(name=3), "a job's name must be a string, not 3"),
        (lambda value: value["jobs"].clear(), "memory.bin does not belong to"),
        (lambda value: value.update(list_address=1 << 62), "list_address must be "),
        (lambda value: value.update(list_address="0"), "list_address must be an integer, not '0'"),
        (lambda value: value.update(memory=[0]), "is not a program: "),
        (lambda value: value["matrices"][0].update(name=None), "a matrix's name must be a string, not None"),
        (lambda value: value["matrices"][0].update(pitch=1 << 50), "must lie within memory"),
        (lambda value: value["matrices"][0].update(address=0), "must lie within memory"),
        (lambda value: value["matrices"][0].update(shape=[2.5, 1]), "is not a program: "),
        (
            lambda value: value["matrices"][0].update(format="a" * 9000),
            "is not a program: it has no 'a{299}$",
        ),
        (lambda value: value["constants"][0].update(address=None), "address must be an integer, not None"),
        (lambda value: value.update(inputs=["nothing"]), "inputs must name .*'nothing'"),
        (lambda value: value.update(samples=0), "samples must be 1 to"),
    ],
)
def test_files_that_are_no_program(tmp_path, change, message):
    save_program(compiled(), tmp_path)
    value = json.loads((tmp_path / MAP).read_text())
    change(value)
    (tmp_path / MAP).write_text(json.dumps(value))
    with little_memory(), pytest.raises(ValueError, match=message) as caught:
        load_program(tmp_path)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("text", [b"", b"\xff\xfe", b"[" * 100_000, b"[]", b'"x"'])
def test_files_that_are_no_json(text, tmp_path):
    save_program(compiled(), tmp_path)
    (tmp_path / MAP).write_bytes(text)
    with pytest.raises(ValueError, match=r"program\.json is not a program: "):
        load_program(tmp_path)


def test_a_program_that_takes_more_memory_than_there_is(tmp_path):
    save_program(compiled(), tmp_path)
    value = json.loads((tmp_path / MAP).read_text())
    value["memory"][1] = 1 << 62
    (tmp_path / MAP).write_text(json.dumps(value))
    rows = np.zeros((10, 48), np.float32)
    with pytest.raises(
        MemoryError, match=r"the program takes 46116860184.* bytes of memory, more than there is"
    ):
        run_example(load_program(tmp_path), Example(rows, rows[:2], rows), rtl=False)


ROWS = np.ones((3, 4), np.float32)


def archive(**arrays: np.ndarray) -> bytes:
    """Arrays as an example has them."""
    made = io.BytesIO()
    np.savez(made, **dict.fromkeys(("tokens", "condition", "floats"), ROWS) | arrays)
    return made.getvalue()


def lying(shape: str) -> bytes:
    """An example whose tokens say that they have another shape."""
    return archive().replace(b"'shape': (3, 4), }", f"'shape': {shape}, }}".encode()[:18].ljust(18), 1)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04",
        archive()[:-30],
        archive()[:60],
        b"\x93NUMPY" + bytes(20),
        lying("(99999,9)"),
        lying("((((((((("),
        archive(tokens=ROWS.astype(complex)),
        archive(condition=np.array(["x"])),
        archive(floats=ROWS[0]),
        archive(mask=np.array([None])),
    ],
)
def test_files_that_are_no_example(content, tmp_path):
    (tmp_path / EXAMPLE).write_bytes(content)
    with little_memory(), pytest.raises(ValueError, match=r"example\.npz is not an example: "):
        load_example(tmp_path)


def test_examples_come_back(tmp_path):
    (tmp_path / EXAMPLE).write_bytes(archive(mask=ROWS - 1))
    example = load_example(tmp_path)
    assert np.array_equal(example.tokens, ROWS)
    assert np.array_equal(example.mask, ROWS - 1)
    assert example.context is None
    with pytest.raises(FileNotFoundError):
        load_example(tmp_path / "none")


def test_missing_files(tmp_path):
    with pytest.raises(OSError, match=IMAGE):
        load_program(tmp_path)


def test_a_port_without_the_programs_memory():
    with pytest.raises(ValueError, match="but the port's memory is 0x10000 to 0x107ff"):
        ProgramRunner(compiled(), ModelPort(PARAMETERS, size=0x800))


def test_inputs_of_another_shape():
    run = ProgramRunner(compiled(), ModelPort(PARAMETERS))
    with pytest.raises(ValueError, match=r"tokens must have shape \(10, 48\), not \(5, 48\)"):
        run(np.zeros((5, 48), np.float32), np.zeros((2, 48), np.float32))
    with pytest.raises(TypeError, match="condition must be a float32 array, not float64"):
        run(np.zeros((10, 48), np.float32), np.zeros((2, 48)))


def jobs_of(heads):
    weights, plan = block()
    program = compile_blocks(
        [(weights, replace(plan, attention=AttentionPlan(heads=heads)))],
        tokens=5,
        samples=2,
        parameters=PARAMETERS,
    )
    return [job.name for job in program.jobs]


def test_heads_share_the_jobs_of_operands_in_one_format():
    mx6 = HeadFormats.of(MX6)
    alike = jobs_of((mx6, mx6))
    assert jobs_of((replace(mx6, p=MX9), mx6)) == alike
    for operand, more in (("q", ", q, MX9"), ("k", ", k, MX9"), ("v", "V^T")):
        names = jobs_of((replace(mx6, **{operand: MX9}), mx6))
        jobs = 2 if operand == "v" else 1  # for each sample, or for all
        assert len(names) == len(alike) + jobs
        assert sum(name.endswith(more) for name in names) == (2 * jobs if operand == "v" else jobs)
