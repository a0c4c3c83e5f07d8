"""The study's figures: tables in, matplotlib figures out, saved without a date.

Figures are drawn from the tables alone. Error
bars are standard deviations over samples. Temperature is colour (dark and blue is cold) and symbol,
the same in all figures of a study; system size is marker filling. A figure's label is its caption:
what the reader must know of what is drawn, written into its files. Nothing here computes physics
beyond means over samples, and no other module touches matplotlib.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

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
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogFormatterSciNotation, LogLocator, NullLocator
from numpy.typing import NDArray
from PIL import Image

from softmodes.analysis import statistics
from softmodes.report.maps import Maps
from softmodes.study import atomic

STYLE = Path(__file__).with_name("letter.mplstyle")
COLUMN_WIDTH = 3.4  # inches
MARKERS = "osD^v<>ph*PX"
FILLINGS: tuple[dict[str, str], ...] = (
    {},
    {"mfc": "white"},
    {"fillstyle": "left", "markerfacecoloralt": "white"},
)
"""Of the symbols of the smallest system, the next, the one after."""

ERROR_BARS = (
    "Error bars are standard deviations over samples; symbols of one abscissa are set apart"
    " sideways."
)
"""What `_curves` draws, in the words of the captions."""

RANDOM = "Dashed: mean overlap with one field shuffled among all particles"

MAX_TEMPERATURES = 6
"""Of so many, curves and error bars against strain can still be told apart."""

NEAR_YIELD = 0.01
"""Strain below which parting from linear response means another basin, and the slope of the energy
over a small step of strain is noise."""


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


def figure1(overlap: pd.DataFrame, energy: pd.DataFrame, critical: pd.DataFrame) -> Figure:
    """Overlap of Debye–Waller factor and soft modes (a), energy (b) and stress (c) against strain.

    Args:
        overlap: table `overlap_vs_gamma`.
        energy: table `energy_stress`.
        critical: table `gamma_c`; for every N the drop of the mean overlap is marked at the lowest
            temperature that has one, with its interval.

    Of more than `MAX_TEMPERATURES`, as many from the lowest to the highest are drawn.
    """
    with letter_style():
        figure = _figure(COLUMN_WIDTH, 5.0)
        panels = figure.subplots(3, 1, sharex=True, height_ratios=(1.7, 1, 1))
        symbols, fillings = _spread(_symbols(overlap), MAX_TEMPERATURES), _fillings(overlap)
        curves = overlap[(overlap["quantity"] == "DW_p") & (overlap["gamma"] > 0)]
        strained = energy[energy["gamma"] > 0]
        drawn = (
            (curves, "overlap", r"$O_{\mathrm{DW},p}$"),
            (strained, "normalised_energy", r"$e_{\mathrm{IS}}(\gamma)/e_{\mathrm{IS}}(0)$"),
            (strained, "shear_stress", r"$\sigma_{xy}$ [$\epsilon/\sigma_{11}^2$]"),
        )
        for axes, letter, (rows, ordinate, name) in zip(panels, "abc", drawn, strict=True):
            _curves(axes, rows, "gamma", ordinate, symbols, fillings)
            axes.set(xscale="log", ylabel=name)
            axes.set_title(f"({letter})", loc="left", pad=2)
        upper, _, lower = panels
        _controls(upper, curves, "gamma")
        _overlap_axis(upper)
        coldest = min(symbols)  # at the others the slope is noise of single samples
        near = strained[(strained["gamma"] >= NEAR_YIELD) & (strained["temperature"] == coldest)]
        slope = near.groupby("gamma")["energy_slope"].mean()
        look = {"color": symbols[coldest]["color"], "ls": "-."}
        lower.plot(slope.index, slope, **look)
        lower.set_xlabel(r"$\gamma$")
        marked = _mark_critical_strain(panels, critical, fillings)
        sloping = Line2D([], [], label=r"$\rho\,de_{\mathrm{IS}}/d\gamma$", **look)
        lines = [*_control_lines(), sloping]
        _legend(figure, _temperatures(symbols) + _sizes(fillings) + lines, 3)
        figure.set_label(
            f"{ERROR_BARS} {RANDOM}; dotted: within each species. Dash-dotted in (c): the slope"
            f" ρ de_IS/dγ of the energy at T = {coldest:g}. {marked}"
        )
    return figure


def figure2(overlap: pd.DataFrame) -> Figure:
    """Overlaps against temperature, from the table `overlap_vs_temperature`.

    The dashed line is the Debye–Waller factor against a shuffled soft-mode field, dotted lines of
    a quantity's colour are its control shuffled within each species. The caption tells the fraction
    of samples whose basin the strain changed.
    """
    shown = {
        "DP_pq": r"$O_{\mathrm{DP},p^{q}}$",
        "DP_pdq": r"$O_{\mathrm{DP},p^{dq}}$",
        "DW_pq": r"$O_{\mathrm{DW},p^{q}}$",
        "DW_d": r"$O_{\mathrm{DW},|d|}$",
        "DW_lin": r"$O_{\mathrm{DW},|d_{\mathrm{lin}}|}$",
    }
    overlap = overlap[overlap["overlap"].notna()]
    with letter_style():
        figure = _figure(COLUMN_WIDTH, 3.0)
        axes = figure.subplots()
        fillings = _fillings(overlap)
        symbols: dict[str, dict[str, Any]] = {
            quantity: {"color": f"C{number}", "marker": MARKERS[number]}
            for number, quantity in enumerate(shown)
        }
        _curves(axes, overlap, "temperature", "overlap", symbols, fillings, of="quantity")
        for quantity, symbol in symbols.items():
            rows = overlap[overlap["quantity"] == quantity]
            within = rows.groupby("temperature")["within_species"].mean()
            axes.plot(within.index, within, color=symbol["color"], lw=0.6, ls=":", marker="_")
        random = overlap[overlap["quantity"] == "DW_pq"].groupby("temperature")["random"].mean()
        axes.plot(random.index, random, "k--", marker="_")
        temperatures = np.unique(overlap["temperature"])
        margin = (temperatures[-1] / temperatures[0]) ** 0.06 if len(temperatures) > 1 else 1.3
        axes.set_xlim(temperatures[0] / margin, temperatures[-1] * margin)
        axes.set(xscale="log", xlabel=r"$T$ [$\epsilon/k_{\mathrm{B}}$]", ylabel="overlap")
        _plain_ticks(axes, (1, 1.5, 2, 3, 4, 5, 6, 8))
        _overlap_axis(axes)
        handles = [Line2D([], [], label=shown[name], **symbols[name]) for name in shown]
        _legend(figure, handles + _sizes(fillings) + _control_lines(), 4)
        figure.set_label(
            f"{ERROR_BARS} {RANDOM}; dotted, in the colour of the overlap: within each species."
            f" {_changed_basins(overlap[overlap['quantity'] == 'DW_d'])}"
        )
    return figure


def figure3(maps: pd.DataFrame) -> Figure:
    """Four maps of one configuration, from the table `maps`, as `figure_of_maps`."""
    return figure_of_maps(Maps.of_table(maps))


def figure_of_maps(maps: Maps) -> Figure:
    """Four maps of one configuration: Debye–Waller factor, nonaffine displacement, soft modes.

    Colours are logarithmic between the 2nd and 99th percentile of each field. Arrows show the
    direction of the nonaffine displacement for its larger half, their length grows as √|d_i|.
    """
    with letter_style():
        figure = _figure(1.5 * COLUMN_WIDTH, 1.38 * COLUMN_WIDTH)
        panels = figure.subplots(2, 2).ravel()
        size = np.linalg.norm(maps.nonaffine, axis=1)
        percent = [100 * number / (2 * len(maps.diameters)) for number in maps.n_modes]
        left = ", basin left" if maps.switched else ""
        fields: list[tuple[NDArray[np.float64], str | ListedColormap, str]] = [
            (
                size,
                _pale_colours(),
                rf"$|d_i|$ [$\sigma_{{11}}$], $\gamma={_power(maps.gamma)}${left}",
            ),
            (maps.soft_participation[0], "viridis", _modes_title(percent[0], maps.n_modes[0])),
            (maps.soft_participation[1], "viridis", _modes_title(percent[1], maps.n_modes[1])),
        ]
        if maps.debye_waller is not None:
            title = r"Debye–Waller factor [$\sigma_{11}^2$]"
            title += rf", $T={maps.temperature:g}$" if np.isfinite(maps.temperature) else ""
            fields.insert(0, (maps.debye_waller, "viridis", title))
        for axes, letter, (field, colours, title) in zip(panels, "abcd", fields, strict=False):
            drawn = _particles(axes, maps, field, colours)
            bar = figure.colorbar(drawn, ax=axes, shrink=0.8, pad=0.02, extend="both")
            bar.ax.tick_params(which="both", labelsize=6)
            bar.ax.yaxis.set_major_formatter(LogFormatterSciNotation(minor_thresholds=(1.5, 0.8)))
            bar.ax.yaxis.set_minor_formatter(LogFormatterSciNotation(minor_thresholds=(1.5, 0.8)))
            axes.set_title(f"({letter}) {title}")
        _arrows(panels[len(fields) - 3], maps, size)
        for empty in panels[len(fields) :]:
            empty.remove()
        figure.set_label(
            "Colours are logarithmic between the 2nd and the 99th percentile of each field. Arrows"
            " show the direction of the larger half of the nonaffine displacements; their length"
            " grows as the square root of the displacement."
        )
    return figure


def figure4(overlap: pd.DataFrame) -> Figure:
    """Overlaps against the number of soft modes, from the table `overlap_vs_modes`.

    Rows are the smallest and the largest strain of the scan, columns the Debye–Waller factor, the
    nonaffine displacement and linear response. Of the temperatures of figure 1 the lowest, the
    middle and the highest are drawn. The caption tells the fraction of samples whose basin the
    strain changed.
    """
    columns = {
        "DW_p": r"$O_{\mathrm{DW},p}$",
        "d_p": r"$O_{|d|,p}$",
        "lin_p": r"$O_{|d_{\mathrm{lin}}|,p}$",
    }
    with letter_style():
        symbols = _spread(_spread(_symbols(overlap), MAX_TEMPERATURES), 3)
        fillings = _fillings(overlap)
        shown = overlap[overlap["temperature"].isin(list(symbols))]
        shown = shown.assign(percent=100 * shown["mode_fraction"])
        strains = sorted({shown["gamma"].min(), shown["gamma"].max()})
        figure = _figure(COLUMN_WIDTH, 0.6 + 1.25 * len(strains))
        panels = figure.subplots(len(strains), 3, sharex=True, sharey="row", squeeze=False)
        for row, strain in zip(panels, strains, strict=True):
            at_strain = shown[shown["gamma"] == strain]
            for axes, quantity in zip(row, columns, strict=True):
                curves = at_strain[at_strain["quantity"] == quantity]
                _curves(axes, curves, "percent", "overlap", symbols, fillings)
                axes.axhline(curves["random"].mean(), color="k", ls="--")
            row[0].set_ylabel(rf"overlap, $\gamma={_power(strain)}$")
        for axes, label in zip(panels[0], columns.values(), strict=True):
            axes.set_title(label, pad=3)
        panels[-1, 1].set_xlabel(r"$N_m$ [% of $2N$]")
        panels[0, 0].set_xscale("log")
        _plain_ticks(panels[0, 0], (1,))
        for axes in panels[:, 0]:
            _overlap_axis(axes)
        random, _ = _control_lines()
        handles = [*_temperatures(symbols), *_sizes(fillings), random]
        _legend(figure, [handle for column in range(3) for handle in handles[column::3]], 3)
        changed = _changed_basins(shown[shown["quantity"] == "d_p"])
        figure.set_label(f"{ERROR_BARS} {RANDOM}. {changed}")
    return figure


def figure7(response: pd.DataFrame, states: pd.DataFrame) -> Figure:
    """What the lowest modes hold of the linear response to shear, against their number.

    Args:
        response: table `linear_response`.
        states: table `state_points`, for the temperatures of the study.
    """
    with letter_style():
        drawn = np.unique(response["temperature"])
        symbols = {t: symbol for t, symbol in _symbols(states).items() if t in drawn}
        fillings = _fillings(response)
        rows = response.assign(percent=100 * response["mode_fraction"])
        figure = _figure(COLUMN_WIDTH, 2.8)
        axes = figure.subplots()
        _curves(axes, rows, "percent", "fraction", symbols, fillings)
        for (t, _), states_of in rows.groupby(["temperature", "n_particles"]):
            random = states_of.groupby("percent")["random"].mean()
            axes.plot(random.index, random, color=symbols[t]["color"], lw=0.6, ls="--")
        axes.set(xscale="log", xlabel=r"lowest modes [% of $2N$]")
        axes.set_ylabel(r"fraction of $|d_{\mathrm{lin}}|^2$")
        _plain_ticks(axes, (1,))
        _overlap_axis(axes)
        random, _ = _control_lines()
        _legend(figure, [*_temperatures(symbols), *_sizes(fillings), random], 3)
        figure.set_label(
            f"{ERROR_BARS} Dashed, in the colour of the temperature: the same of the response to"
            " forces of random direction."
        )
    return figure


def _curves(
    axes: Axes,
    rows: pd.DataFrame,
    abscissa: str,
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


def _controls(axes: Axes, rows: pd.DataFrame, abscissa: str) -> None:
    axes.axhline(rows["random"].mean(), color="k", ls="--")
    within = rows.groupby(abscissa)["within_species"].mean()
    axes.plot(within.index, within, color="k", lw=0.6, ls=":")


def _mark_critical_strain(panels: Sequence[Axes], critical: pd.DataFrame, fillings: dict) -> str:
    """Lines through all panels, named at the foot of the first; gives what the caption says."""
    drops = (critical["estimator"] == "overlap_drop") & (critical["what"] == "ensemble")
    rows = critical[drops & critical["defined"]].sort_values(["n_particles", "temperature"])
    lowest = rows.groupby("n_particles").head(1)
    if lowest.empty:
        return "No critical strain could be determined."
    first = panels[0]
    bottom, top = first.get_ylim()
    foot = 0.02 + 0.07 * len(lowest)  # of the axis, below all data
    first.set_ylim(bottom=max(bottom - foot / (1 - foot) * (top - bottom), 0.0))
    low, high = np.log(first.set_xlim(first.get_xlim()))  # whatever an interval reaches to
    marked = (np.log(lowest[["value", "lower", "upper"]]) - low) / (high - low)
    left, right = np.nanmin(marked), np.nanmax(marked)
    # beside the intervals, where there is more room
    if left > 1 - right:
        x, side = max(left - 0.02, 0.4), "right"
    else:
        x, side = min(right + 0.02, 0.6), "left"
    named = []
    for index, row in enumerate(lowest.itertuples()):
        y = 0.05 + 0.07 * index
        colour = "0.25"
        low_down: dict[str, Any] = {"transform": first.get_xaxis_transform(), "zorder": 3}
        for axes in panels:
            axes.axvline(row.value, color=colour, lw=0.7, zorder=0)
            axes.axvspan(row.lower, row.upper, color="k", alpha=0.1, lw=0, zorder=-1)
        first.plot([row.lower, row.upper], [y, y], color=colour, **low_down)
        first.plot(row.value, y, "o", color=colour, **low_down | fillings[row.n_particles])
        name = rf"$\gamma_c={row.value:.3f}$, $N={row.n_particles}$"
        size = mpl.rcParams["legend.fontsize"]
        first.text(x, y, name, transform=first.transAxes, ha=side, va="center", fontsize=size)
        named.append(f"T = {row.temperature:g} for N = {row.n_particles}")
    return (
        "Vertical lines: γ_c, the strain at which the mean overlap has dropped half-way, at the"
        f" lowest temperature that shows a drop ({', '.join(named)}); bands and bars at their"
        f" feet: {100 * statistics.CONFIDENCE:.0f} % intervals."
    )


def _changed_basins(rows: pd.DataFrame) -> str:
    """The fraction of samples whose basin the strains changed, where that can be told."""
    told = rows[rows["gamma"] <= NEAR_YIELD]
    sentences = []
    for (strain, size), states in told.groupby(["gamma", "n_particles"]):
        percent = 100 * states.groupby("temperature")["switched"].mean()
        fractions = [
            f"{fraction:.0f} % at T = {t:g}" for t, fraction in percent.items() if fraction > 0
        ]
        listed = ", ".join(fractions) or "none"
        elsewhere = ", none at other T" if 0 < len(fractions) < len(percent) else ""
        sentences.append(
            f"Samples whose basin γ = {strain:g} changed, N = {size}: {listed}{elsewhere}."
        )
    return " ".join(sentences)


def _temperatures(symbols: dict) -> list[Line2D]:
    return [Line2D([], [], ls="", label=f"$T={t:g}$", **symbols[t]) for t in sorted(symbols)]


def _sizes(fillings: dict) -> list[Line2D]:
    return [
        Line2D([], [], ls="", color="0.25", marker="o", label=f"$N={size}$", **filling)
        for size, filling in fillings.items()
    ]


def _control_lines() -> list[Line2D]:
    return [
        Line2D([], [], color="k", ls="--", label="random"),
        Line2D([], [], color="k", ls=":", lw=0.6, label="within species"),
    ]


def _legend(figure: Figure, handles: list[Line2D], n_columns: int) -> None:
    """Above all axes, where no data are."""
    figure.legend(handles=handles, ncols=n_columns, loc="outside upper center")


def _overlap_axis(axes: Axes) -> None:
    """No less than no overlap, no more than all of it."""
    low, high = axes.get_ylim()
    axes.set_ylim(max(low, 0.0), min(high, 1.0))


def _plain_ticks(axes: Axes, leading: Sequence[float]) -> None:
    """Label a logarithmic axis by plain numbers that begin with one of these digits."""
    axes.xaxis.set_major_locator(LogLocator(subs=leading))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())


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
    positions = maps.positions % maps.box_length
    axes.quiver(
        *positions[largest].T,
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


def _pale_colours() -> ListedColormap:
    """A sequential map that stays light enough for black arrows to be seen on it."""
    return ListedColormap(mpl.colormaps["YlOrBr"](np.linspace(0.1, 0.62, 256)))


def _symbols(rows: pd.DataFrame) -> dict[float, dict]:
    """Colour and marker of each of the study's temperatures, from the lowest upwards."""
    temperatures = np.unique(rows["temperature"])
    colours = mpl.colormaps["plasma"](np.linspace(0.0, 0.85, len(temperatures)))
    return {
        temperature: {"color": tuple(colours[index]), "marker": MARKERS[index % len(MARKERS)]}
        for index, temperature in enumerate(temperatures)
    }


def _spread(symbols: dict[float, dict], max_temperatures: int) -> dict[float, dict]:
    """At most so many temperatures, from the lowest to the highest."""
    temperatures = list(symbols)
    indices = np.linspace(0, len(temperatures) - 1, min(max_temperatures, len(temperatures)))
    return {
        temperatures[index]: symbols[temperatures[index]] for index in indices.round().astype(int)
    }


def _fillings(rows: pd.DataFrame) -> dict[int, dict]:
    sizes = sorted(rows["n_particles"].unique())
    return {size: FILLINGS[index % len(FILLINGS)] for index, size in enumerate(sizes)}


def _modes_title(percent: float, number: int) -> str:
    return rf"$p_i$, $N_m={percent:.2g}\%$ of $2N$ ({number})"


def _power(value: float) -> str:
    exponent = np.log10(value)
    return f"10^{{{exponent:.0f}}}" if np.isclose(exponent, round(exponent)) else f"{value:g}"


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure
