"""What a study costs before it runs: core seconds, memory and disk of every job.

    job(config, "quench", n_particles=2000, temperature=0.5)   ->  Cost
    minutes(cost, attempt=1), megabytes(cost, attempt=1)       ->  what a cluster is asked for
    jobs(config)                                               ->  all of a study, with their costs
    estimate(config, cores=64)                                 ->  Estimate, and table(...) of it
    measured(config, "results/demo/logs")                      ->  what it was for the jobs that ran

This is the one place with such numbers. They were measured on one core of the `REFERENCE` with
the Letter's mixture, at N = 200 to 8000 and T = 0.4 to 2, kernels compiled before; seconds are CPU
seconds, memory is the peak of the process. Configurations are validated ones.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from softmodes.study import job_log
from softmodes.study.config import (
    BLOCKS,
    all_equilibria,
    all_samples,
    at_temperature,
    backend,
    cyclic_runs,
    ensemble,
    ensembles,
    equilibrated_sizes,
    figure_numbers,
    mode_number,
    n_equilibria,
    n_propensities,
    n_samples,
    n_varied,
    state_point,
    temperatures,
)
from softmodes.study.contract import CONTRACT, Dataset
from softmodes.study.equilibria import missing_time
from softmodes.study.job_log import duration

REFERENCE = "AMD EPYC (Zen 4, vectors of 64 bytes)"
"""The machine that a core second belongs to."""

SAFETY = 3.0
"""Time asked for over time expected: slower processors, shared caches, hard quenches."""
MEMORY_SAFETY = 1.5
"""Memory asked for over memory expected."""
MIN_MINUTES = 15
"""Asked for in any case: busy file systems, kernels compiled anew."""
LAUNCHERS = 500.0
"""MB for the copies of Snakemake that start a job on a cluster."""

START = 1.4
"""Seconds of every job: interpreter, imports, compiled kernels read."""
BASE = 200.0
"""MB of every job, likewise."""
COMPILATION = 52.0
"""Seconds."""
TAKEN = 0.2
"""Seconds for an equilibrated sample that is published."""

TRAJECTORY = {"single": 26e-9, "double": 30e-9}
"""Seconds per particle and step, by precision."""
TILES = 140e-9
"""Seconds per particle for tiles made afresh, once in a coupling interval. How a step of twenty to
the interval divides into this and the one above was measured on an Intel Xeon only."""
RUN = {"single": 1.0, "double": 1.8}
"""Isoconfigurational runs in each precision, relative to single."""
DEVICE_STEP = 8.9e-9
"""Seconds per particle and step of a system on a GPU (NVIDIA H200), one of its multiprocessors to a
system; T = 0.4."""
MULTIPROCESSORS = 132
REPLICAS = {"single": 16, "double": 8}
"""Runs side by side; a block that is not full takes as long as a full one."""
SERIES_QUENCH = 0.11
"""Seconds, of N = 2000 to the force that a series asks for; grows as N^1.4."""
SHEARED_QUENCH = 0.15
"""Seconds, of N = 2000 to the force that is kept, with what is derived; grows as N^1.5."""
SHEARED_STEP = 0.13
"""Seconds, of N = 2000 from an inherent structure to that a step of strain further; grows as
N^1.3."""
REVERSIBLE, CYCLES_TO_RETURN = 0.06, 15
"""Amplitude up to which cyclic shear soon comes back to where it was, and cycles until then."""
RELAXATION_FRAME = 1.1e-3
"""Seconds that a frame of N = 2000 takes in the analysis; grows as N^1.4."""
MAX_FRAMES, COUPLING_INTERVAL = 900, 0.1
"""Frames of an equilibration, as `equilibration.schedule` makes them: number in the longest,
and least time between two of them."""
HARMONIC = 0.055
"""Seconds for the harmonic Debye-Waller factor of N = 2000, the lowest modes given; grows as N^1.4.
Its memory is less than theirs."""
RESPONSES, RESPONSE_PARTS = 0.08, 1.5e-7
"""Seconds for the responses to shear and random forces, of N = 2000, growing as N^1.4; and for
their parts along the modes, per mode and particle."""
COLLECTED = 0.5
"""Seconds for a table that only joins others."""
STRUCTURE = 0.02
"""Seconds of an inherent structure along a trajectory, whatever N: its search for modes."""
NEW_STRUCTURES = 0.05
"""Inherent structures that a trajectory finds, per particle and relaxation time."""
COMPARED_SAMPLE, COMPARED_STRUCTURE = 0.5, 3e-3
"""Seconds for the pairs of structures along a trajectory, and for each structure of N = 2000; the
latter grows as N^0.5."""
SHUFFLED_OVERLAP = 25e-9
"""Seconds per particle."""
AGGREGATED = 1.25e-4
"""Seconds per particle of a state point."""
CHECKED = 2.4e-6
"""Seconds per particle and inherent structure, the digests of the files included."""
RESAMPLED = 0.1
"""Seconds for the critical strains of an N and T."""
DRAWN, SUMMARISED = 4.0, 1.0
"""Seconds of a figure, of the summary."""

COMPRESSED = 0.95
"""Size of compressed chunks of float64 over the plain one: the bits of chaos hardly compress."""
FILE = 0.015
"""MB in every HDF5 file besides its datasets, the provenance most of all."""
TIMES, WAVENUMBERS, RADII = 42, 120, 250
"""Points of a relaxation file."""
KEPT_VECTORS = 16


class Cost(NamedTuple):
    """Of one job.

    Attributes:
        seconds: of one core, as expected.
        bound: seconds, where what only the run will tell turns out at its worst.
        megabytes: peak of memory.
        disk: MB of its outputs.
    """

    seconds: float
    bound: float
    megabytes: float
    disk: float


class Job(NamedTuple):
    """One job of a study.

    Attributes:
        stage: a key of this module's formulas.
        name: of its log among the study's, without the suffix: `quench/N2000_T0.360_s000`.
        cost: what is expected.
        n_particles, temperature: of its samples; None for a job of the whole study.
    """

    stage: str
    name: str
    cost: Cost
    n_particles: int | None = None
    temperature: float | None = None


class Line(NamedTuple):
    """All jobs of one stage.

    Their number and seconds in all, the longest one's seconds, the largest one's memory in MB, and
    their disk in MB.
    """

    stage: str
    jobs: int
    seconds: float
    longest: float
    megabytes: float
    disk: float


class Measured(NamedTuple):
    """Jobs of one stage, N and T that have finished: number, expected and measured core seconds.

    N and T are None for jobs of the whole study.
    """

    stage: str
    n_particles: int | None
    temperature: float | None
    jobs: int
    expected: float
    took: float


StatePoint = tuple[int, float, int]
"""N, T and sample."""
Published = Mapping[StatePoint, float]
"""Lengths of the constant-volume stages of published samples, in τ."""
NOTHING_PUBLISHED: Published = MappingProxyType({})


@dataclass(frozen=True)
class Estimate:
    """Of a whole study.

    Attributes:
        lines: the stages.
        cores: that work at a time.
        chain: seconds of the longest chain of jobs that wait for each other.
        slowness: of the machine: its seconds over those of the `REFERENCE`; 1 where it is that.
    """

    lines: tuple[Line, ...]
    cores: int
    chain: float
    slowness: float = 1.0

    @property
    def seconds(self) -> float:
        """Of one core."""
        return sum(line.seconds for line in self.lines)

    @property
    def wall(self) -> float:
        """Least seconds on the given cores: no fewer than the chain takes, nor all work evenly."""
        return max(self.seconds / self.cores, self.chain)

    def on(self, slowness: float) -> Estimate:
        """The same on a machine so many times slower than the reference."""
        lines = [
            line._replace(seconds=slowness * line.seconds, longest=slowness * line.longest)
            for line in self.lines
        ]
        return replace(self, lines=tuple(lines), chain=slowness * self.chain, slowness=slowness)

    @property
    def megabytes(self) -> float:
        """Memory of the largest job."""
        return max(line.megabytes for line in self.lines)

    @property
    def disk(self) -> float:
        """MB of all results."""
        return sum(line.disk for line in self.lines)


def job(
    config: Mapping[str, Any],
    stage: str,
    *,
    n_particles: int | None = None,
    temperature: float | None = None,
    sample: int = 0,
    amplitude: float | None = None,
) -> Cost:
    """The cost of one job.

    Jobs of the whole study have no N and T of their own, only isoconfigurational runs differ
    between samples, and only those of cyclic shear have an amplitude.
    """
    if stage in _OF_STUDY:
        return _OF_STUDY[stage](config)
    assert n_particles is not None
    assert temperature is not None
    if stage in _OF_ENSEMBLE:
        part = _OF_ENSEMBLE[stage]
        found = ensemble(config, part.block, n_particles=n_particles, temperature=temperature)
        return part.cost(config, found if amplitude is None else found | {"amplitude": amplitude})
    asked = sample < n_propensities(config, n_particles, temperature)
    entry = at_temperature(config, temperature) | {"propensity": asked}
    return _OF_STATE_POINT[stage](config, n_particles, entry)


def minutes(cost: Cost, attempt: int = 1) -> int:
    """Time limit to ask for; every further attempt gets as much again."""
    return attempt * math.ceil(MIN_MINUTES + SAFETY * cost.bound / 60)


def megabytes(cost: Cost, attempt: int = 1) -> int:
    """Memory to ask for; every further attempt gets as much again."""
    return attempt * math.ceil(LAUNCHERS + MEMORY_SAFETY * cost.megabytes)


def jobs(config: Mapping[str, Any], published: Published = NOTHING_PUBLISHED) -> Iterator[Job]:
    """All jobs of a study from nothing, by stages.

    Args:
        published: those that are taken, not simulated.
    """
    yield Job("compile", "compile", job(config, "compile"))
    number_of = {"equilibrate": n_equilibria, "vary": n_varied}
    equilibrated = _equilibrated(config, published)
    for stage in _OF_STATE_POINT:
        together = stage == "overlap" or backend(config, stage) == "cuda"
        sizes = equilibrated_sizes(config) if stage == "equilibrate" else config["n_particles"]
        for n, temperature in itertools.product(sizes, temperatures(config)):
            number = number_of.get(stage, n_samples)(config, n, temperature)
            points = [(n, temperature, sample) for sample in range(number)]
            for group in [points] if together else [[point] for point in points]:
                if stage == "equilibrate" and equilibrated.isdisjoint(group):
                    continue
                sample = group[0][2]
                cost = job(config, stage, n_particles=n, temperature=temperature, sample=sample)
                name = f"N{n}_T{temperature:.3f}" if together else state_point(*group[0])
                free = stage == "equilibrate" and all(point in published for point in group)
                taken = _taken(config, cost, group, published) if free else cost
                yield Job(stage, f"{stage}/{name}", taken, n, temperature)
    for stage, part in _OF_ENSEMBLE.items():
        for one in ensembles(config, part.block):
            n, temperature = one["n_particles"], one["temperature"]
            for name, of_run in _runs_of_ensemble(config, stage, one).items():
                yield Job(stage, f"{stage}/{name}", part.cost(config, of_run), n, temperature)
    left_out = {"compile"} | {stage for stage, block in _BLOCK_OF.items() if block not in config}
    for stage in [stage for stage in _OF_STUDY if stage not in left_out]:
        figures = [f"figure{number}" for number in figure_numbers(config)]
        for name in figures if stage == "figure" else [stage]:
            yield Job(stage, name, job(config, stage))


def _equilibrated(config: Mapping[str, Any], published: Published) -> set[StatePoint]:
    """Samples that something is made of, and those on the way to one that is not published."""
    found = set(all_samples(config))
    for block in BLOCKS:
        for one in ensembles(config, block):
            samples = range(one["samples"])
            found |= {(one["n_particles"], one["temperature"], sample) for sample in samples}
    hotter = dict(itertools.pairwise(reversed(temperatures(config))))
    for n_particles, temperature, sample in reversed(list(all_equilibria(config))):
        point = n_particles, temperature, sample
        if point in found and point not in published and temperature in hotter:
            found.add((n_particles, hotter[temperature], sample))
    return found


def _runs_of_ensemble(
    config: Mapping[str, Any], stage: str, one: Mapping[str, Any]
) -> dict[str, Mapping[str, Any]]:
    """What the jobs of a stage of an ensemble are named after, and what their cost depends on."""
    n, temperature = one["n_particles"], one["temperature"]
    if _OF_ENSEMBLE[stage].together:
        return {f"N{n}_T{temperature:.3f}": one}
    if stage == "cyclic":
        runs = cyclic_runs(config, one).items()
        return {name: {**one, "amplitude": amplitude} for name, amplitude in runs}
    return {state_point(n, temperature, sample): one for sample in range(one["samples"])}


def estimate(
    config: Mapping[str, Any], cores: int, published: Published = NOTHING_PUBLISHED
) -> Estimate:
    """The cost of a whole study from nothing, on so many cores; `published` as for `jobs`."""
    by_stage: dict[str, list[Cost]] = {}
    for planned in jobs(config, published):
        by_stage.setdefault(planned.stage, []).append(planned.cost)
    lines = tuple(_line(stage, costs) for stage, costs in by_stage.items())
    return Estimate(lines, cores, _longest_chain(config, published))


def measured(
    config: Mapping[str, Any], logs: str | Path, published: Published = NOTHING_PUBLISHED
) -> list[Measured]:
    """Expected and measured times of the jobs that have finished, by stage, N and T.

    Where a log tells no time of a core, it is that which passed. Compilation is left out: it takes
    as long as kernels are missing.

    Args:
        logs: the study's folder of logs.
        published: as for `jobs`.
    """
    rows: dict[tuple[str, int | None, float | None], Measured] = {}
    for stage, name, cost, n_particles, temperature in jobs(config, published):
        told = job_log.read(Path(logs, f"{name}.log"))
        if stage != "compile" and told and told.finished and told.seconds is not None:
            # a log begins when the interpreter has started
            took = START + told.seconds if told.core_seconds is None else told.core_seconds
            key = stage, n_particles, temperature
            found = rows.get(key, Measured(*key, 0, 0.0, 0.0))
            rows[key] = found._replace(
                jobs=found.jobs + 1,
                expected=found.expected + cost.seconds,
                took=found.took + took,
            )
    return list(rows.values())


def measured_table(rows: Iterable[Measured]) -> str:
    """`measured` by stages, in words and as a Markdown table; empty where nothing has finished."""
    by_stage: dict[str, NDArray[np.float64]] = {}
    for stage, _, _, *numbers in rows:
        by_stage[stage] = by_stage.get(stage, 0.0) + np.array(numbers)
    if not by_stage:
        return ""
    by_stage["all"] = sum(by_stage.values(), np.zeros(3))
    return "\n".join(
        [
            "Jobs that have finished, by their logs:",
            "",
            "| stage | jobs | expected, core hours | took | took / expected |",
            "| --- | ---: | ---: | ---: | ---: |",
            *(
                f"| {stage} | {number:.0f} | {expected / 3600:.3f} | {took / 3600:.3f} "
                f"| {took / expected:.2f} |"
                for stage, (number, expected, took) in by_stage.items()
            ),
        ]
    )


def table(found: Estimate) -> str:
    """An estimate in words and as a Markdown table."""
    rows = [
        "| stage | jobs | core hours | longest job | memory, MB | disk, MB |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    rows += [
        f"| {line.stage} | {line.jobs} | {line.seconds / 3600:.2f} | {duration(line.longest)} "
        f"| {line.megabytes:.0f} | {line.disk:.1f} |"
        for line in found.lines
    ]
    jobs = sum(line.jobs for line in found.lines)
    longest = max(line.longest for line in found.lines)
    rows.append(
        f"| all | {jobs} | {found.seconds / 3600:.2f} | {duration(longest)} "
        f"| {found.megabytes:.0f} | {found.disk:.1f} |"
    )
    bound_by = "the longest chain of jobs" if found.wall == found.chain else "the number of cores"
    return "\n".join(
        [
            *rows,
            "",
            f"Seconds are those of an {REFERENCE}."
            if found.slowness == 1.0
            else f"This machine takes {found.slowness:.2f} times as long as an {REFERENCE}.",
            f"On {found.cores} cores at least {duration(found.wall)}, bound by {bound_by}; "
            f"the chain through the temperatures takes {duration(found.chain)}.",
            f"A job takes {found.megabytes:.0f} MB of memory at most, the results "
            f"{found.disk / 1000:.2f} GB of disk.",
        ]
    )


def expected_relaxation_time(config: Mapping[str, Any], entry: Mapping[str, Any]) -> float:
    """τ_e that a temperature's times were chosen for, in τ.

    Equilibration lasts the relaxation times that the study calls enough.
    """
    return entry["equilibration_time"] / config["equilibrated"]["minimum_relaxation_times"]


def _line(stage: str, costs: list[Cost]) -> Line:
    return Line(
        stage,
        len(costs),
        sum(cost.seconds for cost in costs),
        max(cost.seconds for cost in costs),
        max(cost.megabytes for cost in costs),
        sum(cost.disk for cost in costs),
    )


def _taken(
    config: Mapping[str, Any], cost: Cost, points: Sequence[StatePoint], published: Published
) -> Cost:
    """Of the same files, where they are taken, and run on where they are too short."""
    seconds, memory = START + TAKEN, BASE
    for point in points:
        n, temperature, _ = point
        entry = at_temperature(config, temperature)
        missing = missing_time(published[point], entry["equilibration_time"])
        if missing:
            seconds += _run(config, n, entry, missing)
            memory = cost.megabytes
    return Cost(seconds, seconds, memory, cost.disk)


def _longest_chain(config: Mapping[str, Any], published: Published) -> float:
    """Seconds of the longest chain of jobs.

    The slowest sample, cooled down to some temperature and measured there, then all that follows.
    """
    compiled, checked, *ends = (
        job(config, stage).seconds
        for stage in ("compile", "checks", "aggregate", "gamma_c", "figure")
    )

    def points(n_particles: int, temperature: float) -> list[StatePoint]:
        samples = range(n_equilibria(config, n_particles, temperature))
        return [(n_particles, temperature, sample) for sample in samples]

    def after(n_particles: int, temperature: float) -> float:
        seconds = {
            stage: job(config, stage, n_particles=n_particles, temperature=temperature).seconds
            for stage in _OF_STATE_POINT
        }
        compared = [seconds["overlap"] + sum(ends), checked]
        if n_varied(config, n_particles, temperature):
            compared.append(seconds["vary"] + job(config, "variants").seconds)
        soft = seconds["quench"] + seconds["diagonalise"]
        return max(seconds["isoconfigurational"], soft) + max(compared)

    def beyond(n_particles: int, temperature: float) -> float:
        return max(
            (
                sum(
                    max(
                        part.cost(config, of_run).seconds
                        for of_run in _runs_of_ensemble(config, stage, one).values()
                    )
                    for stage, part in _OF_ENSEMBLE.items()
                    if part.block == block
                )
                for block in BLOCKS
                for one in ensembles(config, block)
                if (one["n_particles"], one["temperature"]) == (n_particles, temperature)
            ),
            default=0.0,
        )

    def of_size(n_particles: int) -> float:
        cooled, longest = dict[int, float](), 0.0
        for temperature in temperatures(config):
            cost = job(config, "equilibrate", n_particles=n_particles, temperature=temperature)
            cooled = {
                point[2]: _taken(config, cost, [point], published).seconds
                if point in published
                else cooled.get(point[2], 0.0) + cost.seconds
                for point in points(n_particles, temperature)
            }
            follows = beyond(n_particles, temperature)
            if n_particles in config["n_particles"]:
                follows = max(follows, after(n_particles, temperature))
            longest = max(longest, max(cooled.values(), default=0.0) + follows)
        return longest

    return compiled + max(map(of_size, equilibrated_sizes(config)))


def _steps(entry: Mapping[str, Any], time: float) -> float:
    return time / entry["time_step"]


def _cost(
    seconds: float, megabytes: float = BASE, disk: float = 0.0, bound: float | None = None
) -> Cost:
    """With what every job takes on top."""
    worst = seconds if bound is None else bound
    return Cost(START + seconds, START + worst, megabytes, disk)


def _equilibrate(config: Mapping[str, Any], n: int, entry: Mapping[str, Any]) -> Cost:
    steps = _steps(entry, entry.get("barostat_time", 0.0) + entry["equilibration_time"])
    points = config["series_points"]
    frames = min(MAX_FRAMES, entry["equilibration_time"] / COUPLING_INTERVAL)
    analysis = (points * SERIES_QUENCH + frames * RELAXATION_FRAME) * (n / 2000) ** 1.4
    megabytes = (16e-6 * frames + 0.02) * n
    disk = _size("equilibrium", N=n, E=points)
    disk += _size("relaxation", F=TIMES, W=WAVENUMBERS, B=RADII)
    if backend(config, "equilibrate") == "cuda":
        samples = config["samples"]
        seconds = _on_device(n, steps, samples) + samples * analysis
        # what is measured is a copy
        return _cost(seconds, BASE + 2 * samples * megabytes, samples * disk)
    seconds = _run(config, n, entry, steps * entry["time_step"]) + analysis
    return _cost(seconds, BASE + megabytes, disk)


def _run(config: Mapping[str, Any], n: int, entry: Mapping[str, Any], time: float) -> float:
    """Seconds in which the CPU moves a system for so many τ."""
    per_step = TRAJECTORY[config["precision"]] * _steps(entry, time)
    return n * (per_step + TILES * time / COUPLING_INTERVAL)


def _on_device(n: int, steps: float, systems: int) -> float:
    """Seconds in which a GPU moves systems."""
    return math.ceil(systems / MULTIPROCESSORS) * DEVICE_STEP * n * steps


def _isoconfigurational(config: Mapping[str, Any], n: int, entry: Mapping[str, Any]) -> Cost:
    options, asked = config["isoconfigurational"], entry["propensity"]
    on_device = backend(config, "isoconfigurational") == "cuda"
    samples = config["samples"] if on_device else 1

    def seconds(relaxation_time: float) -> float:
        time = options["debye_waller_time"]
        if asked:
            time = max(time, options["propensity_multiple"] * relaxation_time)
        if on_device:
            return samples * _on_device(n, time / options["time_step"], options["runs"])
        return _runs(config, n, entry, options["runs"], time)

    return _cost(
        seconds(expected_relaxation_time(config, entry)),
        BASE + 0.035 * n,
        samples * _size("isoconfigurational", N=n),
        bound=seconds(entry["equilibration_time"]),
    )


def _runs(
    config: Mapping[str, Any], n: int, entry: Mapping[str, Any], runs: int, time: float
) -> float:
    """Seconds of runs from one configuration, in whole blocks."""
    replicas = REPLICAS[config["precision"]]
    steps = replicas * math.ceil(runs / replicas) * time / config["isoconfigurational"]["time_step"]
    # runs that have parted, as hot ones soon do, share fewer pairs of the list
    per_step = 8e-9 + 24e-9 * min(max(0.0, entry["temperature"] - 0.5), 0.5)
    return RUN[config["precision"]] * per_step * n * steps


def _quench(config: Mapping[str, Any], n: int, _entry: Mapping[str, Any]) -> Cost:
    strains = 1 + len(config["shear"]["gamma"])
    return _cost(
        # the control, translated, is one more
        (strains + 1) * SHEARED_QUENCH * (n / 2000) ** 1.5,
        BASE + 0.02 * n,
        _size("quench", N=n, G=strains),
    )


def _diagonalise(config: Mapping[str, Any], n: int, _entry: Mapping[str, Any]) -> Cost:
    options, strains = config["modes"], 1 + len(config["shear"]["gamma"])
    scanned = len(options["scan_gamma"])
    n_modes = mode_number(options["fraction"], n)
    scan_numbers = [mode_number(fraction, n) for fraction in options["scan_fractions"]]
    largest = max(n_modes, KEPT_VECTORS, *scan_numbers)

    numbers = [
        max(n_modes, KEPT_VECTORS),
        *[n_modes] * (strains - 1 - scanned),
        *[largest] * scanned,
    ]
    vector = 8e-6 * 2 * n
    return _cost(
        sum(_sparse(n, number) for number in numbers) + HARMONIC * (n / 2000) ** 1.4,
        # the search keeps nine arrays of its vectors
        BASE + 9.5 * largest * vector,
        _size(
            "modes",
            N=n,
            G=strains,
            K=2 + n_modes,
            S=scanned,
            M=len(scan_numbers),
        ),
    )


def _sparse(n: int, number: int) -> float:
    """Seconds for so many of the lowest modes."""
    return 2.1e-6 * n**1.5 + 4e-9 * number**2 * n


def _vary(config: Mapping[str, Any], n: int, entry: Mapping[str, Any]) -> Cost:
    options, strains = config["isoconfigurational"], 1 + len(config["shear"]["gamma"])
    runs, window = options["runs"], options["debye_waller_time"]
    # two numbers of runs, two windows, and a potential that reaches three times as many particles
    ensembles = ((32, window), (100, window), (runs, 5.0), (runs, 20.0), (3 * runs, window))
    moved = sum(_runs(config, n, entry, *ensemble) for ensemble in ensembles)
    # two directions at all strains, twice those of the scan
    structures = 2 * strains + 2 * (1 + len(config["modes"]["scan_gamma"]))
    number = mode_number(config["modes"]["fraction"], n)
    each = SHEARED_QUENCH * (n / 2000) ** 1.5 + _sparse(n, number)
    return _cost(moved + structures * each, BASE + 0.04 * n, 1e-4 * 9 * 5 * strains)


def _overlap(config: Mapping[str, Any], n: int, entry: Mapping[str, Any]) -> Cost:
    strains = len(config["shear"]["gamma"])
    scan = len(config["modes"]["scan_gamma"]) * len(config["modes"]["scan_fractions"])
    pairs = 5 + 5 * strains + 3 * scan + (2 + strains if entry["propensity"] else 0)
    fields = pairs * (1 + 2 * config["overlap"]["shuffles"])
    samples = n_samples(config, n, entry["temperature"])
    rows = samples * pairs
    return _cost(
        SHUFFLED_OVERLAP * fields * n * samples,
        BASE + 0.02 * n + 2e-3 * rows,
        100e-6 * rows,
    )


def _cyclic(config: Mapping[str, Any], one: Mapping[str, Any]) -> Cost:
    n, amplitude, cycles = one["n_particles"], one["amplitude"], config["cyclic"]["cycles"]
    steps = 4 * math.ceil(round(amplitude / config["cyclic"]["strain_step"], 9))
    each = SHEARED_STEP * (n / 2000) ** 1.3
    number = mode_number(config["modes"]["fraction"], n)

    def seconds(done: int) -> float:
        return done * steps * each + (1 + done) * _sparse(n, number)

    expected = cycles if amplitude > REVERSIBLE else min(cycles, CYCLES_TO_RETURN)
    return _cost(
        seconds(expected),
        # the record and its copies, and the vectors of the search for modes
        BASE + 0.02 * n + 1e-4 * n * cycles + 9.5 * number * 8e-6 * 2 * n,
        _size("cyclic", N=n, C=1 + cycles),
        bound=seconds(cycles),
    )


def _cyclic_table(config: Mapping[str, Any]) -> Cost:
    runs = sum(len(cyclic_runs(config, one)) for one in ensembles(config, "cyclic"))
    return _cost(0.01 * runs, 1.5 * BASE)


def _respond(config: Mapping[str, Any], one: Mapping[str, Any]) -> Cost:
    n, scanned = one["n_particles"], config["modes"]["scan_fractions"]
    largest = mode_number(scanned[-1], n)
    quenched = SHEARED_QUENCH * (n / 2000) ** 1.5
    drawn = RESPONSES * (n / 2000) ** 1.4 + RESPONSE_PARTS * largest * n
    rows = one["samples"] * (1 + len(scanned))
    return _cost(
        one["samples"] * (quenched + _sparse(n, largest) + drawn),
        BASE + 9.5 * largest * 8e-6 * 2 * n,
        100e-6 * rows,
    )


def _landscape(config: Mapping[str, Any], one: Mapping[str, Any]) -> Cost:
    n, quenches, strains = one["n_particles"], one["quenches"], 1 + len(config["shear"]["gamma"])
    numbers = [mode_number(fraction, n) for fraction in one["mode_fractions"]]
    entry, structures = at_temperature(config, one["temperature"]), _structures(config, one)
    moved = _run(config, n, entry, quenches * one["interval"])
    cheap = (1 + quenches) * SERIES_QUENCH * (n / 2000) ** 1.4

    def seconds(structures: float) -> float:
        each = SHEARED_QUENCH * (n / 2000) ** 1.5 + _sparse(n, max(numbers)) + STRUCTURE
        return moved + cheap + (structures + strains) * each

    sizes = {"N": n, "G": strains, "M": len(numbers), "V": 1 + quenches, "I": structures}
    disk = _size("landscape", **sizes)
    return _cost(seconds(structures), BASE + 4 * disk + 0.02 * n, disk, bound=seconds(1 + quenches))


def _structures(config: Mapping[str, Any], one: Mapping[str, Any]) -> int:
    """Different inherent structures along a trajectory of an ensemble."""
    relaxation_time = expected_relaxation_time(config, at_temperature(config, one["temperature"]))
    moves = one["n_particles"] * one["quenches"] * one["interval"] / relaxation_time
    return 1 + min(one["quenches"], math.ceil(NEW_STRUCTURES * moves))


def _persistence(config: Mapping[str, Any], one: Mapping[str, Any]) -> Cost:
    structures, samples = _structures(config, one), one["samples"]
    each = COMPARED_SAMPLE + COMPARED_STRUCTURE * structures * (one["n_particles"] / 2000) ** 0.5
    rows = samples * (200 + 170 * len(one["mode_fractions"]))
    megabytes = 4 * _landscape(config, one).disk + 2e-3 * rows
    return _cost(samples * each, 1.5 * BASE + megabytes, 80e-6 * rows)


def _landscape_table(config: Mapping[str, Any]) -> Cost:
    samples = sum(one["samples"] for one in ensembles(config, "landscape"))
    return _cost(0.01 * samples, 1.5 * BASE + 2.0 * samples)


def _particles(config: Mapping[str, Any]) -> int:
    """Of all state points together."""
    return sum(n_particles for n_particles, _, _ in all_samples(config))


def _compile(_config: Mapping[str, Any]) -> Cost:
    return _cost(COMPILATION, 3.5 * BASE)


def _aggregate(config: Mapping[str, Any]) -> Cost:
    return _cost(AGGREGATED * _particles(config), 1.5 * BASE)


def _checks(config: Mapping[str, Any]) -> Cost:
    structures = 2 + len(config["shear"]["gamma"])
    largest = max(config["n_particles"])
    return _cost(CHECKED * structures * _particles(config), 1.4 * BASE + 0.006 * largest)


def _slowing_down(config: Mapping[str, Any]) -> Cost:
    resampled = len(config["n_particles"]) * len(temperatures(config))
    return _cost(2 * RESAMPLED * resampled + 2.0, 1.5 * BASE)


def _variants(config: Mapping[str, Any]) -> Cost:
    wanted = config["variants"]
    ensembles = len(wanted["n_particles"]) * len(wanted["temperatures"])
    return _cost(ensembles * (0.05 * wanted["samples"] + 4 * RESAMPLED), 1.5 * BASE)


def _linear_response(_config: Mapping[str, Any]) -> Cost:
    return _cost(COLLECTED)


def _gamma_c(config: Mapping[str, Any]) -> Cost:
    return _cost(RESAMPLED * len(config["n_particles"]) * len(temperatures(config)), 1.5 * BASE)


def _figure(_config: Mapping[str, Any]) -> Cost:
    return _cost(DRAWN, 1.5 * BASE)


def _summary(_config: Mapping[str, Any]) -> Cost:
    return _cost(SUMMARISED)


_OF_STATE_POINT: Mapping[str, Callable[[Mapping[str, Any], int, Mapping[str, Any]], Cost]] = {
    "equilibrate": _equilibrate,
    "isoconfigurational": _isoconfigurational,
    "quench": _quench,
    "diagonalise": _diagonalise,
    "overlap": _overlap,
    "vary": _vary,
}


class _Part(NamedTuple):
    """A stage of one of the BLOCKS, whether a job has all samples of an ensemble, and its cost."""

    block: str
    together: bool
    cost: Callable[[Mapping[str, Any], Mapping[str, Any]], Cost]


_OF_ENSEMBLE: Mapping[str, _Part] = {
    "cyclic": _Part("cyclic", together=False, cost=_cyclic),
    "landscape": _Part("landscape", together=False, cost=_landscape),
    "persistence": _Part("landscape", together=True, cost=_persistence),
    "respond": _Part("linear_response", together=True, cost=_respond),
}
_BLOCK_OF = {
    "variants": "variants",
    "cyclic_table": "cyclic",
    "landscape_table": "landscape",
    "linear_response": "linear_response",
}
"""Jobs of the whole study that only studies with a block have."""
_OF_STUDY: Mapping[str, Callable[[Mapping[str, Any]], Cost]] = {
    "compile": _compile,
    "aggregate": _aggregate,
    "checks": _checks,
    "cyclic_table": _cyclic_table,
    "figure": _figure,
    "gamma_c": _gamma_c,
    "linear_response": _linear_response,
    "landscape_table": _landscape_table,
    "maps": _figure,
    "slowing_down": _slowing_down,
    "summary": _summary,
    "variants": _variants,
}


def _size(stage: str, **sizes: int) -> float:
    """MB of a stage's file whose symbols have these sizes, optional datasets included."""

    def bytes_of(entry: Dataset) -> float:
        shape = [sizes[size] if isinstance(size, str) else size for size in entry.shape]
        plain = math.prod(shape) * np.dtype(entry.dtype).itemsize
        return COMPRESSED * plain if entry.chunked else plain

    return FILE + 1e-6 * sum(map(bytes_of, CONTRACT[stage].datasets.values()))
