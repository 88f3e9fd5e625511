"""Where networks run, and how precisely."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Literal

import torch

from skyband.schema.errors import BadOption

DeviceName = Literal["auto", "cpu", "cuda"]
Precision = Literal["auto", "float32", "bfloat16"]


def choose_device(name: DeviceName) -> torch.device:
    """The device of a name; "auto" is a GPU where there is one.

    Raises:
        BadOption: there is no GPU.
    """
    there = torch.cuda.is_available()
    if name == "cuda" and not there:
        raise BadOption("no CUDA device was found; use --device cpu")
    return torch.device("cuda" if name == "cuda" or (name == "auto" and there) else "cpu")


def mixed_precision(device: torch.device, precision: Precision) -> AbstractContextManager[object, bool | None]:
    """Compute in bfloat16 what can be; "auto" does on a GPU alone, where vectors are searched by likeness anyway."""
    if precision == "bfloat16" or (precision == "auto" and device.type == "cuda"):
        return torch.autocast(device.type, torch.bfloat16)
    return nullcontext()


def fast_precision(device: torch.device) -> Precision:
    """bfloat16 where the device has it in hardware."""
    if device.type == "cuda" or torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return "bfloat16"
    return "float32"
