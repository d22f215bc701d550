"""Commands that read or write files: whatever is wrong with these or with the environment takes one line."""

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import torch

from gen.cli import main
from gen.files import check_writable
from mixdit.calibration import run_job as calibration_job
from mixdit.calibration.pipelines import KINDS
from mixdit.digits.checkpoint import load_model, save_model
from mixdit.plan.plan_file import load_plan
from mixdit.save_tensors import opened_tensors, save_tensors
from mixdit.tensors import native
from verif.mixdit.tiny_pipelines import pipeline

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [
    # Their own business: of diffusers with itself, and of transformers with torchvision.
    pytest.mark.filterwarnings("ignore::FutureWarning:diffusers"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as exit_:
        main([*map(str, arguments)])
    return int(exit_.value.code or 0)


def complaint(capsys) -> str:
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


def process(*arguments: object, **environment: str | None) -> subprocess.CompletedProcess[str]:
    """Run the command in another process; None takes a variable away."""
    given = {"PYTHONPATH": str(ROOT), **os.environ, **environment}
    return subprocess.run(
        [sys.executable, "-m", "gen", *map(str, arguments)],
        env={name: value for name, value in given.items() if value is not None},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def dit(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("dit")
    pipeline("dit").save_pretrained(root)
    return root


def calibrate(folder: Path, output: Path, *more: object) -> list[object]:
    options = ("--pipeline", "dit", "--labels", "1", "--steps", 1, "--rounding", "nearest", *more)
    return ["calibrate", "--model", folder, "--output", output, *options]


OUTPUTS = {
    "calibrate": ["--model", "/none", "--pipeline", "dit", "--output"],
    "compile": ["--output"],
    "quality": ["--output"],
    "train-digits": ["--output"],
    "demo": ["--output"],
    "verilog": ["--top", "mx_converter", "--output"],
}
"""Commands that write a folder, and their arguments but for it."""


@pytest.mark.parametrize("command", OUTPUTS)
def test_a_file_or_nothing_that_can_be_written_in_place_of_the_folder(command, tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("mine")
    assert run(command, *OUTPUTS[command], file) == 1
    assert complaint(capsys).startswith(f"mixdit: {file}")
    assert run(command, *OUTPUTS[command], "/proc/none") == 1
    assert complaint(capsys).startswith("mixdit: /proc/none: ")
    assert file.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("name", ["plan.json", "weights.safetensors", "statistics.safetensors"])
def test_a_folder_in_place_of_a_file_of_calibrate(name, tmp_path, capsys):
    (tmp_path / name).mkdir()
    assert run(*calibrate(Path("/none"), tmp_path)) == 1
    assert complaint(capsys) == f"mixdit: {tmp_path / name}: Is a directory\n"


@pytest.mark.parametrize("command", ["draw", "sample"])
def test_a_folder_in_place_of_a_picture(command, tmp_path, capsys):
    """It is said before the work, not after it."""
    (tmp_path / "x.png").mkdir()
    assert run(command, "--output", tmp_path / "x.png") == 1
    assert complaint(capsys) == f"mixdit: {tmp_path / 'x.png'}: Is a directory\n"


def test_checking_leaves_everything_as_it_is(tmp_path):
    old = tmp_path / "old"
    old.write_text("mine")
    check_writable(old)
    check_writable(tmp_path / "new" / "file")
    check_writable(Path("/dev/stdout"))
    assert old.read_text() == "mine"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["new", "old"]
    with pytest.raises(IsADirectoryError, match=str(tmp_path)):
        check_writable(tmp_path)


def test_folders_that_one_may_not_write(tmp_path, capsys, monkeypatch):
    """As the system says it to all but root."""

    def refused(suffix=None, prefix=None, dir=None):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), f"{dir}/{prefix}")

    monkeypatch.setattr(tempfile, "mkdtemp", refused)
    assert run(*calibrate(Path("/none"), tmp_path / "x")) == 1
    said = complaint(capsys)
    assert said.startswith(f"mixdit: {tmp_path / 'x'}")
    assert said.endswith(": Permission denied\n")


def test_files_of_tensors_are_named_and_have_the_usual_mode(tmp_path):
    path, plain = tmp_path / "x.safetensors", tmp_path / "plain"
    save_tensors({"x": torch.ones(3)}, path, {})
    plain.touch()
    assert path.stat().st_mode == plain.stat().st_mode
    with opened_tensors(path) as file:
        assert torch.equal(file.get_tensor("x"), torch.ones(3))
    for wrong in (tmp_path, tmp_path / "none"):
        with pytest.raises(OSError, match=str(wrong)), opened_tensors(wrong):
            pass


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x.safetensors"
    save_tensors({"x": torch.ones(3)}, path, {})
    before = path.read_bytes()

    def full(tensors, new, metadata):
        new.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("safetensors.torch.save_file", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*x\.safetensors'"):
        save_tensors({"x": torch.zeros(3)}, path, {})
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["x.safetensors"]


@pytest.mark.parametrize("labels", ["", ",", "1,,2", "1.5", "one", "1;2"])
def test_labels_that_are_none(labels, tmp_path, capsys):
    assert run(*calibrate(Path("/none"), tmp_path), "--labels", labels) == 2
    said = complaint(capsys)
    assert f"--labels must be integers with commas between them, not {labels!r}" in said


def test_prompts_are_utf_8(tmp_path, capsys):
    latin = tmp_path / "latin.txt"
    latin.write_bytes("ein Bär".encode("latin-1"))
    sd3 = ["calibrate", "--model", "/none", "--pipeline", "sd3", "--output", tmp_path, "--prompts"]
    assert run(*sd3, latin) == 2
    assert f"--prompts must be a text file in UTF-8, and {latin} is not" in complaint(capsys)
    assert run(*sd3, tmp_path) == 2
    assert f"--prompts must be a text file, not '{tmp_path}'" in complaint(capsys)


def test_prompts_do_not_depend_on_the_locale(tmp_path, monkeypatch):
    from mixdit.calibration.options import items_of

    path = tmp_path / "prompts.txt"
    path.write_bytes("\ufeffein Bär\r\n\r\neine Möwe\r\n".encode())
    monkeypatch.setattr("locale.getencoding", lambda: "latin-1")
    assert items_of("prompt", path, None) == ("ein Bär", "eine Möwe")


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[]", b"", b'{"format": "mixdit-plan"}'])
def test_plans_that_are_none(content, tmp_path, capsys):
    path = tmp_path / "plan.json"
    path.write_bytes(content)
    assert run("compile", "--plan", path, "--output", tmp_path / "out") == 2
    assert str(path) in complaint(capsys)
    assert not (tmp_path / "out").exists()


def test_without_a_home_quantization_does_without_a_compiler(monkeypatch):
    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    assert native._library.__wrapped__() is None


@pytest.mark.slow
def test_names_that_the_terminal_cannot_show(tmp_path):
    """Tables too: their lines are of ASCII then."""
    output = tmp_path / "ünï ✓"
    done = process("registers", "--output", output, PYTHONIOENCODING="ascii", LC_ALL="C")
    assert done.returncode == 0, done.stderr
    done = process("compile", "--output", output / "x", PYTHONIOENCODING="ascii", LC_ALL="C")
    assert done.returncode == 1
    assert done.stderr.startswith("mixdit: ")
    assert done.stderr.count("\n") == 1
    done = process("compile", "--output", tmp_path / "ünï", PYTHONIOENCODING="ascii", LC_ALL="C")
    assert done.returncode == 0, done.stderr
    assert "\\xfcn\\xef" in done.stdout
    assert sorted(p.name for p in (tmp_path / "ünï").iterdir()) == [
        "example.npz",
        "jobs.txt",
        "memory.bin",
        "program.json",
    ]


@pytest.mark.engine
def test_odd_environments_give_the_same_plan(dit, tmp_path):
    environments = [
        {},
        {"HOME": "/none", "XDG_CACHE_HOME": "/proc/none"},
        {"HOME": None, "XDG_CACHE_HOME": None, "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    ]
    plans = []
    for i, environment in enumerate(environments):
        done = process(*calibrate(dit, tmp_path / str(i)), **environment)
        assert done.returncode == 0, done.stderr
        assert "in floating point: 2 layers, proj_out_1 first: lies outside" in done.stdout
        plans.append(load_plan(tmp_path / str(i) / "plan.json"))
    assert all(plan == plans[0] for plan in plans)


@pytest.mark.slow
@pytest.mark.parametrize("label", [1000, -1, 10**30])
def test_labels_out_of_range_are_said_before_sampling(label, dit, tmp_path, capsys):
    assert run(*calibrate(dit, tmp_path), "--labels", label) == 1
    assert f"labels must be 0 to 999, the model's classes, not {label}" in complaint(capsys)
    assert list(tmp_path.iterdir()) == []


def changed(dit: Path, tmp_path: Path, change) -> Path:
    """The folder of a pipeline whose transformer was changed."""
    from diffusers import DiTPipeline

    loaded = DiTPipeline.from_pretrained(dit)
    with torch.no_grad():
        change(loaded.transformer)
    loaded.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.slow
@pytest.mark.parametrize("value", [torch.inf, torch.nan])
def test_models_with_a_bias_that_is_not_finite(value, dit, tmp_path, capsys):
    path = "transformer_blocks.1.ff.net.2.bias"
    model = changed(dit, tmp_path, lambda t: t.get_parameter(path).data[3].fill_(value))
    assert run(*calibrate(model, tmp_path / "out")) == 1
    assert complaint(capsys) == f"mixdit: {path} must be finite, and 1 of 64 values are not\n"
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.slow
def test_models_that_overflow_float16(dit, tmp_path, capsys):
    def louder(transformer):
        transformer.transformer_blocks[0].ff.net[0].proj.weight.mul_(3000)
        transformer.transformer_blocks[0].ff.net[2].weight.mul_(3000)

    model = changed(dit, tmp_path, louder)
    assert run(*calibrate(model, tmp_path / "out", "--dtype", "float16")) == 1
    said = complaint(capsys)
    assert said.startswith("mixdit: transformer_blocks.0.ff.net.2: its output must be finite")
    assert "torch.float16 may be too narrow" in said
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.slow
def test_strict_calibrations_end_where_a_layer_cannot_be_quantized(dit, tmp_path, capsys, monkeypatch):
    real = calibration_job.load_pipeline

    def hooked(*arguments):
        loaded = real(*arguments)
        linear = loaded.transformer.transformer_blocks[1].ff.net[2]
        linear.register_forward_hook(lambda module, args, output: None)
        return loaded

    assert "dit" in KINDS
    assert run(*calibrate(dit, tmp_path / "all"), "--strict") == 0
    monkeypatch.setattr(calibration_job, "load_pipeline", hooked)
    capsys.readouterr()
    assert run(*calibrate(dit, tmp_path / "out"), "--strict") == 1
    path = "transformer_blocks.1.ff.net.2"
    assert complaint(capsys).startswith(f"mixdit: {path} has hooks, which its replacement would not call")
    assert not (tmp_path / "out" / "plan.json").exists()
    assert run(*calibrate(dit, tmp_path / "out")) == 0
    assert f"1 layer, {path} first: has hooks" in capsys.readouterr().out
    assert path not in load_plan(tmp_path / "out" / "plan.json").linears


@pytest.mark.parametrize("command", ["compile", "draw", "sample"])
def test_checkpoints_with_a_weight_that_is_not_finite(command, tmp_path, capsys):
    model = load_model("digits-16")
    with torch.no_grad():
        model.blocks[0].fc1.bias[0] = torch.inf
    path = tmp_path / "model.safetensors"
    save_model(path, model)
    output = tmp_path / "out.png"
    assert run(command, "--model", path, "--output", output) == 2
    said = complaint(capsys)
    assert f"{path}: blocks.0.fc1.bias must be finite, and 1 of 512 values are not" in said
    assert not output.exists()
