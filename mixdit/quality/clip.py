"""CLIP models of transformers, as torchmetrics takes them."""

from pathlib import Path
from typing import Any

from torch import Tensor, nn

__all__ = ["load_clip"]


def load_clip(source: Path | str) -> tuple[Any, Any]:
    """A CLIP model and its processor, for ``torchmetrics.multimodal.CLIPScore``.

    Parameters
    ----------
    source:
        Folder that ``save_pretrained`` of both wrote, or a name on the Hugging Face Hub.

    Raises
    ------
    OSError
        No such folder or name, or one without a model.
    ValueError
        Another model, one that lacks weights, or no processor of images and texts.
    """
    import transformers

    messages: Any = transformers.utils.logging  # says what the errors below say, and draws bars
    messages.disable_progress_bar()
    before = messages.get_verbosity()
    messages.set_verbosity_error()
    try:
        config = transformers.AutoConfig.from_pretrained(source)
        if config.model_type != "clip":
            raise ValueError(f"its model must be a CLIP model, not {config.model_type!r}")
        models: Any = transformers.CLIPModel
        model, found = models.from_pretrained(source, output_loading_info=True)
        if found["missing_keys"]:
            names = sorted(found["missing_keys"])
            raise ValueError(f"its model lacks {len(names)} weights, {names[0]} first")
        processors: Any = transformers.AutoProcessor
        loaded = processors.from_pretrained(source)
    finally:
        messages.set_verbosity(before)
    if not (hasattr(loaded, "tokenizer") and hasattr(loaded, "image_processor")):
        raise ValueError(f"its processor must take images and texts, and {type(loaded).__name__} does not")
    return ClipFeatures(model), ClipProcessor(loaded, model.config.text_config.max_position_embeddings)


class ClipFeatures(nn.Module):
    """A CLIP model whose features are tensors, where transformers has them in an object of several.

    Parameters
    ----------
    model:
        A ``CLIPModel``.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model, self.config = model, model.config

    def get_image_features(self, pixels: Tensor) -> Tensor:
        """``[n, 3, height, width]`` to ``[n, features]``."""
        return _tensor(self.model.get_image_features(pixels))

    def get_text_features(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Tokens and what of them is text, ``[n, length]``, to ``[n, features]``."""
        return _tensor(self.model.get_text_features(tokens, mask))


class ClipProcessor:
    """A processor that cuts texts to what the model takes, and keeps the mark of their end.

    Parameters
    ----------
    processor:
        A ``CLIPProcessor``.
    length:
        Tokens that the model takes, marks included.
    """

    def __init__(self, processor: Any, length: int) -> None:
        self.processor, self.length = processor, length

    def __call__(self, *, text: Any = None, **options: Any) -> Any:
        """As the processor's own."""
        if text is not None:
            options |= {"text": text, "truncation": True, "max_length": self.length}
        return self.processor(**options)


def _tensor(output: Any) -> Tensor:
    found: Tensor = getattr(output, "pooler_output", output)
    return found
