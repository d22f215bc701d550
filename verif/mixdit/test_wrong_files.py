"""Files that are not what their names say: each is refused in a line with its name, and takes no memory."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from golden import MX6
from mixdit.calibration.statistics import AttentionStatistics, LinearStatistics, Statistics
from mixdit.calibration.statistics_file import load_statistics, save_statistics
from mixdit.compare.comparison import CompareError, Comparison
from mixdit.compare.picture_scores import real_pictures
from mixdit.compare.results import SETTINGS, Results
from mixdit.demo.weights import read_weights, write_weights
from mixdit.digits.checkpoint import load_model, save_model
from mixdit.digits.model import DigitsTransformer, ModelShape
from mixdit.layers.packed import PackedWeights, load_packed, restore, save_packed
from mixdit.litex.exported import ExportedEngine, ExportError
from mixdit.plan.plan import LinearPlan, Plan
from mixdit.rounding.layer_file import load_layers, save_layers
from mixdit.save_tensors import opened_tensors, save_tensors
from mixdit.search.source import find_statistics
from verif.peak_memory import little_memory

DEEP = "[" * 100_000


def rewritten(path: Path, change=lambda notes: None, tensors=None, key: str = "mixdit") -> Path:
    """The file with its notes changed, and some tensors others; None takes one away. Notes may be a text."""
    with opened_tensors(path) as file:
        metadata = file.metadata()
        found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    found = {name: tensor for name, tensor in (found | (tensors or {})).items() if tensor is not None}
    notes = json.loads(metadata[key])
    text = change(notes)
    save_tensors(found, path, metadata | {key: text if isinstance(text, str) else json.dumps(notes)})
    return path


@pytest.fixture
def packed(tmp_path) -> Path:
    plan = Plan(linears={"0": LinearPlan(in_features=20), "1": LinearPlan(in_features=3)})
    save_packed(model(), plan, tmp_path / "packed")
    return tmp_path / "packed"


def model() -> nn.Module:
    return nn.Sequential(nn.Linear(20, 3), nn.Linear(3, 16))


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"0.weight": None}, "must have rows of bytes called '0.weight'"),
        ({"0.weight": torch.zeros(3, 24)}, "must have rows of bytes called '0.weight'"),
        ({"0.weight": torch.zeros(24, dtype=torch.uint8)}, "must have rows of bytes called '0.weight'"),
        ({"0.weight": torch.zeros(3, 23, dtype=torch.uint8)}, "take 24 bytes, not 23"),
        ({"0.weight": torch.zeros(4, 24, dtype=torch.uint8)}, r"'0' must be a linear layer of \(4, 20\)"),
        ({"1.bias": torch.zeros(3)}, "the bias of '1' must be 16 floats"),
        ({"1.bias": torch.zeros(16, dtype=torch.int64)}, "the bias of '1' must be 16 floats"),
    ],
)
def test_packed_weights_that_do_not_fit(tensors, message, packed):
    with pytest.raises(ValueError, match=message):
        restore(model(), load_packed(rewritten(packed, tensors=tensors)))


def test_packed_weights_of_another_model(packed):
    with pytest.raises(ValueError, match="'1' must be a linear layer of"):
        restore(nn.Sequential(nn.Linear(20, 3)), load_packed(packed))
    with pytest.raises(ValueError, match=r"rows of bytes called 'x\.weight'"):
        PackedWeights(Plan(linears={"x": LinearPlan(in_features=3, weight=MX6)}), {}).codes("x")


@pytest.mark.parametrize("notes", ["{", "[]", DEEP, "1" * 5000])
def test_packed_weights_without_a_plan(notes, packed):
    with pytest.raises(ValueError, match=r"packed is not a file of packed weights: .{1,400}$"):
        load_packed(rewritten(packed, lambda plan: notes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 1 << 40}, "width must be 1 to 65536"),
        ({"width": 1 << 16}, "patch_embedding.weight must be"),
        ({"depth": 1 << 40}, "depth must be 1 to 65536"),
        ({"depth": 1 << 16}, "tensors are too few for 65536 blocks"),
        ({"mlp_ratio": 1 << 16}, "blocks.0.fc1.weight must be"),
        ({"image": 1 << 16}, "image must be at most 256, not 65536"),
        ({"heads": 0}, "heads must be 1 to"),
        ({"heads": "1"}, "heads must be an int, not '1'"),
        ({"heads": True}, "heads must be an int, not True"),
        ({"patch": None}, "patch must be an int, not None"),
        ({"colour": 3}, "colour"),
    ],
)
def test_checkpoints_of_other_shapes(changes, message, tmp_path):
    shape = ModelShape(patch=4, width=4, depth=1, heads=1, mlp_ratio=1)
    save_model(tmp_path / "checkpoint", DigitsTransformer(shape))
    path = rewritten(tmp_path / "checkpoint", lambda notes: notes["shape"].update(changes))
    with little_memory(), pytest.raises(ValueError, match=rf"checkpoint holds no digits .*{message}"):
        load_model(path)


@pytest.mark.parametrize("notes", [DEEP, "[]", "3", '{"shape": []}', '{"shape": {}}'])
def test_checkpoints_without_a_shape(notes, tmp_path):
    save_model(tmp_path / "x", DigitsTransformer(ModelShape(patch=4, width=4, depth=1, heads=1)))
    with pytest.raises(ValueError, match=r"x holds no digits transformer: "):
        load_model(rewritten(tmp_path / "x", lambda old: notes))


@pytest.fixture
def statistics(tmp_path) -> Path:
    found = Statistics()
    found.linears["a"], found.attentions["b"] = LinearStatistics.empty(2), AttentionStatistics.empty(2)
    save_statistics(found, tmp_path / "statistics.safetensors", {"job": {"sensitivity": ["MX6", "MX9"]}})
    return tmp_path / "statistics.safetensors"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda notes: "[]", r"it must be an object, not \[\]"),
        (lambda notes: DEEP, "it is nested too deeply"),
        (lambda notes: notes.update(notes=[]), "notes must be an object"),
        (lambda notes: notes.update(passes=None), "passes must be an integer, not None"),
        (lambda notes: notes.update(power="x"), "power must be a number, not 'x'"),
        (lambda notes: notes.update(power=10**400), "power must be a number that a float holds"),
        (lambda notes: notes.update({"linears/a": 3}), "linears/a must be an object, not 3"),
        (lambda notes: notes.update({"linears/a": {"sample": 3}}), "linears/a has no number 'sample'"),
        (lambda notes: notes.update({"linears/a": {"elements": -1}}), "linears/a/elements must be 0 to"),
        (lambda notes: notes.update({"linears/c": {}}), "linears/c must have a tensor absmax"),
        (lambda notes: notes.update({"x": {}}), "it has no 'x'"),
    ],
)
def test_statistics_with_other_notes(change, message, statistics):
    with pytest.raises(ValueError, match=rf"\.safetensors is not a file of statistics: .*{message}"):
        load_statistics(rewritten(statistics, change))


@pytest.mark.parametrize(
    ("name", "tensor"),
    [
        ("linears/a/rows", None),
        ("linears/a/rows", torch.zeros(20)),
        ("linears/a/absmax", torch.zeros(3)),
        ("linears/a/sample", torch.zeros(20, 64, 3)),
        ("linears/a/sensitivity", torch.zeros(3)),
        ("attentions/b/count", torch.zeros(3, dtype=torch.int64)),
    ],
)
def test_statistics_with_other_tensors(name, tensor, statistics):
    with pytest.raises(ValueError, match=r"is not a file of statistics: (linears/a|attentions/b)"):
        load_statistics(rewritten(statistics, tensors={name: tensor}))


@pytest.mark.parametrize(
    "job", [None, [], {}, {"sensitivity": 3}, {"sensitivity": ["MX6"]}, {"sensitivity": ["MX5", "MX9"]}]
)
def test_statistics_of_another_job(job, statistics):
    def change(notes):
        notes["notes"]["job"] = job

    rewritten(statistics, change)
    with pytest.raises(ValueError, match=r"statistics\.safetensors is not of a calibration to search from: "):
        find_statistics(str(statistics.parent))


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"a.weight": torch.zeros(3)}, "a.weight must be a matrix of floats, not torch.float32"),
        ({"a.weight": torch.zeros(2, 3, dtype=torch.int8)}, "must be a matrix of floats, not torch.int8"),
        ({"a.weight": torch.zeros(0, 3), "a.bias": None}, r"not torch.float32 of \(0, 3\)"),
        ({"a.bias": torch.zeros(3)}, "must have a bias of 2 values of its type"),
        ({"a.bias": torch.zeros(2).half()}, "must have a bias of 2 values of its type"),
    ],
)
def test_layers_that_are_none(tensors, message, tmp_path):
    save_layers({"a": nn.Linear(3, 2)}, tmp_path / "layers", {})
    with pytest.raises(ValueError, match=rf"layers is not a file of linear layers: .*{message}"):
        load_layers(rewritten(tmp_path / "layers", tensors=tensors))


def header(**other: object) -> bytes:
    """A file of two halves whose header says something else."""
    entry = {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]} | other
    text = json.dumps({"__metadata__": {"mixdit": "{}"}, "a": entry}).encode()
    return len(text).to_bytes(8, "little") + text + bytes(4)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 20,
        bytes(8) + b"{}",
        header()[:20],
        header(dtype="F32"),
        header(shape=[3]),
        header(shape=[1 << 60]),
        header(shape=None),
        header(data_offsets=[0, 1 << 40]),
        header(data_offsets=[4, 0]),
        header(data_offsets=[0]),
        header().replace(b'"{}"', b"[1] "),
        header().replace(b'"a"', b'"b'),
        (100_000).to_bytes(8, "little") + DEEP.encode(),
    ],
)
def test_weights_that_are_none(content, tmp_path):
    (tmp_path / "weights").write_bytes(content)
    with little_memory(), pytest.raises(ValueError, match="weights holds no weights in half precision: "):
        read_weights(tmp_path / "weights")


def test_weights_come_back(tmp_path):
    write_weights(tmp_path / "weights", {"a": np.ones((3, 2))}, {"steps": 3})
    weights, notes = read_weights(tmp_path / "weights")
    assert np.array_equal(weights["a"], np.ones((3, 2)))
    assert notes == {"steps": 3}


COMPARISON = Comparison(
    model="/none", pipeline="dit", items=(1,), steps=1, guidance=None, size=None, seed=0,
    calibration_images=1, device="cpu", threads=1,
)  # fmt: skip


def test_results_that_are_none(tmp_path):
    results = Results(tmp_path, COMPARISON)
    results.keep("mx6", 0, ({"image": np.zeros((2, 2, 3), np.uint8)}, {"psnr": 1.0}))
    path = tmp_path / "mx6" / "00000.safetensors"
    for tensors in ({"image": None, "x": torch.zeros(1)}, {"image": torch.zeros(2, dtype=torch.bfloat16)}):
        rewritten(path, tensors=tensors, key="figures")
        with pytest.raises(CompareError, match=r"00000\.safetensors is no image: .*--restart replaces it"):
            results.image("mx6", 0)
    for notes in ("{", "[]", DEEP):
        rewritten(path, lambda old, notes=notes: notes, key="figures")
        assert results.figures("mx6", 0) is None  # it is made anew
        save_tensors({"image": torch.zeros(1)}, path, {"digest": COMPARISON.digest, "figures": "{}"})
    (tmp_path / SETTINGS).write_text(DEEP)
    with pytest.raises(CompareError, match="has results of another comparison"):
        Results(tmp_path, COMPARISON)


def test_pictures_that_are_none(tmp_path, monkeypatch):
    path = tmp_path / "x.png"
    Image.new("RGB", (20, 20)).save(path)
    whole = path.read_bytes()
    for content in (b"", whole[:40], whole[:20] + b"\xff" * 4 + whole[24:]):
        path.write_bytes(content)
        with pytest.raises(CompareError, match=r"x\.png is no picture"):
            real_pictures(tmp_path, torch.Size((8, 8)))
    path.write_bytes(whole)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # as if there were many more
    with pytest.raises(CompareError, match=r"x\.png is no picture"):
        real_pictures(tmp_path, torch.Size((8, 8)))


EXPORT = {
    "design": "mixdit_gemm",
    "top": "mixdit_gemm",
    "files": [{"name": "mixdit_gemm.v", "kind": "verilog"}],
    "ports": [{"name": "clk", "direction": "input", "width": 1}],
    "parameters": {"data_bits": {"value": 128}},
}


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", DEEP.encode(), b"[]", b"1" * 5000]
    + [json.dumps(EXPORT | {name: None}).encode() for name in ("top", "files", "ports", "parameters")]
    + [
        json.dumps(EXPORT | {"ports": [EXPORT["ports"][0] | {"width": width}]}).encode() for width in ("x", 0)
    ],
)
def test_manifests_that_are_none(content, tmp_path):
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(EXPORT))
    assert ExportedEngine.read(tmp_path).data_bits == 128
    path.write_bytes(content)
    with pytest.raises(ExportError, match=r"manifest\.json is no manifest of an export: .{1,400}$"):
        ExportedEngine.read(tmp_path)
