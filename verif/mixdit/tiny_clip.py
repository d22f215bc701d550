"""A CLIP model in miniature: random weights, made here, nothing to download."""

from pathlib import Path

import torch
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPProcessor

from verif.mixdit.tiny_pipelines import clip_tokenizer

SIDE = 8
"""Of the pictures that it sees."""

SEED = 3
"""Of the weights. With these, tiny pipelines' pictures and texts agree: where they do not, the score is 0."""


def save_clip(folder: Path, length: int = 77) -> Path:
    """Model and processor, as ``--clip`` takes them, of texts up to ``length`` tokens; returns ``folder``."""
    tokenizer = clip_tokenizer()
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    last = len(tokenizer) - 1
    marks = {"bos_token_id": last - 1, "eos_token_id": last, "pad_token_id": last}
    config = CLIPConfig(
        text_config={**sizes, **marks, "vocab_size": len(tokenizer), "max_position_embeddings": length},
        vision_config={**sizes, "image_size": SIDE, "patch_size": 4},
        projection_dim=8,
    )
    torch.manual_seed(SEED)
    CLIPModel(config).save_pretrained(folder)
    pictures = CLIPImageProcessorPil(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    CLIPProcessor(image_processor=pictures, tokenizer=tokenizer).save_pretrained(folder)
    return folder
