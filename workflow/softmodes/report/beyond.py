"""What the Letter could only conjecture: statements about metabasins, dynamics and cyclic shear.

Written as those of `softmodes.report.letter`, with their criteria fixed before results were looked
at. Each may come out against the Letter. The tables are of blocks that a study may lack; then the
statements drawn from them yield nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from softmodes.analysis.statistics import Interval, Summary, summarise
from softmodes.report.evidence import trend
from softmodes.report.letter import MOSTLY_THE_SAME, NEAR, SIMILAR
from softmodes.report.verdicts import (
    Finding,
    Observation,
    Range,
    Statements,
    above,
    around_zero,
    mean,
    of_interval,
    undefined,
)
from softmodes.study.storage import STATE

LAST_CYCLES = 5
"""So many at the end of a run that never came back stand for what it would go on doing."""

SAME_STRAIN = 1.25
"""Factor within which two strains are the same."""

DROP = "overlap_drop"
"""The estimator that is meant by γ_c."""

Ensemble = tuple[int, float]
"""N and T."""

Yielded = Iterator[Observation | str]


@dataclass(frozen=True)
class BeyondTables:
    """Tables of the blocks beyond the Letter, None without a block, and where γ_c is told."""

    landscape: pd.DataFrame | None
    cyclic_shear: pd.DataFrame | None
    linear_response: pd.DataFrame | None
    gamma_c_trends: pd.DataFrame

    def coldest(self, of_sizes: Callable[[Iterable[int]], int]) -> list[Ensemble]:
        """The lowest temperature of the smallest or largest system of `landscape`; none without it.

        Args:
            of_sizes: min or max.
        """
        if self.landscape is None:
            return []
        size = of_sizes(self.landscape["n_particles"])
        rows = self.landscape[self.landscape["n_particles"] == size]
        return [(int(size), float(rows["temperature"].min()))]

    def curves(self, observable: str, ensemble: Ensemble, relation: str) -> pd.DataFrame:
        """What `observed` gives of an N and T, one row per sample, one column per x."""
        rows = _of(ensemble, observed(self.landscape, observable, relation))
        return rows.pivot(index="sample", columns="x", values="value")

    def of_pairs(self, observable: str, ensemble: Ensemble, relation: str) -> pd.Series:
        """A mean over pairs of structures by sample."""
        rows = _of(ensemble, observed(self.landscape, observable, relation))
        return rows.set_index("sample")["value"]

    def sheared(self, ensemble: Ensemble) -> Iterator[tuple[int, pd.DataFrame]]:
        """Samples, each with its overlap and distance by strain, in order of distance."""
        overlaps = self.curves("overlap_by_strain", ensemble, "shear").stack()
        distances = self.curves("distance_by_strain", ensemble, "shear").stack()
        both = pd.DataFrame({"overlap": overlaps, "distance": distances}).dropna()
        for sample, curve in both[both["distance"] > 0].groupby("sample"):
            yield int(sample), curve.sort_values("distance")

    def runs(self) -> Iterator[tuple[Ensemble, pd.DataFrame]]:
        """Every N and T with `steady` states of its cyclic shear; none without the block."""
        if self.cyclic_shear is None:
            return
        for (size, temperature), rows in steady(self.cyclic_shear).groupby(STATE[:2]):
            yield (int(size), float(temperature)), rows

    @property
    def critical_strain(self) -> tuple[float, Interval] | None:
        """γ_c of the mean overlaps over every N and T; None where it is not defined."""
        return critical_strain(self.gamma_c_trends)

    @property
    def warmest(self) -> float:
        """The highest temperature at which γ_c is defined; NaN if that is not told."""
        trends = self.gamma_c_trends
        changes = trends["what"] == "change_with_temperature"
        return trends.loc[changes & (trends["estimator"] == DROP), "abscissa_high"].max()


BEYOND: Statements[BeyondTables] = Statements()


def judged(tables: BeyondTables) -> list[Finding]:
    """The statements whose tables there are, with what was found."""
    found = [statement.judge(tables) for statement in BEYOND]
    return [item for item in found if item.observations]


def warnings(tables: BeyondTables) -> list[str]:
    """What a reader must know before believing the statements."""
    if tables.cyclic_shear is None:
        return []
    cycles = tables.cyclic_shear[tables.cyclic_shear["cycle"] > 0]
    unconverged = ~cycles["converged"].astype(bool)
    return [
        f"{_at((int(size), float(temperature)))}: in {some.sum()} of {len(some)} cycles of shear "
        "quenches did not converge"
        for (size, temperature), some in unconverged.groupby([cycles[name] for name in STATE[:2]])
        if some.any()
    ]


# --- along the dynamics -----------------------------------------------------------------------


@BEYOND.state(
    "modes_persist_within_metabasins",
    "Soft modes persist within metabasins and change between them.",
    f"smallest N, lowest T: overlap O_pp of pairs of structures of one metabasin > "
    f"{MOSTLY_THE_SAME:g}; less that of pairs of successive metabasins > 0",
)
def _modes_persist(tables: BeyondTables) -> Yielded:
    for ensemble in tables.coldest(min):
        within, between = (
            tables.of_pairs("overlap_of_pairs", ensemble, relation)
            for relation in ("within", "between")
        )
        where = _at(ensemble)
        yield mean(f"O_pp within metabasins, {where}", within, above(MOSTLY_THE_SAME))
        what = f"O_pp within less between metabasins, {where}"
        yield mean(what, within - between, above(0))
        yield from _at_equal_distance(tables, ensemble)
        yield from _otherwise_chosen(tables, ensemble)


def _at_equal_distance(tables: BeyondTables, ensemble: Ensemble) -> Iterator[str]:
    """What is left of the difference for pairs that are equally far apart."""
    found = summarise(tables.of_pairs("overlap_at_equal_distance", ensemble, "between"))
    if found.n:
        ends = found.interval
        yield (
            f"within less between at equal distance: {found.mean:.3f} ({ends.low:.3f} to "
            f"{ends.high:.3f})"
        )


def _otherwise_chosen(tables: BeyondTables, ensemble: Ensemble) -> Iterator[str]:
    """The same overlaps with every number of modes, and of metabasins that last alone."""
    assert tables.landscape is not None  # where there is an ensemble
    rows = _of(ensemble, tables.landscape)
    pairs = rows[rows["observable"] == "overlap_of_pairs"]
    for fraction, some in pairs.groupby("mode_fraction"):
        found = some.groupby("relation")["value"].mean()
        for suffix, which in (("", "all"), ("_lasting", "lasting")):
            within, between = (found.get(f"{name}{suffix}") for name in ("within", "between"))
            if within is not None and between is not None:
                yield (
                    f"{100 * fraction:g}% of the modes, {which} metabasins: {within:.3f} within, "
                    f"{between:.3f} between"
                )


@BEYOND.state(
    "metabasin_distance",
    "The distance between metabasins is that which the critical strain moves the structures.",
    f"smallest N, lowest T: ln(distance of structures of successive metabasins over nonaffine "
    f"distance at γ_c), with the errors of both, within ln {NEAR:g}",
)
def _metabasin_distance(tables: BeyondTables) -> Yielded:
    for ensemble in tables.coldest(min):
        between = tables.of_pairs("distance_of_pairs", ensemble, "between")
        sheared = tables.curves("distance_by_strain", ensemble, "shear")
        yield _about_critical_strain(
            f"ln(distance between metabasins over that at γ_c), {_at(ensemble)}",
            partial(_log_of_distances, between, sheared),
            tables,
            allowed=around_zero(math.log(NEAR)),
        )
        if found := tables.critical_strain:
            within = tables.of_pairs("distance_of_pairs", ensemble, "within")
            ratio = _log_of_distances(within, sheared, found[0]).mean()
            if math.isnan(ratio):
                continue
            yield f"{_at(ensemble)}: of structures within one metabasin it would be {ratio:.3g}"


def _log_of_distances(between: pd.Series, sheared: pd.DataFrame, strain: float) -> pd.Series:
    return np.log(between / at_strain(sheared, strain))


@BEYOND.state(
    "shear_moves_modes_as_dynamics_does",
    "Shear changes soft modes as much as the dynamics does over the same distance.",
    "largest N, lowest T: O_pp at equal distance, along the dynamics less by shear, averaged over "
    f"distances that both reach: within {SIMILAR:g}",
)
def _shear_as_dynamics(tables: BeyondTables) -> Yielded:
    for ensemble in tables.coldest(max):
        dynamics = tables.curves("overlap_by_distance", ensemble, "dynamics")
        differences = {}
        for sample, curve in tables.sheared(ensemble):
            if sample in dynamics.index:
                own = dynamics.loc[sample].dropna()
                there = _interpolated(own.index, curve["distance"], curve["overlap"])
                differences[sample] = (own - there).mean()
        what = f"O_pp along the dynamics less by shear, {_at(ensemble)}"
        yield mean(what, differences.values(), around_zero(SIMILAR))
        lacking = len(dynamics) - np.isfinite(list(differences.values())).sum()
        if lacking:
            yield f"{lacking} of {len(dynamics)} samples have no distance in common"


# --- cyclic shear -----------------------------------------------------------------------------


@BEYOND.state(
    "irreversibility_amplitude",
    "The amplitude from which cyclic shear is irreversible equals the critical strain.",
    "every N, and T where γ_c is defined: ln(A_c/γ_c), A_c lying between a sample's largest "
    "amplitude up to which it always came back within the cycles done and the next one, with the "
    f"errors of both, within ln {SAME_STRAIN:g}",
)
def _irreversibility_amplitude(tables: BeyondTables) -> Yielded:
    for ensemble, runs in tables.runs():
        where = _at(ensemble)
        if ensemble[1] > tables.warmest:
            yield f"{where}: warmer than where γ_c is defined"
            continue
        found = _amplitude_over_critical_strain(f"ln(A_c/γ_c), {where}", runs, tables)
        yield found
        brackets = irreversibility_brackets(runs)
        always, never = np.isinf(brackets["high"]).sum(), (brackets["low"] == 0.0).sum()
        n = len(brackets)
        if always or never:
            yield (
                f"{where}: of {n} samples {always} came back at every amplitude, {never} not at "
                "the smallest"
            )
        above_it = runs["amplitude"] >= runs["sample"].map(brackets["high"])
        again = runs.loc[above_it & (runs["period"] > 0), "sample"].nunique()
        if again:
            yield f"{where}: {again} of {n} samples came back again at a larger amplitude"
        yield from _with_half_the_cycles(found, runs, tables)


def _with_half_the_cycles(found: Observation, runs: pd.DataFrame, tables: BeyondTables) -> Yielded:
    """What would have been found, had runs been broken off after half the cycles."""
    came_back = runs["period"] > 0
    if came_back.all() or not came_back.any() or math.isnan(found.low):
        return
    cycles = runs["cycles"].max()
    in_time = runs.assign(period=runs["period"].where(runs["cycles"] <= cycles / 2, 0))
    sooner = _amplitude_over_critical_strain(found.what, in_time, tables)
    yield (
        f"{found.what}: runs that came back took {runs.loc[came_back, 'cycles'].max()} of "
        f"{cycles} cycles at most; with half as many it would be {sooner.value:.3g} "
        f"({sooner.low:.3g} to {sooner.high:.3g})"
    )


def _amplitude_over_critical_strain(
    what: str, runs: pd.DataFrame, tables: BeyondTables
) -> Observation:
    allowed = around_zero(math.log(SAME_STRAIN))
    if tables.critical_strain is None:
        return undefined(f"{what}: γ_c not defined", allowed)
    strain, interval = tables.critical_strain
    error = 0.5 * math.log(interval.high / interval.low)
    amplitude = irreversibility_amplitude(runs)
    bounds = amplitude.interval(error)
    return Observation(
        what,
        amplitude.value - math.log(strain),
        bounds.low - math.log(strain),
        bounds.high - math.log(strain),
        n_samples=runs["sample"].nunique(),
        allowed=allowed,
        fixed=error + amplitude.half_width,
    )


@BEYOND.state(
    "modes_change_when_irreversible",
    "Soft modes change from cycle to cycle above that amplitude and not below.",
    "every N and T: O_pp of successive cycles, of a sample's runs below its A_c (over the cycles "
    f"that they repeat) less of those above (over the last {LAST_CYCLES} if they did not come "
    f"back) > {SIMILAR:g}",
)
def _modes_change(tables: BeyondTables) -> Yielded:
    for ensemble, runs in tables.runs():
        largest = runs["sample"].map(irreversibility_brackets(runs)["low"])
        below = runs["amplitude"] <= largest
        reversible, irreversible = (
            some.groupby("sample")["overlap"].mean() for some in (runs[below], runs[~below])
        )
        what = f"O_pp of successive cycles, below less above A_c, {_at(ensemble)}"
        yield mean(what, reversible - irreversible, above(SIMILAR))
        yield f"{_at(ensemble)}: {(runs['period'] > 0).sum()} of {len(runs)} runs came back"


# --- what statements and figures share --------------------------------------------------------


def observed(landscape: pd.DataFrame, observable: str, relation: str | None = None) -> pd.DataFrame:
    """Known values of an observable of the table `landscape`.

    Where modes enter, those of the first number of them that an N and T has: the main one.

    Args:
        landscape: the table.
        observable, relation: as in it; every relation, if none is given.
    """
    fractions = landscape["mode_fraction"]
    main = landscape.groupby(STATE[:2])["mode_fraction"].transform("first")
    chosen = (landscape["observable"] == observable) & (fractions.isna() | (fractions == main))
    if relation is not None:
        chosen &= landscape["relation"] == relation
    return landscape[chosen & landscape["value"].notna()]


def critical_strain(trends: pd.DataFrame) -> tuple[float, Interval] | None:
    """γ_c with its interval, of the mean overlaps over every N and T; None where not defined.

    Args:
        trends: table `gamma_c_trends`.
    """
    found = trend(trends, DROP, "mean", size=None)
    return found and found[:2]


def at_strain(curves: pd.DataFrame, strain: float) -> pd.Series:
    """Each sample's value at a strain, between those known by a power law; NaN beyond them.

    Args:
        curves: one row per sample, one column per strain above zero; values above zero.
        strain: above zero.
    """
    values = {}
    for sample, curve in curves.iterrows():
        known = np.log(curve[curve > 0])
        values[sample] = math.exp(_interpolated([strain], known.index, known)[0])
    return pd.Series(values, dtype=float)


def steady(cyclic_shear: pd.DataFrame) -> pd.DataFrame:
    """What runs of cyclic shear come to, one row per N, T, sample and amplitude.

    A run that came back would repeat its last `period` cycles for ever: energy, distance and
    overlap are means over these, and over the last LAST_CYCLES of a run that did not.

    Args:
        cyclic_shear: the table of that name.

    Returns:
        Columns STATE, amplitude, period (0: did not come back), cycles (done), start_energy (before
        the first), energy (both per particle), distance (per cycle, in σ11), overlap (of successive
        cycles).
    """
    found = []
    columns = [*STATE, "amplitude"]
    for key, run in cyclic_shear.sort_values("cycle").groupby(columns):
        period = int(run["period"].iloc[0])
        last = run[run["cycle"] > 0].tail(period or LAST_CYCLES)
        found.append(
            dict(zip(columns, key, strict=True))
            | {"period": period, "cycles": int(run["cycle"].iloc[-1])}
            | {"start_energy": run["energy"].iloc[0]}
            | {name: last[name].mean() for name in ("energy", "distance", "overlap")}
        )
    return pd.DataFrame(found)


def irreversibility_brackets(runs: pd.DataFrame) -> pd.DataFrame:
    """Bounds of A_c of each sample of an N and T.

    Args:
        runs: as `steady` gives them.

    Returns:
        By sample: `low`, the largest amplitude up to which all runs came back, 0 where there is
        none; `high`, the next one, infinite where there is none.
    """
    found = {}
    for sample, own in runs.sort_values("amplitude").groupby("sample"):
        bounds = [0.0, *own["amplitude"], math.inf]
        n_reversible = int(np.cumprod(own["period"] > 0).sum())
        found[sample] = bounds[n_reversible : n_reversible + 2]
    return pd.DataFrame.from_dict(found, orient="index", columns=["low", "high"])


@dataclass(frozen=True)
class Bracketed:
    """The mean over samples of a number known to lie between two ends in each.

    Attributes:
        low, high: of the lower and the upper ends; None where a sample has no such end.
    """

    low: Summary | None
    high: Summary | None

    @property
    def relation(self) -> str:
        """What stands between the name of the number and `value`: "=", or ">" or "<"."""
        return ">" if self.high is None else "<" if self.low is None else "="

    @property
    def value(self) -> float:
        """The middle, or the one end that there is; NaN without any."""
        ends = [end.mean for end in (self.low, self.high) if end is not None]
        return float(np.mean(ends)) if ends else math.nan

    @property
    def half_width(self) -> float:
        """That more samples would leave as it is."""
        if self.low is None or self.high is None:
            return math.inf
        return 0.5 * (self.high.mean - self.low.mean)

    def interval(self, error: float = 0.0) -> Interval:
        """From the lower ends less their error to the upper ends plus theirs.

        Args:
            error: half width of another, independent interval that counts as well.
        """
        low, high = -math.inf, math.inf
        if self.low is not None:
            low = self.low.mean - math.hypot(self.low.mean - self.low.interval.low, error)
        if self.high is not None:
            high = self.high.mean + math.hypot(self.high.interval.high - self.high.mean, error)
        return Interval(low, high, 0)


def irreversibility_amplitude(runs: pd.DataFrame) -> Bracketed:
    """ln A_c of an N and T; `runs` as `steady` gives them."""
    brackets = irreversibility_brackets(runs)
    low, high = brackets["low"], brackets["high"]
    return Bracketed(
        summarise(np.log(low)) if (low > 0.0).all() else None,
        summarise(np.log(high)) if np.isfinite(high).all() else None,
    )


def _interpolated(at: ArrayLike, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
    """Values on straight lines in ln x, NaN beyond the ends."""
    at, x, y = (np.asarray(values, dtype=np.float64) for values in (at, x, y))
    if not x.size:
        return np.full(at.shape, math.nan)
    return np.interp(np.log(at), np.log(x), y, left=math.nan, right=math.nan)


def _about_critical_strain(
    what: str, values: Callable[[float], pd.Series], tables: BeyondTables, *, allowed: Range
) -> Observation:
    """The mean over samples of what depends on γ_c, with the error that γ_c brings.

    Args:
        what, allowed: of the observation.
        values: by sample, given γ_c.
        tables: which have γ_c.
    """
    found = tables.critical_strain
    if found is None:
        return undefined(f"{what}: γ_c not defined", allowed)
    strain, interval = found
    seen = mean(what, values(strain), allowed)
    fixed = 0.5 * abs(values(interval.high).mean() - values(interval.low).mean())
    half = math.hypot(seen.high - seen.value, fixed)
    both = Interval(seen.value - half, seen.value + half, interval.n_undefined)
    return of_interval(
        what, seen.value, both, n_samples=seen.n_samples, allowed=allowed, fixed=fixed
    )


def _of(ensemble: Ensemble, rows: pd.DataFrame) -> pd.DataFrame:
    size, temperature = ensemble
    return rows[(rows["n_particles"] == size) & (rows["temperature"] == temperature)]


def _at(ensemble: Ensemble) -> str:
    size, temperature = ensemble
    return f"N = {size}, T = {temperature:g}"
