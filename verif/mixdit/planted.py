"""A transformer with outliers where the tests planted them."""

import torch
from torch import Tensor, nn

from mixdit.layers.attention import ScaledDotProductAttention
from mixdit.layers.quantize_model import quantize_model

WIDTH = 96
OUTLIERS = (5, 17, 40, 71, 90)
LOUD_HEAD = 2


class Block(nn.Module):
    """Two linear layers and an attention; one head of the second block is loud."""

    def __init__(self, loud: bool) -> None:
        super().__init__()
        self.modulation = nn.Linear(8, WIDTH)
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.attend = ScaledDotProductAttention()
        self.out = nn.Linear(WIDTH, WIDTH)
        if loud:
            with torch.no_grad():
                self.qkv.weight[WIDTH + 24 * LOUD_HEAD : WIDTH + 24 * (LOUD_HEAD + 1)] *= 20

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        modulated = x * (1 + self.modulation(c)[:, None])
        q, k, v = self.qkv(modulated).unflatten(-1, (3, 4, -1)).permute(2, 0, 3, 1, 4)
        return x + self.out(self.attend(q, k, v).transpose(1, 2).flatten(2))


class Transformer(nn.Module):
    """Two blocks, on tokens whose outlier channels are planted."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embed = nn.Linear(WIDTH, WIDTH)
        self.blocks = nn.ModuleList([Block(False), Block(True)])
        with torch.no_grad():
            self.embed.weight.copy_(torch.eye(WIDTH))
            self.embed.bias.zero_()

    def forward(self, x: Tensor, timestep: Tensor) -> Tensor:
        x = self.embed(x)
        c = torch.stack([torch.cos(timestep * 0.01 * i) for i in range(8)], -1).float()
        for block in self.blocks:
            x = block(x, c)
        return x


def batch(seed: int, n: int = 20) -> dict[str, Tensor]:
    """Samples over all timesteps; outlier channels grow with the timestep."""
    generator = torch.Generator().manual_seed(seed)
    t = torch.arange(n) * 1000 // n
    x = torch.randn(n, 12, WIDTH, generator=generator)
    x[:, :, list(OUTLIERS)] *= 10 * (1 + t[:, None, None] / 500)
    return {"x": x, "timestep": t}


def sqnr(model: nn.Module, plan: object) -> float:
    """SQNR of the model's output under a plan, in dB."""
    given = batch(99)
    want = model(**given)
    error = [
        (quantize_model(model, plan)(given["x"][i : i + 1], given["timestep"][i : i + 1]) - want[i : i + 1])
        for i in range(len(want))
    ]
    return (10 * torch.log10(want.square().sum() / torch.cat(error).square().sum())).item()
