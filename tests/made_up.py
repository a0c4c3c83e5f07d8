"""Tables of a study that shows what the Letter found, of known truth, for tests to change."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, replace
from itertools import product
from typing import TypeVar

import numpy as np
import pandas as pd

from softmodes.report.beyond import BeyondTables
from softmodes.report.evidence import Tables

GAMMA = np.array([0.0, 1e-4, 1e-3, 1e-2, 0.02, 0.04, 0.06, 0.08, 0.12, 0.2, 0.5, 1.0])
FRACTIONS = np.array([0.0005, 0.001, 0.00175, 0.003, 0.006, 0.01, 0.02, 0.05])
TEMPERATURES = (0.38, 0.43, 0.5, 0.7, 1.0)
RISING_FROM_1 = {0.38: 1.0, 0.43: 1.0, 0.5: 0.8, 0.7: 0.4, 1.0: 0.05}
STRAIN = 0.071


def letter_like(
    sizes: tuple[int, ...] = (1000, 4000),
    temperatures: tuple[float, ...] = TEMPERATURES,
    samples: int = 6,
    noise: float = 0.004,
) -> Tables:
    """A study that shows what the Letter found."""
    rng = np.random.default_rng(5)
    states = [
        {"n_particles": size, "temperature": temperature, "sample": sample}
        for size in sizes
        for temperature in temperatures
        for sample in range(samples)
    ]

    def rows(key: dict, levels: dict, **columns: object) -> list[dict]:
        return [
            key
            | {"quantity": name, "overlap": level + noise * rng.normal(), "n_modes": 20}
            | {"random": 0.2, "within_species": 0.22, "corrected": level + 0.05}
            | {"rank_correlation": level}
            | columns
            for name, level in levels.items()
        ]

    strained, unstrained, scan, energy, points = [], [], [], [], []
    for key in states:
        share = 0.2 * RISING_FROM_1[key["temperature"]]
        cold = key["temperature"] <= 0.5
        own = STRAIN * math.exp(0.05 * rng.normal())
        drop = 1 / (1 + (GAMMA / own) ** 4)
        rise = 0.02 * (1 - 1 / (1 + (GAMMA / (2 * own)) ** 4))
        stress = GAMMA / own * np.exp(1 - GAMMA / own) + noise * rng.normal(size=GAMMA.size)
        for index, gamma in enumerate(GAMMA):
            # sample 0 leaves its basin at the smallest strain, the others at the next
            switched = gamma >= (1e-4 if key["sample"] == 0 else 1e-3)
            level = (0.8 if cold else 0.6) if switched else 1.0
            levels = {"DW_p": 0.23 + share * drop[index], "pq_pdq": level}
            strained += rows(key, levels, gamma=gamma, rms_distance=gamma)
            energy.append(
                key
                | {"gamma": gamma, "normalised_energy": 1 + rise[index]}
                | {"shear_stress": stress[index], "switched": switched}
            )
        levels = {
            "DP_pq": 0.22 + 1.5 * share,
            "DP_pdq": 0.22 + 1.5 * share,
            "DW_pq": 0.23 + share,
            "DW_d": 0.23 + 0.4 * share,
            "DW_lin": 0.23 + 0.4 * share,
            "pq_pdq": 0.8,
            "DW_DP": 0.5,
            "DW_harmonic": 0.6,
            "DW_small": 0.3,
            "DW_equal_size": 0.28,
        }
        unstrained += rows(key, levels, gamma=1e-4)
        for index, fraction in enumerate(FRACTIONS):
            grown = 0.36 - 0.03 * math.log(fraction / 0.01) ** 2
            fallen = 0.5 - 0.05 * index
            for gamma, levels in (
                (1e-4, {"DW_p": grown, "d_p": fallen, "lin_p": fallen}),
                (0.08, {"DW_p": grown, "d_p": grown, "lin_p": grown}),
            ):
                scan += rows(key, levels, gamma=gamma, mode_fraction=fraction)
        points.append(
            key
            | state(key["temperature"])
            | {
                "switched": key["sample"] == 0,
                "quadrupole": (0.2 if cold else 0.0) + 0.01 * rng.normal(),
            }
        )
    return Tables(
        overlap_vs_gamma=pd.DataFrame(strained),
        overlap_vs_temperature=pd.DataFrame(unstrained),
        overlap_vs_modes=pd.DataFrame(scan),
        energy_stress=pd.DataFrame(energy),
        gamma_c=_critical_strains(states, rng),
        gamma_c_trends=_trends(sizes, temperatures, samples),
        state_points=pd.DataFrame(points),
        checks=pd.DataFrame(
            [
                {"n_particles": size, "temperature": temperature, "check": "kinetic temperature"}
                | {"value": temperature, "expected": temperature, "passed": True}
                | {"lower": 0.9 * temperature, "upper": 1.1 * temperature}
                for size in sizes
                for temperature in temperatures
            ]
        ),
        seed=7,
    )


def state(temperature: float) -> dict:
    """A row of `state_points` in which nothing is amiss."""
    return {
        "pressure": 13.5,
        "density": 0.74,
        "inherent_energy": 1.9 + 0.1 * temperature,
        "inherent_energy_drift": 0.0,
        "pressure_drift": 0.0,
        "inherent_energy_halves": 0.0,
        "pressure_halves": 0.0,
        "scattering_halves": 0.0,
        "time": 100.0,
        "relaxation_time": 2.0,
        "relaxation_times": 50.0,
        "cage_relative_relaxation_time": 4.0,
        "cage_relative_times": 25.0,
        "sample_relaxation_time": 2.0,
        "neighbour_distance_small": 1.45,
        "neighbour_distance_mixed": 1.67,
        "neighbour_distance_large": 1.91,
        "first_minimum_small": 1.45,
        "first_minimum_mixed": 1.68,
        "first_minimum_large": 1.92,
        "debye_waller": 0.02 * temperature,
        "debye_waller_reliability": 0.95,
        "propensity_reliability": 0.9,
        "hexatic_order": 0.6,
        "small_structure_factor": 0.9,
        "ordered": False,
        "translation_switched": False,
        "n_quenches": 12,
        "n_unconverged": 0,
        "n_saddles": 0,
        "n_split_degeneracies": 0,
        "equilibrated": True,
        "unequilibrated_because": "",
    }


def _critical_strains(states: list[dict], rng: np.random.Generator) -> pd.DataFrame:
    strains = {"overlap_drop": STRAIN, "stress_maximum": 0.06, "energy_onset": 0.05}
    own = pd.DataFrame(
        [
            key
            | {"estimator": name, "what": "sample", "defined": True}
            | {"value": strain * math.exp(0.6 * (key["sample"] % 2 - 0.5) + 0.1 * rng.normal())}
            for key in states
            for name, strain in strains.items()
        ]
    )
    groups = own.groupby(["n_particles", "temperature", "estimator"])["value"]
    ensembles = groups.agg(value="mean", sd="std", n_samples="size").reset_index()
    ensembles = ensembles.assign(
        what="ensemble", defined=True, n_failed=0, n_undefined=0, reason="", sample=pd.NA
    )
    ensembles["lower"], ensembles["upper"] = 0.9 * ensembles["value"], 1.1 * ensembles["value"]
    return pd.concat([ensembles, own], ignore_index=True)


def _trends(sizes: tuple[int, ...], temperatures: tuple[float, ...], samples: int) -> pd.DataFrame:
    known = {"n_state_points": len(temperatures), "n_undefined": 0, "left_out": ""}
    unknown = math.nan if samples < 2 else 1.0
    rows = []

    def add(estimator: str, what: str, size: float, value: float, half: float, ends: tuple) -> None:
        rows.append(
            {"estimator": estimator, "n_particles": size, "what": what, "value": value * unknown}
            | {"lower": (value - half) * unknown, "upper": (value + half) * unknown}
            | {"abscissa_low": min(ends), "abscissa_high": max(ends)}
            | known
        )

    add("overlap_drop", "mean", math.nan, 0.07, 0.004, temperatures)
    if len(sizes) > 1:
        add("overlap_drop", "change_with_size", math.nan, 0.0, 0.01, sizes)
    for size in sizes:
        add("overlap_drop", "mean", size, 0.07, 0.005, temperatures)
        add("overlap_drop", "change_with_temperature", size, 0.001, 0.01, temperatures)
        for estimator in ("energy_onset", "stress_maximum"):
            add(estimator, "mean", size, 0.06, 0.005, temperatures)
            add(estimator, "log_ratio", size, -0.1, 0.2, temperatures)
    return pd.DataFrame(rows)


LANDSCAPES = ((200, 0.4), (2000, 0.4), (2000, 0.5))
DISTANCES = 10 ** (np.arange(-3, 1, 0.125) + 0.0625)
RELAXATION_TIME = 50.0
CYCLED = ((500, 0.4), (500, 0.5))
AMPLITUDES = (0.03, 0.05, 0.065, 0.075, 0.09, 0.12)
CYCLES = 12


def beyond_like(
    landscapes: tuple = LANDSCAPES, cycled: tuple = CYCLED, samples: int = 6, noise: float = 0.004
) -> BeyondTables:
    """A study in which all comes out as the Letter conjectured, γ_c being 0.07.

    O_pp = 1/(1 + 2 d) at the distance d, along the dynamics and by shear, whose distance is 5 γ.
    Metabasins are 0.35 apart, as far as γ_c moves a structure. Runs of cyclic shear come back up to
    an amplitude of 0.065.
    """
    trends = pd.DataFrame(
        [
            {"estimator": "overlap_drop", "what": "mean", "n_particles": size, "value": value}
            | {"lower": 0.95 * value, "upper": 1.05 * value, "n_undefined": 0}
            for size, value in ((math.nan, 0.07), (500, 0.04))
        ]
        + [
            {"estimator": "overlap_drop", "what": "change_with_temperature", "n_particles": 2000}
            | {"value": 0.0, "abscissa_low": 0.36, "abscissa_high": 0.6}
        ]
    )
    return BeyondTables(
        landscape=_landscape(landscapes, samples, noise),
        cyclic_shear=_cyclic(cycled, samples, noise),
        linear_response=None,
        gamma_c_trends=trends,
    )


def _landscape(ensembles: tuple, samples: int, noise: float) -> pd.DataFrame:
    rng = np.random.default_rng(6)
    rows = []

    def overlap(distance: float) -> float:
        return 1 / (1 + 2 * distance)

    def add(key: dict, name: str, relation: str, x: float, value: float) -> None:
        modes = name.startswith(("overlap", "random", "rank"))
        scattered = value * (1 + noise * rng.normal())
        for fraction in (0.025, 0.05) if modes else (math.nan,):
            # the main fraction alone is as stated
            told = scattered if fraction != 0.05 else 0.9
            rows.append(
                key
                | {"mode_fraction": fraction, "observable": name, "relation": relation}
                | {"x": x, "value": told, "n": 100}
            )

    for (size, temperature), sample in product(ensembles, range(samples)):
        key = {"n_particles": size, "temperature": temperature, "sample": sample}
        add(key, "relaxation_time", "", math.nan, RELAXATION_TIME)
        for lag in 2.0 ** np.arange(10):
            distance = 0.1 * lag**0.5 * (temperature / 0.4) ** 4
            add(key, "overlap_by_time", "dynamics", lag, 0.2 + 0.8 * overlap(distance))
            add(key, "distance_by_time", "dynamics", lag, distance)
            add(key, "random_by_time", "dynamics", lag, 0.2)
        for distance in DISTANCES[DISTANCES > 0.01]:
            add(key, "overlap_by_distance", "dynamics", distance, overlap(distance))
        for gamma in GAMMA[1:]:
            add(key, "distance_by_strain", "shear", gamma, 5 * gamma)
            add(key, "overlap_by_strain", "shear", gamma, overlap(5 * gamma))
        for relation, mean, distance in (("within", 0.8, 0.05), ("between", 0.5, 0.35)):
            add(key, "overlap_of_pairs", relation, math.nan, mean)
            add(key, "distance_of_pairs", relation, math.nan, distance)
            centres = np.arange(0.025, 1, 0.05)
            for name, x, apart in (
                ("overlap_distribution", centres, (centres - mean) / 0.1),
                ("distance_distribution", DISTANCES, np.log(DISTANCES / distance)),
            ):
                share = np.exp(-0.5 * apart**2)
                for at, part in zip(x, share / share.sum(), strict=True):
                    add(key, name, relation, at, part)
        for relation, change in (("left", 0.9), ("returned", 0.6), ("elsewhere", 0.3)):
            add(key, "rank_change", relation, math.nan, change)
    return pd.DataFrame(rows)


def _cyclic(ensembles: tuple, samples: int, noise: float) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    rows = []
    for (size, temperature), sample, amplitude in product(ensembles, range(samples), AMPLITUDES):
        comes_back = amplitude < 0.07
        # the state after cycle 4 is that after cycle 2
        for cycle in range(5 if comes_back else CYCLES + 1):
            settled = min(cycle / 3, 1) * amplitude * (1 if comes_back else 0.5)
            changes = cycle <= 2 or not comes_back
            rows.append(
                {"n_particles": size, "temperature": temperature, "sample": sample}
                | {"amplitude": amplitude, "strain_step": 0.002, "cycle": cycle}
                | {"energy": 1.9 + 0.2 * temperature - 0.3 * settled + 0.1 * noise * rng.normal()}
                | {"distance": 10 * (amplitude - 0.04) if changes and cycle else 1e-3}
                | {"mobile_distance": 0.3 if changes else 3e-3}
                | {"overlap": (0.7 if changes else 0.98) + noise * rng.normal()}
                | {"period": 2 * comes_back, "converged": True}
            )
    frame = pd.DataFrame(rows)
    frame.loc[frame["cycle"] == 0, ["distance", "mobile_distance", "overlap"]] = math.nan
    return frame


Given = TypeVar("Given", Tables, BeyondTables)


def changed(given: Given, **frames: pd.DataFrame | None) -> Given:
    """The same with other frames."""
    return replace(given, **frames)


def shifted(
    given: Given, table: str, column: str, by: float, scatter: float, **where: object
) -> Given:
    """A column moved by a number, and by ± another from sample to sample, in the rows named.

    A value of `where` that is callable tells the rows from the column.
    """
    frame = getattr(given, table).copy()
    chosen = np.ones(len(frame), dtype=bool)
    for name, value in where.items():
        chosen &= (value(frame[name]) if callable(value) else frame[name] == value).to_numpy(bool)
    alternating = np.where(frame.loc[chosen, "sample"].to_numpy(int) % 2, 1.0, -1.0)
    frame.loc[chosen, column] += by + scatter * alternating
    return changed(given, **{table: frame})


def thinned(given: Tables, numbers: Mapping[tuple[int, float], int]) -> Tables:
    """The same with these numbers of samples at an N and T, the first ones, in every table."""

    def kept(frame: pd.DataFrame) -> pd.DataFrame:
        if "sample" not in frame:
            return frame
        of_all = frame["sample"].isna()
        state = zip(frame["n_particles"], frame["temperature"], strict=True)
        return frame[of_all | (frame["sample"] < [numbers[key] for key in state])]

    names = [field.name for field in fields(given) if field.name != "seed"]
    return changed(given, **{name: kept(getattr(given, name)) for name in names})
