"""The study's figures: tables in, matplotlib figures out, saved without a date.

Figures 1, 2 and 4 are drawn from the tables of `softmodes.tables` alone, figure 3 from the fields
of one sample. Error bars are standard deviations over samples. Temperature is colour (dark and
blue is cold), system size is marker filling. Nothing here computes physics beyond means over
samples, and no other module touches matplotlib.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
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
from matplotlib.collections import EllipseCollection
from matplotlib.colors import ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatterSciNotation
from numpy.typing import NDArray

from softmodes import storage

STYLE = Path(__file__).with_name("letter.mplstyle")
COLUMN_WIDTH = 3.4  # inches
MARKERS = "osD^v<>ph*P"

GAMMA = r"$\gamma$"


@contextmanager
def letter_style() -> Iterator[None]:
    """Matplotlib's settings for the time of a block: its defaults, then the style file."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rc_file(STYLE, use_default_template=False)
        yield


def save(figure: Figure, *paths: str | Path) -> None:
    """Save a figure under each path, in the format its suffix names, atomically and undated."""
    with letter_style():
        for path in map(Path, paths):
            undated = {"CreationDate": None} if path.suffix == ".pdf" else None
            with storage.replacing(path) as temporary:
                figure.savefig(temporary, metadata=undated)


def figure1(overlap: pd.DataFrame, energy: pd.DataFrame, critical: pd.DataFrame) -> Figure:
    """Overlap of Debye–Waller factor and soft modes (a), energy and stress (b) against strain.

    Args:
        overlap: table `overlap_vs_gamma`.
        energy: table `energy_stress`.
        critical: table `gamma_c`; the overlap's drop is marked at the lowest temperature that
            has one, for every N, with the standard deviation over samples.
    """
    with letter_style():
        figure = _figure(COLUMN_WIDTH, 4.7)
        upper, lower = figure.subplots(2, 1, sharex=True)
        colour = _temperature_colours(overlap["temperature"])
        curves = overlap[(overlap["quantity"] == "DW_p") & (overlap["gamma"] > 0)]
        for (n_particles, temperature), rows in _ensembles(curves):
            style = _style(overlap, n_particles, temperature, colour)
            _errorbars(upper, rows, "gamma", "overlap", **style)
        _controls(upper, curves, "gamma")
        _mark_critical_strain(upper, critical, label=True)
        _mark_critical_strain(lower, critical, label=False)
        upper.set(xscale="log", ylabel=r"$O_{\mathrm{DW},p}$")
        _temperature_legend(upper, overlap, colour)
        _panel(upper, "a")

        inset = lower.inset_axes((0.12, 0.44, 0.42, 0.52))
        strained = energy[energy["gamma"] > 0]
        for (n_particles, temperature), rows in _ensembles(strained):
            style = _style(overlap, n_particles, temperature, colour)
            _errorbars(lower, rows, "gamma", "normalised_energy", **style)
            _errorbars(inset, rows, "gamma", "shear_stress", **style | {"ls": "none", "ms": 2})
            if temperature == min(colour):  # at the others it is noise of single samples
                slope = rows.groupby("gamma")["energy_slope"].mean()
                inset.plot(slope.index, slope, color=style["color"], lw=0.8)
        lower.set(
            xscale="log", xlabel=GAMMA, ylabel=r"$e_{\mathrm{IS}}(\gamma)/e_{\mathrm{IS}}(0)$"
        )
        _panel(lower, "b", x=0.03, y=0.06, vertical="bottom")
        _stress_inset(inset, strained)
    return figure


def figure2(overlap: pd.DataFrame) -> Figure:
    """Overlaps against temperature, from the table `overlap_vs_temperature`.

    The dashed line is the Debye–Waller factor against a shuffled soft-mode field, thin lines of
    a quantity's colour are its control shuffled within each species. Above stands the share of
    samples whose basin the smallest strain changed.
    """
    shown = {
        "DP_pq": r"$O_{\mathrm{DP},p^{q}}$",
        "DP_pdq": r"$O_{\mathrm{DP},p^{dq}}$",
        "DW_pq": r"$O_{\mathrm{DW},p^{q}}$",
        "DW_d": r"$O_{\mathrm{DW},|d|}$",
    }
    with letter_style():
        figure = _figure(COLUMN_WIDTH, 2.9)
        axes = figure.subplots()
        sizes = sorted(overlap["n_particles"].unique())
        for place, (quantity, label) in enumerate(shown.items()):
            for size in sizes:
                rows = _finite(overlap, quantity, size)
                if rows.empty:
                    continue
                style = {
                    "color": f"C{place}",
                    "marker": MARKERS[place],
                    "ms": 5 if quantity == "DP_pq" else 3,  # else DP_pdq would hide it
                    "mfc": _filling(sizes, size, f"C{place}"),
                    "label": label if size == sizes[0] else None,
                }
                _errorbars(axes, rows, "temperature", "overlap", **style)
                within = rows.groupby("temperature")["within_species"].mean()
                axes.plot(within.index, within, color=f"C{place}", lw=0.6, ls=":")
        random = _finite(overlap, "DW_pq", None).groupby("temperature")["random"].mean()
        axes.plot(random.index, random, "k--", label=r"$O_{\mathrm{DW,RND}}$")
        axes.plot([], [], "k:", lw=0.6, label="shuffled within species")
        for size in sizes[1:]:
            axes.plot([], [], "ko", mfc="none", label=f"$N={size}$")
        axes.set(xlabel=r"$T$ [$\epsilon/k_{\mathrm{B}}$]", ylabel="overlap")
        _headroom(axes, 0.12)
        axes.legend(ncols=2, loc="upper right")
        _name_switched(axes, overlap[overlap["quantity"] == "DW_d"])
    return figure


@dataclass(frozen=True)
class Maps:
    """Fields of one configuration of N particles, for figure 3. Lengths in σ11.

    Attributes:
        positions: (N, 2), of the unstrained inherent structure, wrapped where the cell is tilted.
        diameters: (N,), the particles' own σ_aa.
        box_length: L.
        debye_waller: (N,), or None where it is not known; then it is not mapped.
        nonaffine: (N, 2), at the strain `gamma`.
        soft_participation: (2, N), for the two numbers of modes `n_modes`.
        temperature: T, in ε/k_B, of `debye_waller`; NaN where it is not known.
        switched: whether the strain left the basin of the unstrained inherent structure.
        tilt: of the cell.
    """

    positions: NDArray[np.float64]
    diameters: NDArray[np.float64]
    box_length: float
    debye_waller: NDArray[np.float64] | None
    nonaffine: NDArray[np.float64]
    soft_participation: NDArray[np.float64]
    n_modes: tuple[int, int]
    gamma: float
    temperature: float
    switched: bool
    tilt: float = 0.0


def figure3(maps: Maps) -> Figure:
    """Four maps of one configuration: Debye–Waller factor, nonaffine displacement, soft modes.

    Colours are logarithmic between the 2nd and 99th percentile of each field. Arrows show the
    direction of the nonaffine displacement for its larger half, their length grows as √|d_i|.
    """
    with letter_style():
        figure = _figure(1.5 * COLUMN_WIDTH, 1.38 * COLUMN_WIDTH)
        panels = figure.subplots(2, 2).ravel()
        size = np.linalg.norm(maps.nonaffine, axis=1)
        share = [100 * number / (2 * len(maps.diameters)) for number in maps.n_modes]
        left = ", basin left" if maps.switched else ""
        fields = [
            (
                size,
                _pale_colours(),
                rf"$|d_i|$ [$\sigma_{{11}}$], $\gamma={_power(maps.gamma)}${left}",
            ),
            (maps.soft_participation[0], "viridis", _modes_title(share[0], maps.n_modes[0])),
            (maps.soft_participation[1], "viridis", _modes_title(share[1], maps.n_modes[1])),
        ]
        if maps.debye_waller is not None:
            title = r"Debye–Waller factor [$\sigma_{11}^2$]"
            title += rf", $T={maps.temperature:g}$" if np.isfinite(maps.temperature) else ""
            fields.insert(0, (maps.debye_waller, "viridis", title))
        for axes, letter, (field, colours, title) in zip(panels, "abcd", fields, strict=False):
            drawn = _particles(axes, maps, field, colours)
            bar = figure.colorbar(drawn, ax=axes, shrink=0.8, pad=0.02, extend="both")
            bar.ax.tick_params(labelsize=6)
            bar.ax.yaxis.set_major_formatter(LogFormatterSciNotation(minor_thresholds=(1.5, 0.8)))
            bar.ax.yaxis.set_minor_formatter(LogFormatterSciNotation(minor_thresholds=(1.5, 0.8)))
            axes.set_title(f"({letter}) {title}")
        _arrows(panels[len(fields) - 3], maps, size)
        for empty in panels[len(fields) :]:
            empty.remove()
    return figure


def figure4(overlap: pd.DataFrame) -> Figure:
    """Overlaps against the number of soft modes, from the table `overlap_vs_modes`.

    The main panel is the smallest strain of the scan, the inset the largest. Of the temperatures
    the lowest, the middle and the highest are drawn. Above stands the share of samples whose
    basin these strains changed, at those temperatures.
    """
    with letter_style():
        figure = _figure(COLUMN_WIDTH, 3.2)
        axes = figure.subplots()
        inset = axes.inset_axes((0.47, 0.59, 0.50, 0.34))
        temperatures = np.sort(overlap["temperature"].unique())
        chosen = temperatures[sorted({0, len(temperatures) // 2, len(temperatures) - 1})]
        shown = overlap[overlap["temperature"].isin(chosen)]
        colour = _temperature_colours(shown["temperature"])
        strains = np.sort(shown["gamma"].unique())
        for panel, strain in ((axes, strains[0]), (inset, strains[-1])):
            _mode_number_curves(panel, shown[shown["gamma"] == strain], colour, panel is inset)
        axes.set(xlabel=r"$N_m$ [% of $2N$]", ylabel="overlap")
        _headroom(axes, 0.80)
        _mode_number_legend(axes, shown, colour)
        axes.text(0.03, 0.60, rf"$\gamma={_power(strains[0])}$", transform=axes.transAxes)
        inset.set_title(rf"$\gamma={_power(strains[-1])}$", fontsize=7, pad=2)
        _name_switched(axes, shown[shown["gamma"].isin([strains[0], strains[-1]])])
        inset.tick_params(labelsize=6)
    return figure


def _name_switched(axes: Axes, rows: pd.DataFrame) -> None:
    """Say above the axes which share of samples left its basin, from the lowest T upwards."""
    coldest, hottest = rows["temperature"].min(), rows["temperature"].max()
    lines = [rf"samples whose basin switched, in %, from $T={coldest:g}$ to ${hottest:g}$"]
    for (strain, size), states in rows.groupby(["gamma", "n_particles"]):
        percent = 100 * states.groupby("temperature")["switched"].mean()
        shares = ", ".join(f"{value:.0f}" for value in percent)
        lines.append(rf"$\gamma={_power(strain)}$, $N={size}$: {shares}")
    axes.set_title("\n".join(lines), fontsize=6, pad=3, loc="right", color="0.35", linespacing=1.1)


def _mode_number_curves(axes: Axes, rows: pd.DataFrame, colour: dict, small: bool) -> None:
    sizes = sorted(rows["n_particles"].unique())
    rows = rows.assign(percent=100 * rows["mode_fraction"])
    for (size, temperature), ensemble in _ensembles(rows):
        for quantity, marker, line in (("DW_p", "o", "-"), ("d_p", "^", "--")):
            _errorbars(
                axes,
                ensemble[ensemble["quantity"] == quantity],
                "percent",
                "overlap",
                color=colour[temperature],
                marker=marker,
                ls=line,
                mfc=_filling(sizes, size, colour[temperature]),
                ms=2 if small else 3,
            )
    axes.axhline(rows.loc[rows["quantity"] == "DW_p", "random"].mean(), color="k", ls="--", lw=0.6)
    axes.set_xscale("log")


def _mode_number_legend(axes: Axes, rows: pd.DataFrame, colour: dict) -> None:
    axes.plot([], [], "ko-", label=r"$O_{\mathrm{DW},p}$")
    axes.plot([], [], "k^--", label=r"$O_{|d|,p}$")
    for temperature in sorted(colour):
        axes.plot([], [], "s", color=colour[temperature], label=f"$T={temperature:g}$")
    for size in sorted(rows["n_particles"].unique())[1:]:
        axes.plot([], [], "ko", mfc="none", label=f"$N={size}$")
    axes.legend(loc="upper left")


def _stress_inset(inset: Axes, rows: pd.DataFrame) -> None:
    inset.axhline(0, color="0.6", lw=0.4, zorder=0)
    # below a hundredth, differences of the energy over small steps of strain are noise
    near = rows[rows["gamma"] >= 0.01]
    inset.set(xscale="log", xlim=(0.009, 1.1 * rows["gamma"].max()))
    if not near.empty:
        ensemble = ["n_particles", "temperature", "gamma"]
        means = near.groupby(ensemble)["shear_stress"].mean()
        low, high = min(means.min(), 0.0), means.max()
        inset.set_ylim(low - 0.25 * (high - low), high + 0.45 * (high - low))
    inset.set_title(
        r"$\sigma_{xy}$; line: $\rho\,de_{\mathrm{IS}}/d\gamma$ [$\epsilon/\sigma_{11}^2$]",
        fontsize=6.5,
        pad=-8,
        y=1.0,
    )
    inset.tick_params(labelsize=6)


def _controls(axes: Axes, rows: pd.DataFrame, abscissa: str) -> None:
    axes.axhline(rows["random"].mean(), color="k", ls="--", label="random")
    within = rows.groupby(abscissa)["within_species"].mean()
    axes.plot(within.index, within, color="0.55", ls=":", label="within species")


def _mark_critical_strain(axes: Axes, critical: pd.DataFrame, label: bool) -> None:
    drops = (critical["estimator"] == "overlap_drop") & (critical["what"] == "ensemble")
    rows = critical[drops & critical["defined"]]
    for row in rows[rows["temperature"] == rows["temperature"].min()].itertuples():
        # one sample whose own fit succeeded has no standard deviation
        deviation, error = (row.sd, rf"\pm{row.sd:.3f}") if np.isfinite(row.sd) else (0.0, "")
        text = rf"$\gamma_c={row.value:.3f}{error}$" if label else None
        axes.axvline(row.value, color="0.25", lw=0.7, label=text, zorder=0)
        low = max(row.value - deviation, 0.1 * row.value)
        axes.axvspan(low, row.value + deviation, color="0.88", lw=0, zorder=-1)


def _temperature_legend(axes: Axes, rows: pd.DataFrame, colour: dict) -> None:
    sizes = sorted(rows["n_particles"].unique())
    handles, labels = axes.get_legend_handles_labels()
    named = dict(zip(labels, handles, strict=True))
    for place, temperature in enumerate(sorted(colour)):
        marker = MARKERS[place % len(MARKERS)]
        (named[f"$T={temperature:g}$"],) = axes.plot([], [], marker, color=colour[temperature])
    for size in sizes[1:]:
        (named[f"$N={size}$"],) = axes.plot([], [], "ko", mfc="none")
    _headroom(axes, 0.075 * np.ceil(len(named) / 3))
    axes.legend(named.values(), named.keys(), ncols=3, loc="upper right")


def _style(rows: pd.DataFrame, size: int, temperature: float, colour: dict) -> dict:
    sizes = sorted(rows["n_particles"].unique())
    place = sorted(colour).index(temperature)
    return {
        "color": colour[temperature],
        "marker": MARKERS[place % len(MARKERS)],
        "mfc": _filling(sizes, size, colour[temperature]),
        "ls": "-",
    }


def _errorbars(axes: Axes, rows: pd.DataFrame, abscissa: str, ordinate: str, **style) -> None:
    grouped = rows.groupby(abscissa)[ordinate]
    mean, deviation = grouped.mean(), grouped.std().fillna(0.0)
    axes.errorbar(
        mean.index.to_numpy(),
        mean.to_numpy(),
        yerr=deviation.to_numpy(),
        **{"elinewidth": 0.5, "lw": 0.6} | style,
    )


def _particles(
    axes: Axes, maps: Maps, field: NDArray, colours: str | ListedColormap
) -> EllipseCollection:
    """Discs at their size, with the periodic images that reach into the box."""
    length = maps.box_length
    images = [(x, y) for x in (0, -1, 1) for y in (0, -1, 1)]
    shifts = np.array([(x * length + y * maps.tilt, y * length) for x, y in images])
    centres = (maps.positions % length)[:, None, :] + shifts[None, :, :]
    radius = maps.diameters[:, None] / 2
    inside = ((centres > -radius[..., None]) & (centres < length + radius[..., None])).all(axis=2)
    particle, image = np.nonzero(inside)
    # values within one percentile span would vanish in a linear scale led by a few hot particles
    low, high = np.percentile(field[field > 0], [2, 99]) if (field > 0).any() else (0.1, 1.0)
    drawn = EllipseCollection(
        maps.diameters[particle],
        maps.diameters[particle],
        np.zeros(particle.size),
        units="xy",
        offsets=centres[particle, image],
        offset_transform=axes.transData,
        array=np.maximum(field[particle], low),
        cmap=colours,
        norm=LogNorm(low, high) if high > low else Normalize(),
        linewidths=0,
    )
    axes.add_collection(drawn)
    axes.set(xlim=(0, length), ylim=(0, length), aspect="equal", xticks=[], yticks=[])
    axes.minorticks_off()
    return drawn


def _arrows(axes: Axes, maps: Maps, size: NDArray) -> None:
    largest = size >= np.median(size)
    longest = np.percentile(size, 99)
    # square roots: the direction of the smaller displacements stays visible
    clipped = np.clip(size, np.finfo(float).tiny, longest)
    arrows = (
        maps.nonaffine / np.maximum(size, clipped)[:, None] * np.sqrt(clipped / longest)[:, None]
    )
    places = maps.positions % maps.box_length
    axes.quiver(
        *places[largest].T,
        *(2.2 * arrows[largest]).T,
        angles="xy",
        scale_units="xy",
        scale=1,
        pivot="mid",
        color="0.1",
        width=0.004,
        headwidth=4,
        headlength=4,
        headaxislength=3.5,
    )


def _temperature_colours(temperatures: pd.Series) -> dict[float, tuple]:
    found = sorted(temperatures.unique())
    places = np.linspace(0.0, 0.85, len(found)) if len(found) > 1 else [0.0]
    return {
        temperature: mpl.colormaps["plasma"](place)
        for temperature, place in zip(found, places, strict=True)
    }


def _pale_colours() -> ListedColormap:
    """A sequential map that stays light enough for black arrows to be seen on it."""
    return ListedColormap(mpl.colormaps["YlOrBr"](np.linspace(0.1, 0.62, 256)))


def _filling(sizes: list, size: int, colour: object) -> object:
    return colour if size == sizes[0] else "white"


def _finite(overlap: pd.DataFrame, quantity: str, size: int | None) -> pd.DataFrame:
    rows = overlap[(overlap["quantity"] == quantity) & overlap["overlap"].notna()]
    return rows if size is None else rows[rows["n_particles"] == size]


def _ensembles(rows: pd.DataFrame) -> Iterator[tuple[tuple[int, float], pd.DataFrame]]:
    yield from rows.groupby(["n_particles", "temperature"])


def _headroom(axes: Axes, share: float) -> None:
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + share * (high - low))


def _panel(
    axes: Axes, letter: str, x: float = 0.03, y: float = 0.95, vertical: str = "top"
) -> None:
    axes.text(x, y, f"({letter})", transform=axes.transAxes, va=vertical, fontsize=9)


def _modes_title(percent: float, number: int) -> str:
    return rf"$p_i$, $N_m={percent:.2g}\%$ of $2N$ ({number})"


def _power(value: float) -> str:
    exponent = np.log10(value)
    return f"10^{{{exponent:.0f}}}" if np.isclose(exponent, round(exponent)) else f"{value:g}"


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure
