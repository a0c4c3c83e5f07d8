"""The study's tables, and what of them a statement is judged by: one number or curve per sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from softmodes.analysis.statistics import Interval, Summary, sum_of_means
from softmodes.study.storage import STATE

MIN_FRACTION = 0.001
"""Fraction of the modes from which on overlaps are compared: fewer are all noise."""


@dataclass(frozen=True)
class Tables:
    """The study's tables, named as their files, and its seed."""

    overlap_vs_gamma: pd.DataFrame
    overlap_vs_temperature: pd.DataFrame
    overlap_vs_modes: pd.DataFrame
    energy_stress: pd.DataFrame
    gamma_c: pd.DataFrame
    gamma_c_trends: pd.DataFrame
    state_points: pd.DataFrame
    checks: pd.DataFrame
    seed: int

    @property
    def sizes(self) -> list[int]:
        """Numbers of particles, ascending."""
        return sorted(map(int, self.state_points["n_particles"].unique()))

    @property
    def temperatures(self) -> list[float]:
        """Ascending."""
        return sorted(map(float, self.state_points["temperature"].unique()))

    def temperatures_at(self, size: int) -> list[float]:
        """Those of one N, ascending."""
        states = self.state_points
        return sorted(states.loc[states["n_particles"] == size, "temperature"].unique())

    def coldest(self, size: int) -> float:
        """The lowest temperature of one N."""
        return self.temperatures_at(size)[0]

    def hottest(self, size: int) -> float:
        """The highest temperature of one N."""
        return self.temperatures_at(size)[-1]

    def states(self, size: int, temperature: float) -> pd.DataFrame:
        """`state_points` of one N and T, by sample."""
        states = self.state_points
        chosen = states[(states["n_particles"] == size) & (states["temperature"] == temperature)]
        return chosen.set_index("sample")

    def overlap(
        self, quantity: str, size: int, temperature: float, *, less: str | None = None
    ) -> pd.Series:
        """An overlap of `overlap_vs_temperature` by sample, less one of its controls."""
        rows = _known(self.overlap_vs_temperature, quantity, size)
        rows = rows[rows["temperature"] == temperature].set_index("sample")
        return rows["overlap"] - rows[less] if less else rows["overlap"]

    def temperatures_of(self, quantity: str, size: int) -> list[float]:
        """Temperatures, ascending, at which `overlap_vs_temperature` holds a quantity."""
        return sorted(_known(self.overlap_vs_temperature, quantity, size)["temperature"].unique())

    def rise_on_cooling(self, quantity: str, size: int) -> tuple[str, pd.Series]:
        """An overlap at its lowest temperature less that at its highest, by sample, and where."""
        known = self.temperatures_of(quantity, size)
        if len(known) < 2:
            return f"N = {size}", pd.Series(dtype=float)
        cold, hot = (self.overlap(quantity, size, t) for t in (known[0], known[-1]))
        return f"T = {known[0]:g} less T = {known[-1]:g}, N = {size}", cold - hot

    def overlap_by_temperature(
        self, quantity: str, size: int, column: str = "overlap"
    ) -> pd.DataFrame:
        """An overlap, or what stands beside it, by sample and T, where several samples have it."""
        rows = _known(self.overlap_vs_temperature, quantity, size)
        return _of_several(rows.pivot(index="sample", columns="temperature", values=column))

    def by_state(self, quantity: str) -> pd.Series:
        """Overlaps of `overlap_vs_temperature` by state point."""
        rows = self.overlap_vs_temperature
        rows = rows[(rows["quantity"] == quantity) & rows["overlap"].notna()]
        return rows.set_index(STATE)["overlap"]

    def overlap_curves(
        self, size: int, temperature: float, column: str = "overlap"
    ) -> pd.DataFrame:
        """O_DW,p, or what stands beside it, by sample and strain above zero."""
        rows = self.overlap_vs_gamma
        rows = rows[rows["quantity"] == "DW_p"]
        return _strained(rows, size, temperature, column).dropna()

    def energy_curves(self, size: int, temperature: float, column: str) -> pd.DataFrame:
        """A column of `energy_stress`, one row per sample, one column per strain above zero."""
        return _strained(self.energy_stress, size, temperature, column)

    def mode_curves(self, quantity: str, size: int, near_critical: bool) -> pd.DataFrame:
        """Overlaps of the lowest temperature, one row per sample, one column per fraction of modes.

        At the smallest strain of the scan, or at the largest, which lies near γ_c; from
        MIN_FRACTION of the modes on.
        """
        frame = self.overlap_vs_modes
        gamma = frame["gamma"].max() if near_critical else frame["gamma"].min()
        rows = _known(frame[frame["gamma"] == gamma], quantity, size)
        coldest = rows["temperature"] == self.coldest(size)
        rows = rows[coldest & (rows["mode_fraction"] >= MIN_FRACTION)]
        return rows.pivot(index="sample", columns="mode_fraction", values="overlap").dropna()

    def own_strains(self, estimator: str) -> pd.Series:
        """The samples' own strains by state point, where the ensemble's is defined."""
        rows = self.gamma_c
        rows = rows[(rows["estimator"] == estimator) & (rows["what"] == "sample")]
        return rows[rows["defined"]].set_index(STATE)["value"]

    def trend(
        self, estimator: str, what: str, size: int | None
    ) -> tuple[float, Interval, pd.Series] | None:
        """A row of `gamma_c_trends`, as the function of that name gives it."""
        return trend(self.gamma_c_trends, estimator, what, size=size)


def trend(
    trends: pd.DataFrame, estimator: str, what: str, *, size: int | None
) -> tuple[float, Interval, pd.Series] | None:
    """Value, interval and row of a trend of the critical strains; None where it has no value.

    Args:
        trends: table `gamma_c_trends`.
        estimator, what: as in it.
        size: N; None: every N.
    """
    sizes = trends["n_particles"]
    rows = trends[
        (trends["estimator"] == estimator)
        & (trends["what"] == what)
        & (sizes.isna() if size is None else sizes == size)
        & trends["value"].notna()
    ]
    if rows.empty:
        return None
    row = rows.iloc[0]
    return row["value"], Interval(row["lower"], row["upper"], int(row["n_undefined"])), row


def mean_over_state_points(values: pd.Series) -> Summary:
    """Mean over every N and T, all with equal weight, of the mean over the samples that are there.

    Samples of one N and number are the same at all T, and may lack at some. An N and T of one
    sample, which has no error, counts only where there is no other.

    Args:
        values: by state point; NaN is left out.
    """
    rows = values.dropna().rename("value").reset_index()
    ensembles = pd.MultiIndex.from_frame(rows[["n_particles", "temperature"]])
    table = rows.assign(ensemble=ensembles).pivot(
        index=["n_particles", "sample"], columns="ensemble", values="value"
    )
    some = _of_several(table)
    table = table if some.empty else some
    return sum_of_means(table, np.ones(table.shape[1]) / max(table.shape[1], 1))


def _of_several(table: pd.DataFrame) -> pd.DataFrame:
    """Those columns of which two rows or more are known, and those rows that have any."""
    return table.loc[:, table.count() > 1].dropna(how="all")


def _known(frame: pd.DataFrame, quantity: str, size: int) -> pd.DataFrame:
    return frame[
        (frame["quantity"] == quantity) & (frame["n_particles"] == size) & frame["overlap"].notna()
    ]


def _strained(frame: pd.DataFrame, size: int, temperature: float, column: str) -> pd.DataFrame:
    rows = frame[
        (frame["n_particles"] == size)
        & (frame["temperature"] == temperature)
        & (frame["gamma"] > 0)
    ]
    return rows.pivot(index="sample", columns="gamma", values=column)
