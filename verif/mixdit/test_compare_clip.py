"""The CLIP score of ``mixdit compare``, with a network of transformers on the user's disk."""

import json

import pytest
import torch
from diffusers import AutoencoderKL
from transformers import AutoProcessor, CLIPModel

from gen.cli import main
from mixdit.compare import tasks
from mixdit.quality.clip import load_clip
from mixdit.quality.standard_scores import standard_scores
from mixdit.save_tensors import opened_tensors
from verif.mixdit.tiny_clip import save_clip
from verif.mixdit.tiny_pipelines import save_pipelines

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning:diffusers"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

PROMPTS = ("a cat", "a dog")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The pipelines on disk, and a CLIP model."""
    root = save_pipelines(tmp_path_factory.mktemp("pipelines"))
    save_clip(root / "clip")
    return root


@pytest.fixture(autouse=True)
def fresh():
    """No pipeline of another test."""
    tasks._SUBJECTS.clear()


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as exit_:
        main(["compare", *map(str, arguments)])
    return int(exit_.value.code or 0)


def arguments(folder, kind: str, output) -> list[object]:
    what = ["--prompts", folder / "prompts.txt", "--size", 16, "--variants", "FP32", "--variants", "MX4"]
    sizes = ["-n", 3, "--steps", 2, "--calibration-images", 1, "--threads", 1, "--output", output]
    return ["--model", folder / kind, "--pipeline", kind, *what, *sizes, "--metrics", "clip", "--json"]


@torch.inference_mode()
def expected(clip, pictures: list[torch.Tensor], texts: list[str]) -> float:
    """By transformers alone: mean of 100 times the cosines, picture by picture."""
    model, processor = CLIPModel.from_pretrained(clip).eval(), AutoProcessor.from_pretrained(clip)
    cosines = []
    for picture, text in zip(pictures, texts, strict=True):
        inputs = processor(images=picture, text=[text], return_tensors="pt", padding=True)
        output = model(**inputs)
        cosines.append(torch.cosine_similarity(output.image_embeds, output.text_embeds).item())
    return 100 * sum(cosines) / len(cosines)


@pytest.mark.parametrize("kind", ["pixart", "sd3", "latte"])
def test_the_score_is_that_of_images_and_their_prompts(kind, folder, tmp_path, capsys):
    """Image i has prompt i, from the start again after the last; frames of a video have the video's."""
    capsys.readouterr()
    assert run(*arguments(folder, kind, tmp_path), "--clip", folder / "clip") == 0
    said = capsys.readouterr()
    assert said.err == ""
    rows = {row["variant"]: row["scores"] for row in json.loads(said.out)}
    for name in ("FP32", "MX4"):
        pictures, texts = [], []
        for number in range(3):
            with opened_tensors(tmp_path / name.lower() / f"{number:05d}.safetensors") as file:
                frames = file.get_tensor("image").reshape(-1, 16, 16, 3).permute(0, 3, 1, 2)
            pictures += list(frames)
            texts += [PROMPTS[number % 2]] * len(frames)
        score = expected(folder / "clip", pictures, texts)
        assert rows[name] == {"clip_score": pytest.approx(score, abs=1e-3)}
        assert abs(expected(folder / "clip", pictures, texts[1:] + texts[:1]) - score) > 0.01
    assert rows["FP32"]["clip_score"] > 1
    assert rows["FP32"] != rows["MX4"]


def test_long_prompts_keep_their_end(tmp_path):
    """Cut to what the model takes, the mark of the end included: the score is that of the shorter text."""
    clip = save_clip(tmp_path / "clip", length=12)
    pictures = torch.randint(
        0, 256, (2, 3, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(1)
    )
    fits, long = ["b" * 10, "a cat"], ["b" * 30, "a cat"]
    scores = [standard_scores(pictures, None, text, classes=None, clip=str(clip)) for text in (fits, long)]
    assert scores[0] == scores[1]
    score = expected(clip, list(pictures), fits)
    assert scores[0] == {"clip_score": pytest.approx(max(score, 0), abs=1e-3)}


def test_other_folders_take_one_line(folder, tmp_path, capsys):
    """No model, another one, one of texts alone, weights that are missing, and no processor."""
    (tmp_path / "empty").mkdir()
    AutoencoderKL(norm_num_groups=4, block_out_channels=(8,)).save_pretrained(tmp_path / "vae")
    tokens, part = save_clip(tmp_path / "tokens"), save_clip(tmp_path / "part")
    (tokens / "processor_config.json").unlink()
    model = CLIPModel.from_pretrained(part)
    state = {name: value for name, value in model.state_dict().items() if "visual_projection" not in name}
    model.save_pretrained(part, state_dict=state)
    for path, reason in (
        (tmp_path / "empty", "config.json"),
        (tmp_path / "vae", ""),
        (folder / "sd3" / "text_encoder", "its model must be a CLIP model, not 'clip_text_model'"),
        (part, "its model lacks 1 weights, visual_projection.weight first"),
        (tokens, ""),
    ):
        capsys.readouterr()
        assert run(*arguments(folder, "pixart", tmp_path / "out"), "--clip", path) == 1, path
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith(f"mixdit: {path} has no CLIP model with a processor: "), path
        assert reason in said.err, said.err
        assert said.err.count("\n") == 1, said.err


def test_features_are_tensors(folder):
    model, processor = load_clip(folder / "clip")
    picture = torch.zeros(2, 3, 8, 8)
    assert model.get_image_features(picture).shape == (2, 8)
    inputs = processor(text=["a cat", "a"], return_tensors="pt", padding=True)
    assert model.get_text_features(inputs["input_ids"], inputs["attention_mask"]).shape == (2, 8)
