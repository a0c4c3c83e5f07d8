"""The Letter's figures, drawn from the study's tables alone; `drawing` has what they share.

Nothing here computes physics beyond means over samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

# first: it sees to the backend that a notebook names
from softmodes.report import drawing

# isort: split
import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from matplotlib.colors import ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogFormatterSciNotation
from numpy.typing import NDArray

from softmodes.analysis import statistics
from softmodes.report.maps import Maps

NEAR_YIELD = 0.01
"""Strain below which parting from linear response means another basin, and the slope of the energy
over a small step of strain is noise."""


def figure1(overlap: pd.DataFrame, energy: pd.DataFrame, critical: pd.DataFrame) -> Figure:
    """Overlap of Debye–Waller factor and soft modes (a), energy (b) and stress (c) against strain.

    Args:
        overlap: table `overlap_vs_gamma`.
        energy: table `energy_stress`.
        critical: table `gamma_c`; for every N the drop of the mean overlap is marked at the lowest
            temperature that has one, with its interval.

    Of more than `drawing.MAX_TEMPERATURES`, as many from the lowest to the highest are drawn.
    """
    with drawing.letter_style():
        figure = drawing.blank_figure(drawing.COLUMN_WIDTH, 5.0)
        panels = figure.subplots(3, 1, sharex=True, height_ratios=(1.7, 1, 1))
        symbols, fillings = (
            drawing.spread(drawing.symbols(overlap), drawing.MAX_TEMPERATURES),
            drawing.fillings(overlap),
        )
        curves = overlap[(overlap["quantity"] == "DW_p") & (overlap["gamma"] > 0)]
        strained = energy[energy["gamma"] > 0]
        drawn = (
            (curves, "overlap", r"$O_{\mathrm{DW},p}$"),
            (strained, "normalised_energy", r"$e_{\mathrm{IS}}(\gamma)/e_{\mathrm{IS}}(0)$"),
            (strained, "shear_stress", r"$\sigma_{xy}$ [$\epsilon/\sigma_{11}^2$]"),
        )
        for axes, letter, (rows, ordinate, name) in zip(panels, "abc", drawn, strict=True):
            drawing.curves(
                axes, rows, "gamma", ordinate=ordinate, symbols=symbols, fillings=fillings
            )
            axes.set(xscale="log", ylabel=name)
            axes.set_title(f"({letter})", loc="left", pad=2)
        upper, _, lower = panels
        _controls(upper, curves, "gamma")
        drawing.overlap_axis(upper)
        coldest = min(symbols)  # at the others the slope is noise of single samples
        near = strained[(strained["gamma"] >= NEAR_YIELD) & (strained["temperature"] == coldest)]
        slope = near.groupby("gamma")["energy_slope"].mean()
        look = {"color": symbols[coldest]["color"], "ls": "-."}
        lower.plot(slope.index, slope, **look)
        lower.set_xlabel(r"$\gamma$")
        marked = _mark_critical_strain(panels, critical, fillings)
        sloping = Line2D([], [], label=r"$\rho\,de_{\mathrm{IS}}/d\gamma$", **look)
        lines = [*drawing.control_keys(), sloping]
        drawing.legend(
            figure, drawing.temperature_keys(symbols) + drawing.size_keys(fillings) + lines, 3
        )
        figure.set_label(
            f"{drawing.ERROR_BARS} {drawing.RANDOM}; dotted: within each species. Dash-dotted in"
            f" (c): the slope ρ de_IS/dγ of the energy at T = {coldest:g}. {marked}"
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
    temperatures, fillings = overlap["temperature"], drawing.fillings(overlap)
    overlap = overlap[overlap["overlap"].notna()]
    with drawing.letter_style():
        figure = drawing.blank_figure(drawing.COLUMN_WIDTH, 3.0)
        axes = figure.subplots()
        symbols: dict[str, dict[str, Any]] = {
            quantity: {"color": f"C{number}", "marker": drawing.MARKERS[number]}
            for number, quantity in enumerate(shown)
        }
        drawing.curves(
            axes,
            overlap,
            "temperature",
            ordinate="overlap",
            symbols=symbols,
            fillings=fillings,
            of="quantity",
        )
        for quantity, symbol in symbols.items():
            rows = overlap[overlap["quantity"] == quantity]
            within = rows.groupby("temperature")["within_species"].mean()
            axes.plot(within.index, within, color=symbol["color"], lw=0.6, ls=":", marker="_")
        random = overlap[overlap["quantity"] == "DW_pq"].groupby("temperature")["random"].mean()
        axes.plot(random.index, random, "k--", marker="_")
        axes.set_ylabel("overlap")
        drawing.temperature_axis(axes, temperatures)
        drawing.overlap_axis(axes)
        handles = [Line2D([], [], label=shown[name], **symbols[name]) for name in shown]
        drawing.legend(figure, handles + drawing.size_keys(fillings) + drawing.control_keys(), 4)
        figure.set_label(
            f"{drawing.ERROR_BARS} {drawing.RANDOM}; dotted, in the colour of the overlap: within"
            f" each species. {_changed_basins(overlap[overlap['quantity'] == 'DW_d'])}"
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
    with drawing.letter_style():
        figure = drawing.blank_figure(1.5 * drawing.COLUMN_WIDTH, 1.38 * drawing.COLUMN_WIDTH)
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
    with drawing.letter_style():
        symbols = drawing.spread(
            drawing.spread(drawing.symbols(overlap), drawing.MAX_TEMPERATURES), 3
        )
        fillings = drawing.fillings(overlap)
        shown = overlap[overlap["temperature"].isin(list(symbols))]
        shown = shown.assign(percent=100 * shown["mode_fraction"])
        strains = sorted({shown["gamma"].min(), shown["gamma"].max()})
        figure = drawing.blank_figure(drawing.COLUMN_WIDTH, 0.6 + 1.25 * len(strains))
        panels = figure.subplots(len(strains), 3, sharex=True, sharey="row", squeeze=False)
        for row, strain in zip(panels, strains, strict=True):
            at_strain = shown[shown["gamma"] == strain]
            for axes, quantity in zip(row, columns, strict=True):
                curves = at_strain[at_strain["quantity"] == quantity]
                drawing.curves(
                    axes, curves, "percent", ordinate="overlap", symbols=symbols, fillings=fillings
                )
                axes.axhline(curves["random"].mean(), color="k", ls="--")
            row[0].set_ylabel(rf"overlap, $\gamma={_power(strain)}$")
        for axes, label in zip(panels[0], columns.values(), strict=True):
            axes.set_title(label, pad=3)
        panels[-1, 1].set_xlabel(r"$N_m$ [% of $2N$]")
        if shown["overlap"].notna().any():  # a logarithmic axis must have data
            panels[0, 0].set_xscale("log")
            drawing.plain_ticks(panels[0, 0], (1,))
        for axes in panels[:, 0]:
            drawing.overlap_axis(axes)
        random, _ = drawing.control_keys()
        handles = [*drawing.temperature_keys(symbols), *drawing.size_keys(fillings), random]
        drawing.legend(figure, [handle for column in range(3) for handle in handles[column::3]], 3)
        changed = _changed_basins(shown[shown["quantity"] == "d_p"])
        figure.set_label(f"{drawing.ERROR_BARS} {drawing.RANDOM}. {changed}")
    return figure


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
    drawing.make_foot(first, 0.02 + 0.07 * len(lowest))
    first.set_ylim(bottom=max(first.get_ylim()[0], 0.0))
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


def _modes_title(percent: float, number: int) -> str:
    return rf"$p_i$, $N_m={percent:.3g}\%$ of $2N$ ({number})"


def _power(value: float) -> str:
    exponent = np.log10(value)
    return f"10^{{{exponent:.0f}}}" if np.isclose(exponent, round(exponent)) else f"{value:g}"
