"""How common classes are, as people type it."""

from __future__ import annotations

from typing import Literal

from skyband.schema.errors import BadOption


def shares_of(text: str) -> dict[str, float] | Literal["train", "uniform"]:
    """What `--prior` says: train, uniform, or the share of each class.

    Raises:
        BadOption: it is none of these.
    """
    if text == "train":
        return "train"
    if text == "uniform":
        return "uniform"
    shares = {}
    for part in text.split(","):
        name, equals, share = part.partition("=")
        try:
            shares[name.strip()] = float(share)
        except ValueError:
            equals = ""
        if not equals:
            raise BadOption(f"--prior {text!r}: give train, uniform, or CLASS=SHARE,...")
    return shares
