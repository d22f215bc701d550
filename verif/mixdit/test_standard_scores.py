"""FID, Inception score and CLIP score through torchmetrics, with tiny networks in place of the real ones."""

import pytest
import torch
from torch import nn

from mixdit.quality.standard_scores import standard_scores


class Pixels(nn.Module):
    """Features and logits that are a few pixels."""

    num_features = 6

    def forward(self, images):
        return images[:, :, :2, 0].flatten(1).double()


class Clip(nn.Module):
    """Embeds images and texts as their first numbers, so that their agreement is known."""

    config = None

    def get_image_features(self, pixels):
        return pixels[:, :, 0, 0].float()

    def get_text_features(self, tokens, mask):
        return tokens.float()


def processor(images=None, text=None, **options):
    if images is not None:
        return {"pixel_values": torch.stack(list(images))}
    tokens = torch.tensor([[int(word) for word in line.split()] for line in text])
    return {"input_ids": tokens, "attention_mask": torch.ones_like(tokens)}


def images(seed: int) -> torch.Tensor:
    return torch.randint(
        1, 255, (40, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed)
    )


def test_scores_of_tiny_networks():
    generated = images(0)
    texts = [" ".join(str(int(v)) for v in image[:, 0, 0]) for image in generated]
    tiny = {"inception": Pixels(), "classes": Pixels(), "clip": lambda: (Clip(), processor)}
    scores = standard_scores(generated, generated, texts, **tiny)
    assert scores["fid"] == pytest.approx(0, abs=1e-3)
    assert scores["clip_score"] == pytest.approx(100, rel=1e-4)
    assert 1 <= scores["inception_score"] <= 6
    other = standard_scores(generated, images(1) // 2, **tiny)
    assert other["fid"] > 100
    assert "clip_score" not in other


def test_images_are_checked():
    good = images(0)
    with pytest.raises(TypeError, match=r"images must be uint8, not torch\.float32"):
        standard_scores(good.float(), good)
    with pytest.raises(
        ValueError, match=r"real must have shape \[n, 3, height, width\], not \[40, 1, 8, 8\]"
    ):
        standard_scores(good, good[:, :1])
    with pytest.raises(ValueError, match="prompts must hold 40 texts, one per image, not 1"):
        standard_scores(good, good, ["a digit"])
