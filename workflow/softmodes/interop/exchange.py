"""Configurations out of a study, and anyone's configuration through quench and modes.

`frames` collects what a study's files say about one state point. `analyse` does with a
configuration from elsewhere what the workflow does after equilibration: it is quenched, sheared by
every strain and quenched again, its lowest modes are found, and, at a temperature, it is run many
times from fresh velocities; `save` leaves files, overlaps, maps and frames like those of a study.
A configuration may come in a tilted cell; strains are then counted from there.
"""

from __future__ import annotations

import gzip
import io
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from softmodes.analysis.comparison import Comparison
from softmodes.dynamics.isoconfigurational import Ensemble, run_ensemble
from softmodes.errors import InputError
from softmodes.interop import extended_xyz
from softmodes.interop.extended_xyz import Frame
from softmodes.landscape import modes, shear
from softmodes.landscape.modes import SoftModes
from softmodes.landscape.shear import ShearedStructures
from softmodes.random_streams import stream
from softmodes.report import tables
from softmodes.study import atomic, contract, records, storage
from softmodes.study.code_digest import PACKAGE, code_digest
from softmodes.study.config import mode_number
from softmodes.system import forces
from softmodes.system.cell import Cell
from softmodes.system.configuration import Configuration
from softmodes.system.mixture import SMALL, Mixture

LOCK = PACKAGE / "lock.txt"
"""A link in the repository, a file of its own in the installed package."""

FOLDERS = ("quench", "modes", "overlap", "figures", "fields", "isoconfigurational")
"""What `save` writes to, the last one at a temperature only."""

WRITERS = {
    "": extended_xyz.lines,
    ".xyz": extended_xyz.lines,
    ".extxyz": extended_xyz.lines,
    ".lammpstrj": extended_xyz.dump_lines,
}
"""What makes the lines of a file, by its suffix, before which a .gz may stand."""

COMPRESSED = (".gz", ".bz2", ".xz")
"""Suffixes of sources that stand after another one."""

FEW_MODES = 0.00175
"""The smaller number of soft modes that is mapped, as a share of 2N: the Letter's."""

CARRIED = ("debye_waller", "propensity")
"""Fields of a configuration that stay with it, in units of its length squared."""

RUNS: Mapping[str, Any] = {
    "time_step": 0.005,
    "n_runs": 96,
    "debye_waller_time": 10.0,
    "sampling_interval": 0.1,
}
"""Of the isoconfigurational ensemble, times in τ: the Letter's."""

NEIGHBOURS = np.array([1.45, 1.67 / 1.2, 1.91 / 1.4])
"""First minima of g_ab(r) of the Letter's mixture, in σ_ab."""

SHUFFLES = 20
"""In the controls of an overlap."""

OVERLAPPING = 50.0
"""In ε; at T = 2 no pair in 10^10 has such an energy."""

LOOSE = 1.2
"""In σ_ab; in a dense liquid the nearest neighbour of most particles is closer."""


def frames(results: str | Path, name: str) -> list[Frame]:
    """A state point of a study: the thermal configuration, then its inherent structure at every γ.

    Args:
        results: folder of the study's results.
        name: of the state point, N120_T0.600_s000 or the like.

    Raises:
        InputError: a file is missing or unreadable.
    """
    thermal, moved, quenched, soft = (
        storage.read(Path(results, stage, f"{name}.h5"), *datasets)
        for stage, datasets in (
            ("equilibrium", ("positions", "velocities", "species")),
            ("isoconfigurational", CARRIED),
            ("quench", ("gamma", "positions", "nonaffine", "switched")),
            ("modes", ("soft_participation",)),
        )
    )
    start = Frame(records.configuration(thermal), moved.data)
    velocities = {"velo": thermal["velocities"]}
    n_modes = soft.dataset_attributes["soft_participation"]["n_modes"]
    first, *strained = _frames(start, thermal.common_attributes, quenched.data, soft.data, n_modes)
    return [replace(first, fields={**velocities, **first.fields}), *strained]


def writer(path: str | Path) -> Callable[[Iterable[Frame]], Iterator[str]]:
    """What makes the lines of a file of frames, in the format that its suffix asks for.

    Raises:
        InputError: no format has this suffix.
    """
    name = str(path).lower().removesuffix(".gz")
    suffix = Path(name).suffix
    if suffix not in WRITERS:
        raise InputError(
            f"{path}: a format that is not written; .xyz or .extxyz (extended XYZ) or .lammpstrj "
            "(LAMMPS dump) expected, and .gz after it for a compressed file"
        )
    return WRITERS[suffix]


def write(path: str | Path, frames: Iterable[Frame]) -> None:
    """Write frames as one trajectory, atomically, in the format that the suffix asks for.

    Raises:
        InputError: no format has this suffix, or the file cannot be written.
    """
    lines = writer(path)(frames)
    with atomic.replacing(path) as temporary, temporary.open("wb") as file:
        compressed = str(path).lower().endswith(".gz")
        # the same bytes at any time
        stream = gzip.GzipFile("", "wb", fileobj=file, mtime=0) if compressed else file
        with io.TextIOWrapper(stream, encoding="utf-8") as text:
            text.writelines(lines)


def diameters(kinds: Sequence[str], given: Sequence[str]) -> list[float]:
    """σ11, σ12 and σ22 of the kinds of a file, in this order.

    Args:
        kinds: one or two names.
        given: NAME=σ of every kind and, of two, mixed=σ. Three numbers do for kinds that are
            numbers, or A and B; one does for a single kind.

    Raises:
        InputError: anything else is given.
    """
    names = _sigma_names(kinds)
    ordered = len(kinds) == 1 or all(map(str.isdigit, kinds)) or tuple(kinds) == ("A", "B")
    if len(kinds) == 1:
        given = list(dict.fromkeys(given))  # one number three times
    numbers = given
    if ordered and len(given) == len(names) and "=" not in "".join(given):
        numbers = [f"{name}={number}" for name, number in zip(names, given, strict=True)]
    named = dict(text.rpartition("=")[::2] for text in numbers)
    try:
        if len(numbers) != len(names):
            raise ValueError
        values = [float(named[name]) for name in names]
    except (KeyError, ValueError) as error:
        raise InputError(
            f"sigma: {' '.join(given)} given, {_listed_names(names)} expected"
        ) from error
    return values if len(values) == 3 else values * 3


def reduced(
    frame: Frame,
    sigma: Sequence[float] | None = None,
    *,
    exponent: int | None = None,
    cutoff: float | None = None,
) -> tuple[Frame, Mixture]:
    """A frame and its mixture in units of the smaller diameter, whose species is the small one.

    Args:
        frame: with any unit of length.
        sigma: (3,), σ11, σ12 and σ22 of its species 0 and 1, in that unit. None takes what a frame
            of `frames` says, and leaves its lengths.
        exponent, cutoff: n and x_c of the pair potential; None takes what such a frame says, and
            the Letter's of another's.

    Raises:
        InputError: a value or a field to carry is unusable, or no diameters are told.
    """
    told = _told(frame)
    potential = {field.name: told[field.name] for field in fields(Mixture)} if told else {}
    potential |= {"exponent": exponent} if exponent is not None else {}
    potential |= {"cutoff": cutoff} if cutoff is not None else {}
    found = frame.configuration
    species, symbols, unit = found.species, frame.symbols, 1.0
    if sigma is not None:
        small, mixed, large = sigma
        if large < small:
            small, large = large, small
            species, symbols = 1 - species, symbols[::-1]
        if not small > 0:
            raise InputError(f"sigma: {small:g} given, positive numbers expected")
        unit = small
        potential |= {
            "sigma_small": 1.0,
            "sigma_mixed": mixed / unit,
            "sigma_large": large / unit,
        }
    elif not told:
        raise InputError(
            "sigma: not given, and the file does not tell its diameters; "
            f"{_listed_names(_sigma_names(frame.symbols))} expected"
        )
    potential["small_fraction"] = float(np.mean(species == SMALL))
    start = replace(
        frame,
        configuration=Configuration(
            found.positions / unit, species, Cell(found.cell.length / unit, found.cell.tilt / unit)
        ),
        fields={name: values / unit**2 for name, values in _carried(frame)},
        symbols=symbols,
    )
    return start, Mixture(**potential)


@dataclass(frozen=True)
class Packing:
    """How a configuration is packed, as it is given.

    Attributes:
        density, pressure: in 1/σ11² and ε/σ11², without kinetic part.
        energy: potential, per particle, in ε.
        exchanged: the same, were the diameters exchanged: lower if they are.
        overlapping: pairs of an energy above OVERLAPPING.
        nearest: median over the particles of the distance to the nearest other one, in σ_ab;
            infinite beyond the cutoff.
    """

    density: float
    pressure: float
    energy: float
    exchanged: float
    overlapping: int
    nearest: float


def packing(start: Configuration, mixture: Mixture) -> Packing:
    """What tells whether a configuration and its diameters belong together.

    Raises:
        InputError: the cell is too small for the cutoff.
    """
    found, exchanged = (
        forces.evaluate(replace(start, species=species), mixture)
        for species in (start.species, 1 - start.species)
    )
    first, second, apart = start.pairs(mixture.cutoff * mixture.sigma)
    distance = np.hypot(*apart.T) / mixture.sigma[start.species[first] + start.species[second]]
    nearest = np.full(start.n_particles, np.inf)
    np.minimum.at(nearest, first, distance)
    np.minimum.at(nearest, second, distance)
    return Packing(
        density=start.n_particles / start.cell.area,
        pressure=forces.pressure(found, start.cell),
        energy=found.energy / start.n_particles,
        exchanged=exchanged.energy / start.n_particles,
        overlapping=int(np.count_nonzero(distance < OVERLAPPING ** (-1 / mixture.exponent))),
        nearest=float(np.median(nearest)),
    )


@dataclass(frozen=True)
class Analysis:
    """What became of a configuration.

    Attributes:
        start: the configuration, in units of σ11.
        attributes: of its files.
        quenched: the inherent structures at every strain.
        translation_switched: the control of its `switched`.
        soft: the modes of these.
        overlaps: of the fields, a row per pair and strain, as in the study's tables.
        ensemble: of the runs at a temperature; None where none was given.
    """

    start: Frame
    attributes: dict[str, Any]
    quenched: ShearedStructures
    translation_switched: bool
    soft: SoftModes
    overlaps: pd.DataFrame
    ensemble: Ensemble | None = None


def analyse(
    start: Frame,
    mixture: Mixture,
    gamma: Sequence[float],
    *,
    mode_fraction: float,
    temperature: float | None = None,
) -> Analysis:
    """Quench a configuration at every strain and find the modes of what it leads to.

    Args:
        start: from `reduced`.
        mixture: from there too.
        gamma: strains from the configuration on, ascending, without 0.
        mode_fraction: number of soft modes, over 2N.
        temperature: of the isoconfigurational runs; None: no runs.

    Raises:
        InputError: an argument is unusable, the cell too small, or nothing holds some particles of
            the inherent structure.
    """
    configuration, n_particles = start.configuration, start.configuration.n_particles
    if not gamma or not (np.diff([0.0, *gamma]) > 0).all() or not math.isfinite(gamma[-1]):
        raise InputError(f"gamma: {_listed(gamma)} given, ascending numbers above 0 expected")
    if temperature is not None and not 0 < temperature < math.inf:
        raise InputError(f"temperature: {temperature} given, a positive number expected")
    n_modes = mode_number(mode_fraction, n_particles)
    if not (mode_fraction > 0 and max(n_modes, modes.N_EIGENVECTORS) <= 2 * n_particles - 4):
        raise InputError(
            f"mode fraction: {mode_fraction} of {2 * n_particles} modes given, more than 0 and at "
            f"most {2 * n_particles - 4} expected, {modes.N_EIGENVECTORS} at least"
        )
    attributes = {
        **({"temperature": math.nan, "sample": 0, "seed": 0} | _told(start)),
        **({} if temperature is None else {"temperature": temperature}),
        **asdict(mixture),
        "n_particles": n_particles,
        "density": n_particles / configuration.cell.area,
        "backend": "cpu",
    }
    try:
        quenched = shear.quench_strains(configuration, mixture, gamma)
    except np.linalg.LinAlgError as error:
        raise InputError(
            f"positions: nothing holds some particles of the inherent structure ({error}); a "
            "denser configuration or a larger cutoff expected"
        ) from error
    control = shear.translation_switches(
        configuration, mixture, quenched, rng=_stream(attributes, "translation")
    )
    sheared = records.datasets("quench", quenched)
    try:
        soft = modes.modes_of_strains(
            records.inherent_structures(configuration, sheared),
            mixture,
            quenched.gamma,
            n_modes=n_modes,
            scan_gamma=gamma[:1],
            scan_numbers=sorted([mode_number(FEW_MODES, n_particles), n_modes]),
            rng=_stream(attributes, "diagonalise"),
        )
    except np.linalg.LinAlgError as error:
        raise InputError(f"modes of the inherent structures: {error}") from error
    ensemble = None
    if temperature is not None:
        ensemble = run_ensemble(
            configuration,
            mixture,
            temperature,
            **RUNS,
            random_stream=lambda run: _stream(attributes, "isoconfigurational", run),
            precision=np.float32,
        )
        start = replace(start, fields={**start.fields, "debye_waller": ensemble.debye_waller})
    compare = Comparison(configuration.species, SHUFFLES, _stream(attributes, "overlap"))
    moved = dict(start.fields)
    if ensemble is not None:
        moved |= records.datasets("isoconfigurational", ensemble)
    known = compare.fields(
        configuration,
        moved,
        sheared,
        soft=records.datasets("modes", soft),
        n_modes=n_modes,
        neighbour_distances=NEIGHBOURS * mixture.sigma,
    )
    overlaps = pd.DataFrame(compare.rows(known))
    return Analysis(start, attributes, quenched, control, soft, overlaps, ensemble)


def save(
    found: Analysis, source: Path, folder: Path, *, config: str = "", frame: int = 0
) -> list[Path]:
    """Write what was found, one file per folder of FOLDERS, of figures PDF and PNG.

    The figure maps the fields at the smallest strain. Files have the name of the source and, but
    for the first frame, its number.

    Args:
        found: from `analyse`.
        source: the file that the configuration comes from.
        folder: to write to.
        config: what was asked for, for the provenance.
        frame: number of the configuration in the source.

    Returns:
        The files.

    Raises:
        InputError: a file cannot be written.
    """
    bare = source.with_suffix("") if source.suffix in COMPRESSED else source
    name = f"{bare.stem}_frame{frame}" if frame else bare.stem
    code = code_digest(__file__, LOCK)
    quench, soft, table, pdf, trajectory, moved = (
        folder / stage / f"{name}.{suffix}"
        for stage, suffix in zip(FOLDERS, ("h5", "h5", "csv", "pdf", "xyz", "h5"), strict=True)
    )
    cell = found.start.configuration.cell
    attributes = {"study": name} | found.attributes
    sheared = records.datasets("quench", found.quenched)
    diagonalised = records.datasets("modes", found.soft)
    box = {"box_length": cell.length} | ({"tilt": cell.tilt} if cell.tilt else {})

    def origin(*inputs: Path) -> dict[str, Any]:
        return storage.provenance(inputs, config, code, folder=folder)

    storage.write(
        quench,
        "quench",
        sheared,
        attributes=attributes | box | {"translation_switched": found.translation_switched},
        provenance=origin(source),
    )
    storage.write(
        soft,
        "modes",
        diagonalised,
        attributes=attributes | box,
        provenance=origin(source, quench),
        dataset_attributes={
            "soft_participation": {
                "n_modes": found.soft.n_modes,
                "splits_degenerate": found.soft.splits_degenerate,
            }
        },
    )
    written, inputs = [quench, soft], [source, quench, soft]
    if found.ensemble is not None:
        told = {"n_runs": RUNS["n_runs"], "t_dw": RUNS["debye_waller_time"], "precision": "single"}
        told |= {"t_alpha": math.nan, "relaxation_time": math.nan}
        storage.write(
            moved,
            "isoconfigurational",
            records.datasets("isoconfigurational", found.ensemble),
            attributes=attributes | box | told,
            provenance=origin(source),
        )
        written, inputs = [*written, moved], [*inputs, moved]
    tables.write_csv(found.overlaps, table)
    drawn = [pdf, pdf.with_suffix(".png")]
    _draw(found, drawn)
    write(trajectory, _frames(found.start, attributes, sheared, diagonalised, found.soft.n_modes))
    others = [table, *drawn, trajectory]
    storage.write_provenance(others, inputs, config, code=code, folder=folder)
    return [*written, *others]


def _frames(
    start: Frame,
    attributes: Mapping[str, Any],
    quenched: Mapping[str, NDArray],
    soft: Mapping[str, NDArray],
    n_modes: int,
) -> Iterator[Frame]:
    """The thermal frame and one per strain; all of them have the fields of `start`."""
    configuration = start.configuration
    carried = {"radius": _diameters(attributes)[configuration.species] / 2, **start.fields}
    thermal = {**attributes, "configuration": "thermal", "gamma": 0.0}
    yield Frame(configuration, carried, thermal)
    structures = records.inherent_structures(configuration, quenched)
    for place, (structure, gamma) in enumerate(zip(structures, quenched["gamma"], strict=True)):
        yield Frame(
            structure,
            carried
            | {
                "soft_participation": soft["soft_participation"][place],
                "nonaffine": quenched["nonaffine"][place],
            },
            {
                **attributes,
                "configuration": "inherent",
                "gamma": gamma,
                "switched": quenched["switched"][place],
                "n_modes": n_modes,
            },
        )


def _draw(found: Analysis, paths: Sequence[Path]) -> None:
    # matplotlib takes a second to load, and most commands draw nothing
    from softmodes.report import drawing, figures
    from softmodes.report.maps import Maps

    unstrained = found.start.configuration.displaced(found.quenched.positions[0]).wrapped()
    # the scan's numbers ascend, the maps' descend
    maps = Maps(
        positions=unstrained.positions,
        diameters=_diameters(found.attributes)[unstrained.species],
        box_length=unstrained.cell.length,
        tilt=unstrained.cell.tilt,
        debye_waller=found.start.fields.get("debye_waller"),
        nonaffine=found.quenched.nonaffine[1],
        soft_participation=found.soft.scan.soft_participation[0, ::-1],
        n_modes=tuple(int(number) for number in found.soft.scan.n_modes[::-1]),
        gamma=float(found.quenched.gamma[1]),
        temperature=found.attributes["temperature"],
        switched=bool(found.quenched.switched[1]),
    )
    drawing.save(figures.figure_of_maps(maps), *paths)


def _carried(frame: Frame) -> Iterator[tuple[str, NDArray]]:
    for name in CARRIED:
        values = frame.fields.get(name)
        if values is None:
            continue
        if values.ndim != 1 or values.dtype.kind not in "fi" or not np.isfinite(values).all():
            raise InputError(
                f"Properties: column '{name}': one finite number per particle expected; rename the "
                "column if it is something else"
            )
        yield name, values


def _told(frame: Frame) -> dict[str, Any]:
    """What a frame of this package says of its state point; nothing of another's frame."""
    try:
        return {
            name: kind(frame.information[name]) for name, kind in contract.COMMON_ATTRIBUTES.items()
        }
    except (KeyError, ValueError):
        return {}


def _stream(attributes: Mapping[str, Any], use: str, replica: int = 0) -> np.random.Generator:
    temperature = attributes["temperature"]
    key = 0.0 if math.isnan(temperature) else temperature
    return stream(
        attributes["seed"],
        use,
        attributes["n_particles"],
        temperature=key,
        sample=attributes["sample"],
        replica=replica,
    )


def _sigma_names(kinds: Sequence[str]) -> list[str]:
    return [kinds[0], "mixed", kinds[1]] if len(kinds) == 2 else list(kinds)


def _listed_names(names: Sequence[str]) -> str:
    return "--sigma " + " ".join(f"{name}=σ" for name in names)


def _diameters(attributes: Mapping[str, Any]) -> NDArray[np.float64]:
    return np.array([attributes["sigma_small"], attributes["sigma_large"]])


def _listed(values: Sequence[float]) -> str:
    return " ".join(f"{value:g}" for value in values) or "nothing"
