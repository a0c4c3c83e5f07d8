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
from softmodes.report import beyond
from softmodes.report.maps import Maps
from softmodes.study import atomic
from softmodes.study.storage import STATE

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

SHEARED: dict[str, Any] = {"ls": "--", "lw": 0.6, "marker": "x"}
"""Of points that shear came to, beside those of the dynamics."""

MIN_DISTANCE = 1e-3
"""In σ11, below which all overlaps are 1."""

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
        axes.set_ylabel("overlap")
        _temperature_axis(axes, overlap["temperature"])
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


def figure5(landscape: pd.DataFrame, critical: pd.DataFrame, states: pd.DataFrame) -> Figure:
    """Soft modes of the inherent structures along the dynamics, in and between metabasins.

    Of the largest system their overlap with those of an earlier structure against time (a) and
    against distance (b), there beside the same by shear; of the smallest at its lowest temperature
    distributions of overlap (c) and distance (d) over pairs of structures; how much particles
    change in rank (e).

    Args:
        landscape: the table of that name.
        critical: table `gamma_c_trends`; the distance that its γ_c moves a structure is marked.
        states: table `state_points`, for the temperatures of the study.

    Of more than `MAX_TEMPERATURES`, as many from the lowest to the highest are drawn.
    """
    with letter_style():
        figure = _figure(2 * COLUMN_WIDTH, 4.4)
        grid = figure.add_gridspec(2, 1, height_ratios=(1.25, 1))
        upper, lower = (figure.add_subfigure(grid[row]) for row in range(2))
        every, fillings = _symbols_among(states, landscape), _fillings(landscape)
        symbols = _spread(every, MAX_TEMPERATURES)
        panels = [*upper.subplots(1, 2, sharey=True), *lower.subplots(1, 3)]
        large, small = max(fillings), min(fillings)
        shown = landscape["temperature"].isin(list(symbols))
        largest = landscape[(landscape["n_particles"] == large) & shown]
        look = {large: fillings[large]}
        _against_time(panels[0], largest, symbols, look)
        marked = _against_distance(panels[1], largest, symbols, look, critical)
        _overlap_axis(panels[0])
        smallest = landscape[landscape["n_particles"] == small]
        coldest = smallest["temperature"].min()
        smallest = smallest[smallest["temperature"] == coldest]
        _distributions(panels[2:4], smallest, every[coldest]["color"])
        _ranks(panels[4], landscape, fillings)
        for axes, letter in zip(panels, "abcde", strict=True):
            axes.set_title(f"({letter})", loc="left", pad=3)
            axes.tick_params(axis="x", pad=5)  # away from the other axis' zero
        random, _ = _control_lines()
        _legend(figure, [*_temperatures(symbols), *_sizes(fillings), random], 10)
        figure.set_label(
            f"{ERROR_BARS} (a, b): N = {large}. {RANDOM}; in (e): of independent fields. {marked}"
            f" (c, d): N = {small}, T = {coldest:g}."
        )
    return figure


def _against_time(axes: Axes, rows: pd.DataFrame, symbols: dict, fillings: dict) -> None:
    """Overlap against time in units of τ_e, and its control."""
    times = beyond.observed(rows, "relaxation_time").groupby("temperature")["value"].first()
    curves = beyond.observed(rows, "overlap_by_time")
    curves = curves.assign(time=curves["x"] / curves["temperature"].map(times))
    curves = curves[curves["time"].notna()]
    if not curves.empty:
        _curves(axes, curves, "time", "value", symbols, fillings)
    random = beyond.observed(rows, "random_by_time")["value"].mean()
    axes.axhline(random, color="k", ls="--")
    axes.set(xscale="log", xlabel=r"$t/\tau_{\mathrm{e}}$", ylabel=r"$O_{pp}$")


def _against_distance(
    axes: Axes, rows: pd.DataFrame, symbols: dict, fillings: dict, critical: pd.DataFrame
) -> str:
    """Overlap against distance, along the dynamics and by shear; gives what the caption says."""
    dynamics = beyond.observed(rows, "overlap_by_distance")
    _curves(axes, dynamics, "x", "value", symbols, fillings)
    distances = beyond.observed(rows, "distance_by_strain")
    distances = distances[distances["value"] > 0]
    overlaps = beyond.observed(rows, "overlap_by_strain")
    sheared = overlaps.merge(distances, on=[*STATE, "x"], suffixes=("", "_distance"))
    sheared = sheared.assign(place=np.log(sheared["value_distance"]))
    for temperature, curve in sheared.groupby("temperature"):
        by_strain = curve.groupby("x")
        axes.errorbar(
            np.exp(by_strain["place"].mean().to_numpy()),
            by_strain["value"].mean().to_numpy(),
            yerr=by_strain["value"].std().fillna(0.0).to_numpy(),
            elinewidth=0.5,
            capsize=0,
            color=symbols[temperature]["color"],
            **SHEARED,
        )
    axes.set(xscale="log", xlabel=r"rms distance [$\sigma_{11}$]")
    axes.set_xlim(left=max(axes.get_xlim()[0], MIN_DISTANCE))
    (filling,) = fillings.values()
    ways = [
        Line2D([], [], color="0.25", marker="o", lw=0.6, label="dynamics", **filling),
        Line2D([], [], color="0.25", label="shear", **SHEARED),
    ]
    coldest = distances[distances["temperature"] == distances["temperature"].min()]
    found = beyond.critical_strain(critical)
    if found is None or coldest.empty:
        _panel_legend(axes, ways)
        return "No critical strain could be determined."
    curves = coldest.pivot(index="sample", columns="x", values="value")
    strain, interval = found
    value, low, high = (
        np.exp(np.log(beyond.at_strain(curves, each)).mean())
        for each in (strain, interval.low, interval.high)
    )
    axes.axvline(value, color="0.25", lw=0.7, zorder=0)
    axes.axvspan(low, high, color="k", alpha=0.1, lw=0, zorder=-1)
    line = Line2D([], [], color="0.25", lw=0.7, label=rf"$\gamma_c={strain:.3f}$")
    _panel_legend(axes, [*ways, line])
    temperature = coldest["temperature"].iloc[0]
    return (
        "Points of shear are means over samples at one strain. Vertical line: the distance at γ_c,"
        f" T = {temperature:g}; band: over its {100 * statistics.CONFIDENCE:.0f} % interval."
    )


def _distributions(panels: Sequence[Axes], rows: pd.DataFrame, colour: tuple) -> None:
    """Fractions of pairs of structures, within metabasins and between successive ones."""
    looks: dict[str, dict[str, Any]] = {
        "within": {"color": colour},
        "between": {"color": "0.45", "ls": (0, (4, 1))},
    }
    overlap, distance = panels
    for relation, look in looks.items():
        of_overlap = beyond.observed(rows, "overlap_distribution", relation)
        of_distance = beyond.observed(rows, "distance_distribution", relation)
        _histogram(overlap, of_overlap, look, filled=relation == "within")
        _histogram(distance, of_distance, look, filled=relation == "within", logarithmic=True)
    overlap.set(xlim=(0, 1), xlabel=r"$O_{pp}$", ylabel="fraction of pairs")
    distance.set(xscale="log", xlabel=r"rms distance [$\sigma_{11}$]")
    _plain_ticks(distance, (1, 3))
    distances = beyond.observed(rows, "distance_distribution")
    met = distances.loc[distances["value"] > 0, "x"]
    if not met.empty:
        distance.set_xlim(met.min() / 1.5, met.max() * 1.5)
    _panel_legend(overlap, [Line2D([], [], label=name, **look) for name, look in looks.items()])


def _histogram(
    axes: Axes, pairs: pd.DataFrame, look: dict, *, filled: bool, logarithmic: bool = False
) -> None:
    """Means over samples of the fractions in bins of equal width, in x or in its logarithm."""
    forth, back = (np.log, np.exp) if logarithmic else (np.asarray, np.asarray)
    bins = pairs.groupby("x")["value"].agg(["mean", "std"]).fillna(0.0)
    if len(bins) < 2:
        return
    centres = forth(bins.index.to_numpy())
    half = 0.5 * np.diff(centres).min()
    edges = back(np.append(centres - half, centres[-1] + half))
    axes.stairs(bins["mean"], edges, **look)
    if filled:
        axes.stairs(bins["mean"], edges, fill=True, color=look["color"], alpha=0.15)
    axes.errorbar(
        bins.index,
        bins["mean"],
        yerr=bins["std"],
        ls="",
        elinewidth=0.5,
        capsize=0,
        color=look["color"],
    )
    axes.set_ylim(bottom=0)


def _ranks(axes: Axes, landscape: pd.DataFrame, fillings: dict) -> None:
    """Change in the rank of p_i against temperature, of particles that left their cage or not."""
    changes = beyond.observed(landscape, "rank_change")
    symbols: dict[str, dict[str, Any]] = {
        relation: {"color": f"C{number}", "marker": MARKERS[number]}
        for number, relation in enumerate(("left", "returned", "elsewhere"))
    }
    _curves(axes, changes, "temperature", "value", symbols, fillings, of="relation")
    axes.axhline(1.0, color="k", ls="--")
    axes.set_ylabel(r"$|\Delta\,\mathrm{rank}|/(N/3)$")
    axes.set_ylim(0, max(1.05, axes.get_ylim()[1]))
    _temperature_axis(axes, landscape["temperature"])
    names = {"left": "left its cage", "returned": "returned", "elsewhere": "stayed"}
    handles = [Line2D([], [], ls="", label=names[each], **symbols[each]) for each in symbols]
    _panel_legend(axes, handles)


def figure6(cyclic: pd.DataFrame, critical: pd.DataFrame, states: pd.DataFrame) -> Figure:
    """What cyclic shear comes to, against its amplitude.

    Energy after the last cycle (a), distance that a cycle moves the structure (b) and overlap of
    the soft modes after it with those before (c), of the last cycles of every run.

    Args:
        cyclic: table `cyclic_shear`; A_c of every N and T is marked.
        critical: table `gamma_c_trends`, whose γ_c is marked.
        states: table `state_points`, for the temperatures of the study.
    """
    with letter_style():
        figure = _figure(COLUMN_WIDTH, 4.6)
        panels = figure.subplots(3, 1, sharex=True)
        runs = beyond.steady(cyclic)
        symbols, fillings = _symbols_among(states, runs), _fillings(runs)
        drawn = (
            ("energy", r"$e_{\mathrm{IS}}$ [$\epsilon$]"),
            ("distance", r"distance per cycle [$\sigma_{11}$]"),
            ("overlap", r"$O_{pp}$"),
        )
        for axes, letter, (ordinate, name) in zip(panels, "abc", drawn, strict=True):
            _curves(axes, runs, "amplitude", ordinate, symbols, fillings)
            axes.set(xscale="log", ylabel=name)
            axes.set_title(f"({letter})", loc="left", pad=2)
        upper, _, lower = panels
        for (_, temperature), own in runs.groupby(STATE[:2]):
            start = own.groupby("sample")["start_energy"].first().mean()
            upper.axhline(start, color=symbols[temperature]["color"], lw=0.6, ls=":")
        _overlap_axis(lower)
        lower.set_xlabel("strain amplitude")
        _plain_ticks(lower, (1, 2, 3, 5, 7))
        marks = _mark_amplitudes(panels, runs, symbols, critical)
        started = Line2D([], [], color="0.25", lw=0.6, ls=":", label="before")
        _legend(figure, [*_temperatures(symbols), *_sizes(fillings), started, *marks], 3)
        figure.set_label(
            f"{ERROR_BARS} (a): after the last cycle; dotted: before the first, mean over samples."
            " (b, c): means over the cycles that a run repeats, or over the last"
            f" {beyond.LAST_CYCLES} of one that did not come back. Vertical lines: γ_c, solid, and"
            " A_c, dash-dotted, the geometric mean over samples of the amplitude up to which they"
            f" come back; bands: {100 * statistics.CONFIDENCE:.0f} % intervals."
        )
    return figure


def figure7(response: pd.DataFrame, states: pd.DataFrame) -> Figure:
    """What the lowest modes hold of the linear response to shear, against their number.

    Args:
        response: table `linear_response`.
        states: table `state_points`, for the temperatures of the study.
    """
    with letter_style():
        symbols, fillings = _symbols_among(states, response), _fillings(response)
        rows = response.assign(percent=100 * response["mode_fraction"])
        figure = _figure(COLUMN_WIDTH, 2.8)
        axes = figure.subplots()
        _curves(axes, rows, "percent", "fraction", symbols, fillings)
        for (t, _), states_of in rows.groupby(["temperature", "n_particles"]):
            random = states_of.groupby("percent")["random"].mean()
            axes.plot(random.index, random, color=symbols[t]["color"], lw=0.6, ls="--")
        axes.set(xscale="log", xlabel=r"lowest modes [% of $2N$]")
        axes.set_ylabel(r"fraction of $|d_{\mathrm{lin}}|^2$")
        _plain_ticks(axes, (1, 3))
        _overlap_axis(axes)
        random, _ = _control_lines()
        _legend(figure, [*_temperatures(symbols), *_sizes(fillings), random], 3)
        figure.set_label(
            f"{ERROR_BARS} Dashed, in the colour of the temperature: the same of the response to"
            " forces of random direction."
        )
    return figure


def _mark_amplitudes(
    panels: Sequence[Axes], runs: pd.DataFrame, symbols: dict, critical: pd.DataFrame
) -> list[Line2D]:
    """Lines and bands through all panels, of γ_c and of A_c of every N and T, and their names."""
    marks: list[tuple[str, tuple, dict[str, Any]]] = []
    if found := beyond.critical_strain(critical):
        strain, interval = found
        look: dict[str, Any] = {"color": "0.25", "lw": 0.7}
        marks.append((r"\gamma_c", (strain, interval.low, interval.high), look))
    for (_, temperature), own in runs.groupby(STATE[:2]):
        mean = statistics.summarise(np.log(beyond.irreversibility_amplitudes(own)))
        if mean.n:
            ends = np.exp([mean.mean, mean.interval.low, mean.interval.high])
            look = {"color": symbols[temperature]["color"], "lw": 0.8, "ls": "-."}
            marks.append(("A_c", tuple(ends), look))
    for _, (value, low, high), look in marks:
        for axes in panels:
            axes.axvline(value, zorder=0, **look)
            axes.axvspan(low, high, color=look["color"], alpha=0.12, lw=0, zorder=-1)
    return [
        Line2D([], [], label=f"${name}={value:.3f}$", **look) for name, (value, *_), look in marks
    ]


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


def _panel_legend(axes: Axes, handles: list[Line2D]) -> None:
    """In the line of its letter, on the right."""
    axes.legend(
        handles=handles,
        ncols=len(handles),
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        borderaxespad=0.2,
        borderpad=0.0,
    )


def _temperature_axis(axes: Axes, temperatures: pd.Series) -> None:
    """Logarithmic, a little wider than the data."""
    low, high = temperatures.min(), temperatures.max()
    margin = (high / low) ** 0.06 if low < high else 1.3
    axes.set(xscale="log", xlabel=r"$T$ [$\epsilon/k_{\mathrm{B}}$]")
    axes.set_xlim(low / margin, high * margin)
    _plain_ticks(axes, (1, 1.5, 2, 3, 4, 5, 6, 8))


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


def _symbols_among(states: pd.DataFrame, rows: pd.DataFrame) -> dict[float, dict]:
    """Of the temperatures that rows have, as among all of the study."""
    there = set(rows["temperature"])
    return {t: symbol for t, symbol in _symbols(states).items() if t in there}


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
