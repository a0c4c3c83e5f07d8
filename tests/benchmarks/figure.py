"""Cost per particle-step and per mode against N, ours and the peers'."""

from __future__ import annotations

from collections.abc import Iterable

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from softmodes.plotting import letter_style

from .harness import Point

UNITS = {"particle-step": "s per particle-step", "mode": "s per mode"}
CODES = ("softmodes", "LAMMPS", "eigh", "eigsh")
MARKERS = "osD^"


def scaling(points: Iterable[Point]) -> Figure:
    """Two log-log panels over the same N."""
    points = list(points)
    with letter_style():
        figure = Figure(figsize=(3.4, 4.2))
        panels = figure.subplots(len(UNITS), 1, sharex=True)
        for axes, (unit, label) in zip(panels, UNITS.items(), strict=True):
            _draw(axes, [point for point in points if point.unit == unit])
            axes.set(xscale="log", yscale="log", ylabel=label)
        panels[-1].set_xlabel("$N$")
    return figure


def _draw(axes: Axes, points: list[Point]) -> None:
    """One line per code."""
    for place, code in enumerate(CODES):
        line = sorted((point.n_particles, point.seconds) for point in points if point.code == code)
        if line:
            sizes, seconds = zip(*line, strict=True)
            axes.plot(sizes, seconds, color=f"C{place}", marker=MARKERS[place], label=code)
    if points:
        axes.legend()
