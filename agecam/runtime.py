"""What can run the two models."""

from __future__ import annotations

from typing import Literal

Runtime = Literal["litert", "keras"]
"""LiteRT on the exported ``.tflite`` files, or Keras on the ``.keras`` files themselves (slower to start)."""
