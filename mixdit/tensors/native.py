"""Fake quantization in one pass over memory, where a C++ compiler is at hand; nothing depends on it.

`fake_quantize.cpp` is compiled when it is first needed, and kept in the user's cache folder
(``XDG_CACHE_HOME``, else ``~/.cache``). ``MIXDIT_NATIVE=0`` leaves it out.
"""

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from mixdit.tensors.block_tensor import parse_formats

__all__ = ["available", "fake_quantize"]

_SOURCE = Path(__file__).with_name("fake_quantize.cpp")
_FLAGS = ("-O3", "-shared", "-fPIC", "-ffp-contract=off", "-w")


@cache
def _library() -> ctypes.CDLL | None:
    """The compiled source, or None without a compiler that can, or a folder to keep it in."""
    compiler = shutil.which("g++")
    if compiler is None or os.environ.get("MIXDIT_NATIVE") == "0":
        return None
    content = (*_FLAGS, compiler, platform.platform(), platform.machine(), _SOURCE.read_text("utf-8"))
    name = f"fake_quantize-{hashlib.sha256(repr(content).encode()).hexdigest()[:16]}.so"
    try:
        path = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mixdit" / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=path.parent) as folder:
                new = Path(folder) / path.name
                command = [compiler, *_FLAGS, str(_SOURCE), "-o", str(new)]
                subprocess.run(command, check=True, capture_output=True)
                new.replace(path)  # whole or not at all: other processes may do the same
        return ctypes.CDLL(str(path))
    except (OSError, RuntimeError, subprocess.CalledProcessError):  # RuntimeError: there is no home
        return None


def available() -> bool:
    """Whether `fake_quantize` can be called."""
    return _library() is not None


@cache
def _row(formats: str) -> tuple[bool, bytes]:
    """Whether blocks have microexponents, and the magnitude bits of each."""
    listed = parse_formats(formats)
    return bool(listed[0].subblocks), bytes(fmt.magnitude_bits for fmt in listed)


def fake_quantize(x: Tensor, formats: str) -> Tensor:
    """As `mixdit.tensors.quantize.fake_quantize`, of float32 ``[..., K]`` on the CPU, in the calling thread.

    ``formats`` are those of a row as `mixdit.tensors.block_tensor.formats_text` has them; the last block
    need not be full.
    """
    library = _library()
    assert library is not None
    x = x.contiguous()
    y = torch.empty_like(x, memory_format=torch.contiguous_format)
    k = x.shape[-1]
    micro, bits = _row(formats)
    function = library.mixdit_fake_quantize_16 if micro else library.mixdit_fake_quantize_32
    pointers = ctypes.c_void_p(x.data_ptr()), ctypes.c_void_p(y.data_ptr())
    function(*pointers, ctypes.c_int64(x.numel() // k), ctypes.c_int64(k), bits)
    return y
