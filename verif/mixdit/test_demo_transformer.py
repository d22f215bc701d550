"""The demonstration's transformer block in NumPy is the one that PyTorch trained."""

import numpy as np
import torch

from mixdit.demo.transformer import embed, load_block
from mixdit.digits.checkpoint import load_model


def test_block_equals_pytorch():
    block, outer = load_block()
    model = load_model("digits-16")
    images = np.random.default_rng(0).standard_normal((3, 8, 8), dtype=np.float32)
    labels = np.array([3, 1, 4])
    x, condition = embed(outer, images, 200, labels)
    found = block(x, condition, lambda name, rows, weight, bias: rows @ weight.T + bias)
    seen = []
    hook = model.blocks[0].register_forward_hook(lambda _, inputs, output: seen.extend([*inputs, output]))
    model(torch.tensor(images)[:, None], torch.full((3,), 200), torch.tensor(labels))
    hook.remove()
    for value, expected in zip((x, condition, found), seen, strict=True):
        np.testing.assert_allclose(value, expected.numpy(), atol=1e-4)
    assert np.abs(found - x).max() > 0.1
