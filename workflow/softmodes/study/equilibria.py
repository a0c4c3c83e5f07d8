"""Published equilibria: the equilibrated samples of a study in few bytes, and back.

    pack(files, folder)                             equilibrium and relaxation files -> archives
    find(folder, n_particles=2000, ...)             -> Found(archive, time) of a state point
    unpack(archive, sample, equilibrium=..., relaxation=...)

An archive, `N2000_T0.360.h5`, holds all samples of one N and T: the arrays of their two files, one
sample after another (`contract.CONTRACT`). Positions are whole multiples of box_length/2³²;
velocities are left out, for `records.drawn_velocities` gives them. Every file's digest is kept, and
what comes out is checked against it: every later stage gets the same bits.
"""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from softmodes.errors import InputError
from softmodes.study import atomic, records, storage
from softmodes.study.contract import ARCHIVED_ATTRIBUTES, CONTRACT, ENSEMBLE_ATTRIBUTES
from softmodes.system.mixture import Mixture

STAGES = tuple(ARCHIVED_ATTRIBUTES)

LAGS = "relaxation/time"
"""In an archive: the times of each sample's relaxation functions."""

SPARE_TIME = 0.1
"""By how much of it a stage may be longer than asked for, or the longest time of its relaxation
functions shorter: both are whole numbers of blocks."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Sample:
    """What an archive holds of one sample.

    Attributes:
        ensemble: the attributes that all samples of its archive share.
        arrays: by their names in the archive, without the axis of the samples.
        records: of the two files, by stage: `digest`, `provenance`, `study` and `backend`.
    """

    ensemble: dict[str, Any]
    arrays: dict[str, Any]
    records: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Found:
    """A published state point.

    Attributes:
        archive: that holds it.
        time: length of its constant-volume stage, in τ.
    """

    archive: Path
    time: float


def missing_time(time: float, equilibration_time: float) -> float:
    """What a constant-volume stage lacks of the time asked for, in τ; 0 for what rounding leaves.

    Args:
        time, equilibration_time: in τ.
    """
    missing = equilibration_time - time
    return missing if missing > 1e-6 * equilibration_time else 0.0


def archive_name(n_particles: int, temperature: float) -> str:
    """Name of the archive of all samples at N and T."""
    return f"N{n_particles}_T{temperature:.3f}.h5"


def find(
    source: str | Path,
    *,
    n_particles: int,
    temperature: float,
    sample: int,
    seed: int,
    model: Mapping[str, Any],
    ensemble: Mapping[str, float],
    equilibration_time: float,
) -> Found | None:
    """A published state point; None where there is none.

    Args:
        source: folder of archives, or one archive.
        n_particles, temperature, sample, seed: the state point.
        model: the mixture, by the keys of `Mixture`.
        ensemble: pressure or density, as configured.
        equilibration_time: of samples that are not there, in τ: only functions of the same times
            can be averaged.

    Raises:
        InputError: there is no such source, or its archive of that N and T is of another seed,
            model or, as far as that was recorded, ensemble, or unreadable; or it lacks the sample,
            and its relaxation functions are not those of that time.
    """
    source = Path(source)
    if not source.exists():
        raise InputError(f"{source}: not found, a folder or an archive of equilibria expected")
    path = source / archive_name(n_particles, temperature) if source.is_dir() else source
    if not path.is_file():
        return None
    samples, longest, held = _contents(path, path.stat().st_mtime_ns)
    if archive_name(n_particles, temperature) != _archive_of(held):
        return None
    for name, value in {"seed": seed, **asdict(Mixture(**model))}.items():
        if held[name] != value:
            raise InputError(f"{path}: {name} {held[name]} found, {value} expected")
    if sample not in samples:
        if abs(longest / equilibration_time - 1.0) > SPARE_TIME:
            raise InputError(
                f"{path}: relaxation functions up to {longest:g} found, up to equilibration_time, "
                f"{equilibration_time:g}, expected as of sample {sample}, which is not there"
            )
        return None
    time, made_in = samples[sample]
    if made_in not in (None, ensemble):
        raise InputError(f"{path}: ensemble {made_in} found, {ensemble} expected")
    return Found(path, time)


def unpack(
    archive: str | Path,
    sample: int,
    *,
    equilibrium: str | Path,
    relaxation: str | Path,
    config: str = "",
    code: str = "",
) -> None:
    """Write the two files of a sample, as they were packed.

    Args:
        archive: to read.
        equilibrium, relaxation: files to write. Their provenance names the archive with its digest
            and holds, as `original`, that of the file that was packed.
        config: the study's configuration, for the provenance.
        code: digest of the code, likewise.

    Raises:
        InputError: the sample is not there, or what comes out is not what was packed.
    """
    found = _samples(archive).get(sample)
    if found is None:
        raise InputError(f"{archive}: sample {sample} is not there")
    origin = storage.provenance([archive], config, code)
    for stage, path in zip(STAGES, (equilibrium, relaxation), strict=True):
        record = found.records[stage]
        with atomic.replacing(path) as temporary:
            storage.write(
                temporary,
                stage,
                _datasets(found, stage, sample),
                attributes=_attributes(found, stage, sample),
                provenance=origin | {"original": record["provenance"]},
            )
            if storage.digest(temporary) != record["digest"]:
                raise InputError(f"{archive}: {stage} of sample {sample} is not what was packed")


def pack(files: Iterable[str | Path], folder: str | Path) -> list[Path]:
    """Put equilibrium and relaxation files into the archives of a folder.

    Samples that an archive holds already stay; one that gets nothing new is not written again. A
    state point of which only one file is given is left out.

    Args:
        files: equilibrium and relaxation files of any state points.
        folder: of the archives.

    Returns:
        The archives that hold them.

    Raises:
        InputError: a file is of another stage; or a sample differs from the one of its number in
            the archive, or from the others there in seed, model, times of the relaxation functions
            or the shape of an array.
    """
    given: dict[str, dict[int, dict[str, storage.StateFile]]] = {}
    for path in files:
        file = storage.read(path)
        if file.stage not in STAGES:
            raise InputError(f"{path}: stage {file.stage} found, {' or '.join(STAGES)} expected")
        samples = given.setdefault(_archive_of(file.attributes), {})
        samples.setdefault(file.attributes["sample"], {})[file.stage] = file
    archives = []
    for name, samples in sorted(given.items()):
        complete = {
            sample: _packed(pair) for sample, pair in samples.items() if len(pair) == len(STAGES)
        }
        for sample in sorted(samples.keys() - complete.keys()):
            logger.warning("%s: sample %d has one of two files, left out", name, sample)
        if complete:
            archives.append(Path(folder) / name)
            _merge(archives[-1], complete)
    return archives


@functools.cache
def _contents(
    path: Path, _modified: int
) -> tuple[dict[int, tuple[float, dict[str, float] | None]], float, dict[str, Any]]:
    """Time and ensemble by sample, longest of `LAGS`, and attributes of an archive as once it was.

    A sample made without a study's configuration has no ensemble on record.
    """
    file = storage.read(path, "sample", "equilibrium/time", LAGS, "records")
    configs = [
        kept["equilibrium"]["provenance"].get("config")
        for kept in json.loads(file["records"].tobytes())
    ]
    ensembles = [json.loads(config).get("ensemble") if config else None for config in configs]
    of_samples = zip(file["equilibrium/time"].tolist(), ensembles, strict=True)
    longest = float(file[LAGS][0, -1])
    return dict(zip(file["sample"].tolist(), of_samples, strict=True)), longest, file.attributes


def _archive_of(attributes: Mapping[str, Any]) -> str:
    """Name of the archive that a file with such attributes belongs to."""
    return archive_name(attributes["n_particles"], attributes["temperature"])


def _packed(pair: Mapping[str, storage.StateFile]) -> _Sample:
    """The two files of a sample, by stage, as an archive holds them."""
    arrays: dict[str, Any] = {}
    for stage, file in pair.items():
        arrays |= {f"{stage}/{name}": values for name, values in file.data.items()}
        arrays |= {f"{stage}/{name}": file.attributes[name] for name in ARCHIVED_ATTRIBUTES[stage]}
    equilibrium = pair["equilibrium"]
    arrays["equilibrium/positions"] = records.grid_positions(
        equilibrium["positions"], equilibrium.attributes["box_length"]
    )
    del arrays["equilibrium/velocities"]
    return _Sample(
        ensemble={name: equilibrium.attributes[name] for name in ENSEMBLE_ATTRIBUTES},
        arrays=arrays,
        records={
            stage: {
                "digest": storage.digest(file.path),
                "provenance": storage.read_provenance(file.path),
                "study": file.attributes["study"],
                "backend": file.attributes["backend"],
            }
            for stage, file in pair.items()
        },
    )


def _datasets(found: _Sample, stage: str, sample: int) -> dict[str, Any]:
    """The datasets of a packed file."""
    drawn = {"velocities"}
    datasets = {
        name: found.arrays[f"{stage}/{name}"] for name in CONTRACT[stage].datasets.keys() - drawn
    }
    if stage == "equilibrium":
        point = (found.ensemble[name] for name in ("seed", "n_particles", "temperature"))
        datasets["velocities"] = records.drawn_velocities(*point, sample=sample)
        datasets["positions"] = records.positions_on_grid(
            datasets["positions"], float(found.arrays["equilibrium/box_length"])
        )
    return datasets


def _attributes(found: _Sample, stage: str, sample: int) -> dict[str, Any]:
    """The root attributes of a packed file."""
    own = {f"equilibrium/{name}" for name in ("density", "box_length")}
    own |= {f"{stage}/{name}" for name in ARCHIVED_ATTRIBUTES[stage]}
    record = {name: found.records[stage][name] for name in ("study", "backend")}
    numbers = {name.split("/")[1]: found.arrays[name] for name in own}
    return found.ensemble | record | numbers | {"sample": sample}


def _samples(archive: str | Path) -> dict[int, _Sample]:
    """All that an archive holds, by sample."""
    file = storage.read(archive)
    if file.stage != "equilibria":
        raise InputError(f"{archive}: stage {file.stage} found, an archive of equilibria expected")
    kept = json.loads(file["records"].tobytes())
    stacked = {name: values for name, values in file.data.items() if "/" in name}
    return {
        sample: _Sample(
            ensemble={name: file.attributes[name] for name in ENSEMBLE_ATTRIBUTES},
            arrays={name: values[index] for name, values in stacked.items()},
            records=kept[index],
        )
        for index, sample in enumerate(file["sample"].tolist())
    }


def _merge(path: Path, given: dict[int, _Sample]) -> None:
    """Add samples to an archive."""
    held = _samples(path) if path.exists() else {}
    for sample in given.keys() & held.keys():
        for stage in STAGES:
            if given[sample].records[stage]["digest"] != held[sample].records[stage]["digest"]:
                raise InputError(f"{path}: another {stage} of sample {sample} given than is there")
    samples = dict(sorted((given | held).items()))
    first = next(iter(samples.values()))
    for sample, found in samples.items():
        if found.ensemble != first.ensemble:
            raise InputError(f"{path}: sample {sample} is of another seed or model than the others")
        for name, values in found.arrays.items():
            shape, expected = np.shape(values), np.shape(first.arrays[name])
            if shape != expected:
                raise InputError(
                    f"{path}: {name} of sample {sample} has shape {shape}, {expected} of the "
                    "others expected"
                )
        if not np.array_equal(found.arrays[LAGS], first.arrays[LAGS]):
            raise InputError(f"{path}: {LAGS} of sample {sample} is not that of the others")
    if samples.keys() == held.keys():
        return
    arrays = {
        name: np.stack([found.arrays[name] for found in samples.values()]) for name in first.arrays
    }
    kept = json.dumps([found.records for found in samples.values()], sort_keys=True)
    storage.write(
        path,
        "equilibria",
        {
            "sample": np.array(list(samples)),
            "records": np.frombuffer(kept.encode(), np.uint8),
            **arrays,
        },
        attributes=first.ensemble,
        provenance=storage.provenance(),
    )
