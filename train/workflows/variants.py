"""What a comparison trains, told without loading Keras."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from train.model.network import ARCHITECTURE_NAMES

VARIANTS: Final[Mapping[str, Mapping[str, Any]]] = {
    **{architecture: {"architecture": architecture} for architecture in ARCHITECTURE_NAMES},
    "mean-variance": {"age_loss": "mean-variance"},
    "mae": {"age_loss": "mae"},
    "mse": {"age_loss": "mse"},
    "categorical": {"gender_loss": "categorical"},
    "adam": {"optimizer": "adam"},
    # Steps of plain gradients are as long as these are: about 25 times the rate of Adam is as fast.
    "sgd": {"optimizer": "sgd", "learning_rate": 0.05},
    "rarity-0": {"rarity_exponent": 0.0},
    "rarity-0.8": {"rarity_exponent": 0.8},
}
"""What each differs in from the shipped way: "compact", distribution and binary losses, AdamW, a rarity
exponent of 0.3."""
