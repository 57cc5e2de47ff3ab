"""What all plots of training share: colours, and PNG files drawn without a display."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from agecam.files import atomic_write

BLUE: Final = "#3b82c4"
ORANGE: Final = "#d9822b"
GRAY: Final = "#8a94a0"

STYLE: Final[Any] = {
    "font.family": "sans-serif",
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.frameon": False,
}
"""matplotlib's settings for every plot."""


def save_png(path: Path, size_inches: tuple[float, float], draw: Callable[[Any], None]) -> None:
    """Write what ``draw`` puts into a figure; raises :class:`OSError`."""
    # Drawn without pyplot, which would look for a display.
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=size_inches, dpi=110, layout="constrained")
        draw(figure)
        with atomic_write(path) as partial:
            figure.savefig(partial, format="png")
