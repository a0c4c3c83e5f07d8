"""The figures beyond the Letter, drawn from the study's tables alone, as those in `figures`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

# first: it sees to the backend that a notebook names
from softmodes.report import drawing

# isort: split
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from softmodes.analysis import statistics
from softmodes.report import beyond
from softmodes.study.storage import STATE

SHEARED: dict[str, Any] = {"ls": "--", "lw": 0.6, "marker": "x"}
"""Of points that shear came to, beside those of the dynamics."""

MIN_DISTANCE = 1e-3
"""In σ11, below which all overlaps are 1."""


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

    Of more than `drawing.MAX_TEMPERATURES`, as many from the lowest to the highest are drawn.
    """
    with drawing.letter_style():
        figure = drawing.blank_figure(2 * drawing.COLUMN_WIDTH, 4.4)
        grid = figure.add_gridspec(2, 1, height_ratios=(1.25, 1))
        upper, lower = (figure.add_subfigure(grid[row]) for row in range(2))
        every = drawing.symbols_among(states, landscape)
        fillings = drawing.fillings(landscape, states)
        symbols = drawing.spread(every, drawing.MAX_TEMPERATURES)
        panels = [*upper.subplots(1, 2, sharey=True), *lower.subplots(1, 3)]
        large, small = max(fillings), min(fillings)
        shown = landscape["temperature"].isin(list(symbols))
        largest = landscape[(landscape["n_particles"] == large) & shown]
        look = {large: fillings[large]}
        _against_time(panels[0], largest, symbols, look)
        marked = _against_distance(panels[1], largest, symbols, look, critical)
        drawing.overlap_axis(panels[0])
        smallest = landscape[landscape["n_particles"] == small]
        coldest = smallest["temperature"].min()
        smallest = smallest[smallest["temperature"] == coldest]
        _distributions(panels[2:4], smallest, every[coldest]["color"])
        _ranks(panels[4], landscape, fillings)
        for axes, letter in zip(panels, "abcde", strict=True):
            axes.set_title(f"({letter})", loc="left", pad=3)
            axes.tick_params(axis="x", pad=5)  # away from the other axis' zero
        random, _ = drawing.control_keys()
        drawing.legend(
            figure, [*drawing.temperature_keys(symbols), *drawing.size_keys(fillings), random], 10
        )
        figure.set_label(
            f"{drawing.ERROR_BARS} (a, b): N = {large}. {drawing.RANDOM}; in (e): of independent"
            f" fields. {marked} (c, d): N = {small}, T = {coldest:g}."
        )
    return figure


def _against_time(axes: Axes, rows: pd.DataFrame, symbols: dict, fillings: dict) -> None:
    """Overlap against time in units of τ_e, and its control."""
    times = beyond.observed(rows, "relaxation_time").groupby("temperature")["value"].first()
    curves = beyond.observed(rows, "overlap_by_time")
    curves = curves.assign(time=curves["x"] / curves["temperature"].map(times))
    curves = curves[curves["time"].notna()]
    if not curves.empty:
        drawing.curves(axes, curves, "time", ordinate="value", symbols=symbols, fillings=fillings)
    random = beyond.observed(rows, "random_by_time")["value"].mean()
    axes.axhline(random, color="k", ls="--")
    axes.set(xscale="log", xlabel=r"$t/\tau_{\mathrm{e}}$", ylabel=r"$O_{pp}$")


def _against_distance(
    axes: Axes, rows: pd.DataFrame, symbols: dict, fillings: dict, critical: pd.DataFrame
) -> str:
    """Overlap against distance, along the dynamics and by shear; gives what the caption says."""
    dynamics = beyond.observed(rows, "overlap_by_distance")
    drawing.curves(axes, dynamics, "x", ordinate="value", symbols=symbols, fillings=fillings)
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
        drawing.panel_legend(axes, ways)
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
    drawing.panel_legend(axes, [*ways, line])
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
    drawing.plain_ticks(distance, (1, 3))
    distances = beyond.observed(rows, "distance_distribution")
    met = distances.loc[distances["value"] > 0, "x"]
    if not met.empty:
        distance.set_xlim(met.min() / 1.5, met.max() * 1.5)
    drawing.panel_legend(
        overlap, [Line2D([], [], label=name, **look) for name, look in looks.items()]
    )


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
        relation: {"color": f"C{number}", "marker": drawing.MARKERS[number]}
        for number, relation in enumerate(("left", "returned", "elsewhere"))
    }
    drawing.curves(
        axes,
        changes,
        "temperature",
        ordinate="value",
        symbols=symbols,
        fillings=fillings,
        of="relation",
    )
    axes.axhline(1.0, color="k", ls="--")
    axes.set_ylabel(r"$|\Delta\,\mathrm{rank}|/(N/3)$")
    axes.set_ylim(0, max(1.05, axes.get_ylim()[1]))
    drawing.temperature_axis(axes, landscape["temperature"])
    names = {"left": "left its cage", "returned": "returned", "elsewhere": "stayed"}
    handles = [Line2D([], [], ls="", label=names[each], **symbols[each]) for each in symbols]
    drawing.panel_legend(axes, handles)


def figure6(cyclic: pd.DataFrame, critical: pd.DataFrame, states: pd.DataFrame) -> Figure:
    """What cyclic shear comes to, against its amplitude.

    Energy after the last cycle (a), distance that a cycle moves the structure (b) and overlap of
    the soft modes after it with those before (c), of the last cycles of every run.

    Args:
        cyclic: table `cyclic_shear`; A_c of every N and T is marked.
        critical: table `gamma_c_trends`, whose γ_c is marked.
        states: table `state_points`, for the temperatures of the study.
    """
    with drawing.letter_style():
        figure = drawing.blank_figure(drawing.COLUMN_WIDTH, 4.6)
        panels = figure.subplots(3, 1, sharex=True)
        runs = beyond.steady(cyclic)
        symbols = drawing.symbols_among(states, runs)
        fillings = drawing.fillings(runs, states)
        drawn = (
            ("energy", r"$e_{\mathrm{IS}}$ [$\epsilon$]"),
            ("distance", r"distance per cycle [$\sigma_{11}$]"),
            ("overlap", r"$O_{pp}$"),
        )
        for axes, letter, (ordinate, name) in zip(panels, "abc", drawn, strict=True):
            drawing.curves(
                axes, runs, "amplitude", ordinate=ordinate, symbols=symbols, fillings=fillings
            )
            axes.set(xscale="log", ylabel=name)
            axes.set_title(f"({letter})", loc="left", pad=2)
        upper, _, lower = panels
        for (_, temperature), own in runs.groupby(STATE[:2]):
            start = own.groupby("sample")["start_energy"].first().mean()
            upper.axhline(start, color=symbols[temperature]["color"], lw=0.6, ls=":")
        drawing.overlap_axis(lower)
        lower.set_xlabel("strain amplitude")
        drawing.plain_ticks(lower, (1, 2, 3, 5, 7))
        marks = _mark_amplitudes(panels, runs, symbols, critical)
        started = Line2D([], [], color="0.25", lw=0.6, ls=":", label="before")
        drawing.legend(
            figure,
            [*drawing.temperature_keys(symbols), *drawing.size_keys(fillings), started, *marks],
            3,
        )
        figure.set_label(
            f"{drawing.ERROR_BARS} Means over the cycles that a run repeats, or over the last"
            f" {beyond.LAST_CYCLES} of one that did not come back within the"
            f" {runs['cycles'].max()} done; dotted in (a): before the first, mean over samples."
            " Vertical lines: γ_c, solid, and A_c, dash-dotted, which lies between the amplitude up"
            " to which a sample came back and the next, geometric mean over samples; bars at their"
            f" feet: {100 * statistics.CONFIDENCE:.0f} % intervals, of A_c between the outer ends."
        )
    return figure


def _mark_amplitudes(
    panels: Sequence[Axes], runs: pd.DataFrame, symbols: dict, critical: pd.DataFrame
) -> list[Line2D]:
    """Lines through all panels, of γ_c and of A_c of every N and T, and their names.

    Their intervals stand at the foot of the first, one above the other.
    """
    marks: list[tuple[str, tuple[float, ...], dict[str, Any]]] = []
    if found := beyond.critical_strain(critical):
        strain, interval = found
        look: dict[str, Any] = {"color": "0.25", "lw": 0.7}
        marks.append((r"$\gamma_c=", (strain, interval.low, interval.high), look))
    several = runs["n_particles"].nunique() > 1
    for (size, temperature), own in runs.groupby(STATE[:2]):
        where = f"$T={temperature:g}$, " + (f"$N={size}$, " if several else "")
        amplitude = beyond.irreversibility_amplitude(own)
        bounds = amplitude.interval()
        look = {"color": symbols[temperature]["color"], "lw": 0.8, "ls": "-."}
        if np.isfinite(amplitude.value):
            ends = np.exp([amplitude.value, bounds.low, bounds.high])
            marks.append((f"{where}$A_c{amplitude.relation}", tuple(ends), look))
    first = panels[0]
    drawing.make_foot(first, 0.02 + 0.04 * len(marks))
    left, right = first.set_xlim(first.get_xlim())  # whatever an interval reaches to
    for index, (_, (value, low, high), look) in enumerate(marks):
        for axes in panels:
            axes.axvline(value, zorder=0, **look)
        y = 0.03 + 0.04 * index
        first.plot(
            [max(low, left), min(high, right)],
            [y, y],
            color=look["color"],
            lw=1.5,
            solid_capstyle="butt",
            transform=first.get_xaxis_transform(),
        )
    return [
        Line2D([], [], label=f"{name}{value:.3f}$", **look) for name, (value, *_), look in marks
    ]


def figure7(response: pd.DataFrame, states: pd.DataFrame) -> Figure:
    """What the lowest modes hold of the linear response to shear, against their number.

    Args:
        response: table `linear_response`.
        states: table `state_points`, for the temperatures of the study.
    """
    with drawing.letter_style():
        symbols = drawing.symbols_among(states, response)
        fillings = drawing.fillings(response, states)
        rows = response.assign(percent=100 * response["mode_fraction"])
        figure = drawing.blank_figure(drawing.COLUMN_WIDTH, 2.8)
        axes = figure.subplots()
        drawing.curves(
            axes, rows, "percent", ordinate="fraction", symbols=symbols, fillings=fillings
        )
        for (t, _), states_of in rows.groupby(["temperature", "n_particles"]):
            random = states_of.groupby("percent")["random"].mean()
            axes.plot(random.index, random, color=symbols[t]["color"], lw=0.6, ls="--")
        axes.set(xscale="log", xlabel=r"lowest modes [% of $2N$]")
        axes.set_ylabel(r"fraction of $|d_{\mathrm{lin}}|^2$")
        drawing.plain_ticks(axes, (1, 3))
        drawing.overlap_axis(axes)
        random, _ = drawing.control_keys()
        drawing.legend(
            figure, [*drawing.temperature_keys(symbols), *drawing.size_keys(fillings), random], 3
        )
        figure.set_label(
            f"{drawing.ERROR_BARS} Dashed, in the colour of the temperature: the same of the"
            " response to forces of random direction."
        )
    return figure
