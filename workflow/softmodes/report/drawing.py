"""What the study's figures share: their look, their curves, axes, symbols and legends, their files.

Error bars are standard deviations over samples. Temperature is colour (dark and blue is cold) and
symbol, the same in all figures of a study; system size is marker filling. A figure's label is its
caption: what the reader must know of what is drawn, written into its files, without a date. No
module but this and those of the figures touches matplotlib.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

if "MPLBACKEND" in os.environ and "matplotlib" not in sys.modules:
    # the shell of a notebook names one that need not be installed here, and none is used
    named = os.environ.pop("MPLBACKEND")
    import matplotlib as mpl

    os.environ["MPLBACKEND"] = named
    with suppress(ValueError):
        mpl.rcParams["backend"] = named
import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from PIL import Image

from softmodes.study import atomic

STYLE = Path(__file__).with_name("letter.mplstyle")

COLUMN_WIDTH = 3.4  # inches
MARKERS = "osD^v<>ph*PX"

FILLINGS: tuple[dict[str, str], ...] = (
    {},
    {"mfc": "white"},
    {"mfc": "0.75"},
)
"""Of the symbols of the study's smallest system, the next, the one after."""

ERROR_BARS = (
    "Error bars are standard deviations over samples; symbols of one abscissa are shifted"
    " sideways, by a third of the way to the next at most."
)
"""What `curves` draws, in the words of the captions."""

RANDOM = "Dashed: mean overlap with one field shuffled among all particles"

MAX_TEMPERATURES = 6
"""Of so many, curves and error bars against strain can still be told apart."""


@contextmanager
def letter_style() -> Iterator[None]:
    """Matplotlib's settings for the time of a block: its defaults, then the style file."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rc_file(STYLE, use_default_template=False)
        yield


def save(figure: Figure, *paths: str | Path) -> None:
    """Save a figure with its caption under each path, atomically and undated.

    The suffix names the format. The caption is the subject of a PDF, the description of a PNG.
    """
    caption = figure.get_label()
    metadata = {
        ".pdf": {"CreationDate": None, "Subject": caption},
        ".png": {"Description": caption},
    }
    with letter_style():
        for path in map(Path, paths):
            with atomic.replacing(path) as temporary:
                figure.savefig(temporary, metadata=metadata.get(path.suffix))


def caption(png: str | Path) -> str:
    """The caption that `save` wrote into a PNG file; empty where it has none."""
    with Image.open(png) as image:
        return image.info.get("Description", "")


def blank_figure(width: float, height: float) -> Figure:
    """Without axes yet; width and height in inches."""
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


def curves(
    axes: Axes,
    rows: pd.DataFrame,
    abscissa: str,
    *,
    ordinate: str,
    symbols: dict,
    fillings: dict,
    of: str = "temperature",
) -> None:
    """A curve for every size and every value of the column `of`, on a logarithmic axis.

    Where curves would cover each other they are set apart sideways, those of different sizes
    farthest, together by a twentieth of the axis or two thirds of the way to the next point.
    """
    n_curves = len(symbols) * len(fillings)
    offsets = iter((np.arange(n_curves) + 0.5) / n_curves - 0.5)
    widest = np.log(rows[abscissa].max() / rows[abscissa].min()) / 20 or 0.1
    for size, filling in fillings.items():
        for value, symbol in symbols.items():
            curve = rows[(rows["n_particles"] == size) & (rows[of] == value)]
            grouped = curve.groupby(abscissa)[ordinate]
            logarithms = np.log(grouped.mean().index.to_numpy())
            steps = np.diff(logarithms, prepend=-np.inf, append=np.inf)
            width = np.minimum(widest, 2 / 3 * np.minimum(steps[:-1], steps[1:]))
            axes.errorbar(
                np.exp(logarithms + next(offsets) * width),
                grouped.mean().to_numpy(),
                yerr=grouped.std().fillna(0.0).to_numpy(),
                elinewidth=0.5,
                lw=0.6,
                capsize=0,
                **symbol | filling,
            )


def temperature_keys(symbols: dict) -> list[Line2D]:
    """What a legend says of the temperatures, from the lowest upwards."""
    return [Line2D([], [], ls="", label=f"$T={t:g}$", **symbols[t]) for t in sorted(symbols)]


def size_keys(fillings: dict) -> list[Line2D]:
    """What a legend says of the numbers of particles."""
    return [
        Line2D([], [], ls="", color="0.25", marker="o", label=f"$N={size}$", **filling)
        for size, filling in fillings.items()
    ]


def control_keys() -> list[Line2D]:
    """What a legend says of the random controls."""
    return [
        Line2D([], [], color="k", ls="--", label="random"),
        Line2D([], [], color="k", ls=":", lw=0.6, label="within species"),
    ]


def legend(figure: Figure, handles: list[Line2D], n_columns: int) -> None:
    """Above all axes, where no data are."""
    figure.legend(handles=handles, ncols=n_columns, loc="outside upper center")


def panel_legend(axes: Axes, handles: list[Line2D]) -> None:
    """In the line of its letter, on the right."""
    axes.legend(
        handles=handles,
        ncols=len(handles),
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        borderaxespad=0.2,
        borderpad=0.0,
    )


def temperature_axis(axes: Axes, temperatures: pd.Series) -> None:
    """Logarithmic, a little wider than the data."""
    low, high = temperatures.min(), temperatures.max()
    margin = (high / low) ** 0.06 if low < high else 1.3
    axes.set(xscale="log", xlabel=r"$T$ [$\epsilon/k_{\mathrm{B}}$]")
    axes.set_xlim(low / margin, high * margin)
    plain_ticks(axes, (1, 1.5, 2, 3, 4, 5, 6, 8))


def overlap_axis(axes: Axes) -> None:
    """No less than no overlap, no more than all of it and half a symbol."""
    low, high = axes.get_ylim()
    axes.set_ylim(max(low, 0.0), min(high, 1.04))


def plain_ticks(axes: Axes, leading: Sequence[float]) -> None:
    """Label a logarithmic axis by plain numbers that begin with one of these digits."""
    axes.xaxis.set_major_locator(LogLocator(subs=leading))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())


def symbols(rows: pd.DataFrame) -> dict[float, dict]:
    """Colour and marker of each of the study's temperatures, from the lowest upwards."""
    temperatures = np.unique(rows["temperature"])
    colours = mpl.colormaps["plasma"](np.linspace(0.0, 0.85, len(temperatures)))
    return {
        temperature: {"color": tuple(colours[index]), "marker": MARKERS[index % len(MARKERS)]}
        for index, temperature in enumerate(temperatures)
    }


def symbols_among(states: pd.DataFrame, rows: pd.DataFrame) -> dict[float, dict]:
    """Of the temperatures that rows have, as among all of the study."""
    there = set(rows["temperature"])
    return {t: symbol for t, symbol in symbols(states).items() if t in there}


def spread(symbols: dict[float, dict], max_temperatures: int) -> dict[float, dict]:
    """At most so many temperatures, from the lowest to the highest."""
    temperatures = list(symbols)
    indices = np.linspace(0, len(temperatures) - 1, min(max_temperatures, len(temperatures)))
    return {
        temperatures[index]: symbols[temperatures[index]] for index in indices.round().astype(int)
    }


def fillings(rows: pd.DataFrame, states: pd.DataFrame | None = None) -> dict[int, dict]:
    """Marker filling of each number of particles, from the smallest upwards.

    Args:
        rows: that have them.
        states: table `state_points`: those of the study come first, in whatever rows they are.
    """
    of_study = set() if states is None else set(states["n_particles"])
    sizes = set(rows["n_particles"])
    every = [*sorted(of_study), *sorted(sizes - of_study)]
    return {size: FILLINGS[every.index(size) % len(FILLINGS)] for size in sorted(sizes)}


def make_foot(axes: Axes, share: float) -> None:
    """Make room of so much of the height below all data."""
    bottom, top = axes.get_ylim()
    axes.set_ylim(bottom=bottom - share / (1 - share) * (top - bottom))
