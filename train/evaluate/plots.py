"""Plots of the evaluation report as SVG text that takes its ink from the page, light or dark."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agecam.vision.calibration import AGES
from train.fit.curves import LearningCurves
from train.plotting import BLUE, GRAY, ORANGE, STYLE

_INK: Final = "#010203"
"""Stands for the page's own text colour, and is replaced by it in the finished SVG."""

_HISTOGRAM_BINS: Final = 40
_LEVEL_NAMES: Final = 9
"""Names of groups that fit side by side."""

_STYLE: Final[Any] = STYLE | {
    "svg.fonttype": "none",
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


def learning_curves(log: Path) -> str:
    """Training and validation by epoch, one plot a metric, from the ``log.csv`` of a run."""
    curves = LearningCurves(log)
    return _svg(curves.draw, curves.size_inches, "curves") if curves else ""


def age_scatter(truth: NDArray[np.float64], predicted: NDArray[np.float64]) -> str:
    """Predictions over labels, in years; lighter cells hold more images."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        extent = (0, AGES - 1, 0, AGES - 1)
        # The darkest quarter would not show on a dark page.
        colours = ListedColormap(colormaps["viridis"](np.linspace(0.25, 1, 192)))
        cells = axes.hexbin(truth, predicted, gridsize=40, extent=extent, bins="log", mincnt=1, cmap=colours)
        axes.plot([0, AGES - 1], [0, AGES - 1], color=_INK, linewidth=0.8, linestyle="--")
        axes.set(xlabel="label (years)", ylabel="prediction (years)", aspect="equal")
        figure.colorbar(cells, ax=axes, label="images", shrink=0.8)

    return _svg(draw, (5.2, 4.4), "scatter")


def bars(
    values: Mapping[str, float],
    label: str,
    *,
    line: float | None = None,
    share: bool = False,
    axis: str = "age (years)",
    name: str | None = None,
) -> str:
    """One bar a group, its value at its end; ``line`` marks what is wanted, ``share`` prints per cent.

    ``name`` tells plots of one ``label`` apart. Empty without groups.
    """
    if not values:
        return ""

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        drawn = axes.bar(list(values), list(values.values()), color=BLUE, width=0.75)
        texts = [f"{100 * v:.0f}" if share else f"{v:.1f}" for v in values.values()]
        axes.bar_label(drawn, texts, padding=1, fontsize=8)
        if line is not None:
            axes.axhline(line, color=ORANGE, linestyle="--", linewidth=1)
        if share:
            axes.set_ylim(0, 1.08)
            axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
        else:
            axes.margins(y=0.12)
            if min(values.values()) < 0:
                axes.axhline(0, color=_INK, linewidth=0.6)
        axes.set(xlabel=axis, ylabel=label)

    return _svg(draw, (5.2, 2.9), name or label)


def reliability(p: NDArray[np.float64], female: NDArray[np.bool_]) -> str:
    """How often faces are labelled female, over the predicted probability."""
    bins = np.minimum((p * 10).astype(int), 9)
    shown = np.unique(bins)

    def draw(figure: Any) -> None:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        upper.plot([0, 1], [0, 1], color=_INK, linestyle="--", linewidth=0.8)
        given = [p[bins == b].mean() for b in shown]
        upper.plot(given, [female[bins == b].mean() for b in shown], "o-", color=BLUE)
        upper.set(ylabel="share labelled female", ylim=(0, 1))
        lower.bar((shown + 0.5) / 10, [(bins == b).sum() for b in shown], width=0.08, color=BLUE)
        lower.set(xlabel="probability of female", ylabel="images", xlim=(0, 1))

    return _svg(draw, (5.2, 4.4), "reliability")


def roc(p: NDArray[np.float64], female: NDArray[np.bool_]) -> str:
    """True over false positive rate for "female" as the positive class; empty without both classes."""
    if not 0 < female.mean() < 1:
        return ""
    from sklearn.metrics import roc_auc_score, roc_curve

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        false_rate, true_rate, _ = roc_curve(female, p)
        axes.plot([0, 1], [0, 1], color=_INK, linestyle="--", linewidth=0.8, label="chance")
        axes.plot(false_rate, true_rate, color=BLUE, label=f"AUC {roc_auc_score(female, p):.3f}")
        axes.set(
            xlabel="males taken for female", ylabel="females taken for female", xlim=(0, 1), ylim=(0, 1.01)
        )
        axes.set_aspect("equal")
        axes.legend(loc="lower right")

    return _svg(draw, (5.2, 4.4), "roc")


def error_histogram(errors: NDArray[np.float64]) -> str:
    """How many images are how many years off, prediction less label, with the mean."""

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        widest = max(5.0, float(np.abs(errors).max()))
        axes.hist(errors, bins=np.linspace(-widest, widest, _HISTOGRAM_BINS + 1), color=BLUE)
        axes.axvline(0, color=_INK, linewidth=0.6)
        mean = float(errors.mean())
        axes.axvline(mean, color=ORANGE, linestyle="--", linewidth=1, label=f"mean {mean:+.2f}")
        axes.set(xlabel="prediction less label (years)", ylabel="images")
        axes.legend()

    return _svg(draw, (5.2, 2.9), "errors")


def stacked_bars(counts: Mapping[str, Sequence[int]], names: Sequence[str], axis: str) -> str:
    """Images a group, those of each of three kinds on top of the others; empty without groups."""
    if not names:
        return ""

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        below = np.zeros(len(names))
        for (kind, values), colour in zip(counts.items(), (ORANGE, BLUE, GRAY), strict=True):
            if any(values):
                axes.bar(names, values, bottom=below, color=colour, width=0.75, label=kind)
                below += values
        for place, total in enumerate(below):
            axes.annotate(f"{total:,.0f}", (place, total), (0, 2), textcoords="offset points", ha="center")
        axes.margins(y=0.12)
        axes.set(xlabel=axis, ylabel="images")
        if len(names) > _LEVEL_NAMES:
            axes.tick_params(axis="x", rotation=45)
        axes.legend()

    return _svg(draw, (5.2, 2.9), f"balance {axis}")


def by_corruption(rows: Sequence[Mapping[str, Any]], key: str, label: str, *, share: bool) -> str:
    """A main metric under all corruptions, one plot a kind, with a line where it is without any."""
    measured = [(row["kind"], row["name"], row["metrics"]["all"].get(key)) for row in rows]
    if any(value is None for *_, value in measured):
        return ""
    clean = measured[0][2]
    kinds = list(dict.fromkeys(kind for kind, *_ in measured[1:]))
    factor = 100 if share else 1

    def draw(figure: Any) -> None:
        grid = figure.subplots(1, len(kinds), sharey=True, squeeze=False)[0]
        for axes, kind in zip(grid, kinds, strict=True):
            names = [name.removesuffix(" of the crop") for of, name, _ in measured if of == kind]
            values = [factor * value for of, _, value in measured if of == kind]
            axes.plot(names, values, "o-", color=BLUE, markersize=4)
            axes.axhline(factor * clean, color=ORANGE, linestyle="--", linewidth=1)
            axes.set_title(kind)
            axes.tick_params(axis="x", rotation=60, labelsize=8)
        grid[0].set_ylabel(label)

    return _svg(draw, (10, 2.9), key)


def _svg(draw: Any, size_inches: tuple[float, float], name: str) -> str:
    # Drawn without pyplot, which would look for a display.
    import matplotlib as mpl
    from matplotlib.figure import Figure

    # Ids are hashes, and pages hold several plots: the salt keeps them apart, and the same in each run.
    with mpl.rc_context(_STYLE | {"svg.hashsalt": name}):
        figure = Figure(figsize=size_inches, layout="constrained")
        draw(figure)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    # Styles inside an SVG hold for the whole page; the metadata name addresses.
    text = re.sub(r"<style.*?</style>|<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r' (width|height)="[\d.]+pt"', "", text, count=2)
    # Names of groups are the same in every plot; clips and markers alone are referred to.
    used = set(re.findall(r"#([\w-]+)", text))
    text = re.sub(r' id="([^"]+)"', lambda match: match[0] if match[1] in used else "", text)
    return text.replace(_INK, "currentColor")
