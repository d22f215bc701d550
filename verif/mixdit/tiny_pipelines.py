"""The architectures in miniature: random weights, made here, nothing to download."""

import string
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    DiTPipeline,
    DiTTransformer2DModel,
    FlowMatchEulerDiscreteScheduler,
    LattePipeline,
    LatteTransformer3DModel,
    PixArtSigmaPipeline,
    PixArtTransformer2DModel,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
)
from transformers import (
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
)

from mixdit.calibration.pipelines import KINDS

LATENT = 8
"""Side of the latents; images are twice as large."""

CHANNELS = 4

FRAMES = 3
"""Of a video."""


def _vae() -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(8, 8),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=CHANNELS,
        norm_num_groups=4,
        shift_factor=0.0,
        sample_size=2 * LATENT,
    )


def _t5() -> tuple[T5Tokenizer, T5EncoderModel]:
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    pieces += [(letter, -1.0) for letter in "▁" + string.ascii_lowercase]
    config = T5Config(vocab_size=32, d_model=32, d_kv=8, d_ff=64, num_layers=1, num_heads=2)
    return T5Tokenizer(vocab=pieces, extra_ids=0), T5EncoderModel(config)


def clip_tokenizer() -> CLIPTokenizer:
    """Of letters; the last two of its pieces mark where a text begins and ends."""
    pieces = [*string.ascii_lowercase, *(f"{x}</w>" for x in string.ascii_lowercase)]
    pieces += ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    return CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=77)


def _clip() -> tuple[CLIPTokenizer, CLIPTextModelWithProjection]:
    tokenizer = clip_tokenizer()
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        projection_dim=16,
        max_position_embeddings=77,
        bos_token_id=len(tokenizer) - 2,
        eos_token_id=len(tokenizer) - 1,
        pad_token_id=len(tokenizer) - 1,
    )
    return tokenizer, CLIPTextModelWithProjection(config)


def dit_transformer(heads: int = 4, layers: int = 2) -> DiTTransformer2DModel:
    """DiT of width 16 * heads."""
    return DiTTransformer2DModel(
        num_attention_heads=heads,
        attention_head_dim=16,
        in_channels=CHANNELS,
        out_channels=2 * CHANNELS,
        num_layers=layers,
        sample_size=LATENT,
        num_embeds_ada_norm=1000,
    )


def pixart_transformer(heads: int = 4, layers: int = 2) -> PixArtTransformer2DModel:
    """PixArt-Sigma of width 16 * heads, with cross-attention to text of width 32."""
    return PixArtTransformer2DModel(
        num_attention_heads=heads,
        attention_head_dim=16,
        in_channels=CHANNELS,
        out_channels=2 * CHANNELS,
        num_layers=layers,
        cross_attention_dim=16 * heads,
        sample_size=LATENT,
        caption_channels=32,
        use_additional_conditions=False,
    )


def sd3_transformer(heads: int = 4, layers: int = 2) -> SD3Transformer2DModel:
    """Stable Diffusion 3 of width 16 * heads, with joint attention to text of width 32."""
    return SD3Transformer2DModel(
        sample_size=LATENT,
        patch_size=2,
        in_channels=CHANNELS,
        num_layers=layers,
        attention_head_dim=16,
        num_attention_heads=heads,
        joint_attention_dim=32,
        caption_projection_dim=16 * heads,
        pooled_projection_dim=32,
        out_channels=CHANNELS,
        pos_embed_max_size=LATENT,
    )


def latte_transformer(heads: int = 4, layers: int = 1) -> LatteTransformer3DModel:
    """Latte of width 16 * heads: blocks over the picture, with cross-attention to text, and over time."""
    return LatteTransformer3DModel(
        num_attention_heads=heads,
        attention_head_dim=16,
        in_channels=CHANNELS,
        out_channels=2 * CHANNELS,
        num_layers=layers,
        cross_attention_dim=16 * heads,
        attention_bias=True,
        sample_size=LATENT,
        patch_size=2,
        activation_fn="gelu-approximate",
        num_embeds_ada_norm=1000,
        norm_type="ada_norm_single",
        norm_elementwise_affine=False,
        norm_eps=1e-6,
        caption_channels=32,
        video_length=FRAMES,
    )


def randomize(model: torch.nn.Module) -> None:
    """Weights that let no path through the model vanish, as zero-initialized gates would."""
    for name, parameter in model.named_parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.2 if "norm" in name else parameter.shape[-1] ** -0.5)


def pipeline(kind: str) -> Any:
    """A whole pipeline, ``"dit"``, ``"pixart"``, ``"sd3"`` or ``"latte"``."""
    torch.manual_seed(0)
    if kind == "dit":
        transformer = dit_transformer()
        randomize(transformer)
        return DiTPipeline(transformer, _vae(), DDIMScheduler(), id2label={0: "cat", 1: "dog"})
    if kind == "pixart":
        transformer = pixart_transformer()
        randomize(transformer)
        tokenizer, encoder = _t5()
        return PixArtSigmaPipeline(tokenizer, encoder, _vae(), transformer, DDIMScheduler())
    if kind == "latte":
        transformer = latte_transformer()
        randomize(transformer)
        tokenizer, encoder = _t5()
        return LattePipeline(tokenizer, encoder, _vae(), transformer, DDIMScheduler())
    transformer = sd3_transformer()
    randomize(transformer)
    (tokenizer, clip), (t5_tokenizer, t5) = _clip(), _t5()
    return StableDiffusion3Pipeline(
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=_vae(),
        text_encoder=clip,
        tokenizer=tokenizer,
        text_encoder_2=_clip()[1],
        tokenizer_2=tokenizer,
        text_encoder_3=t5,
        tokenizer_3=t5_tokenizer,
    )


def save_pipelines(folder: Path) -> Path:
    """Every pipeline, each in a folder of its name, and ``prompts.txt`` beside them; returns ``folder``."""
    (folder / "prompts.txt").write_text("a cat\n\na dog\n")
    for kind in KINDS:
        pipeline(kind).save_pretrained(folder / kind)
    return folder
