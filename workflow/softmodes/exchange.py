"""Configurations out of a study, and anyone's configuration through quench and modes.

`frames` collects what a study's files say about one state point. `analyse` does with a
configuration from elsewhere what the workflow does after equilibration: it is quenched, sheared by
every strain and quenched again, and its lowest modes are found; `save` leaves files, maps and
frames like those of a study.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from softmodes import extended_xyz, modes, shear, state, storage
from softmodes.cell import Cell
from softmodes.code_digest import code_digest
from softmodes.config import mode_number
from softmodes.errors import InputError
from softmodes.extended_xyz import Frame
from softmodes.model import SMALL, Mixture
from softmodes.random_streams import stream

LOCK = resources.files(__package__) / "lock.txt"
"""A link in the repository, a file of its own in the installed package."""

FOLDERS = ("quench", "modes", "figures", "fields")
"""What `save` writes to."""

FEW_MODES = 0.00175
"""The smaller number of soft modes that is mapped, as a share of 2N: the Letter's."""

CARRIED = ("debye_waller", "propensity")
"""Fields of a configuration that stay with it, in units of its length squared."""


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
            ("equilibrium", ("positions", "species")),
            ("isoconfigurational", CARRIED),
            ("quench", ("gamma", "positions", "nonaffine", "switched")),
            ("modes", ("soft_participation",)),
        )
    )
    start = Frame(thermal["positions"], thermal["species"], state.cell(thermal), moved.data)
    n_modes = soft.dataset_attributes["soft_participation"]["n_modes"]
    return list(_frames(start, thermal.common_attributes, quenched.data, soft.data, n_modes))


def reduced(
    frame: Frame,
    sigma: Sequence[float] | None = None,
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
    species, unit = frame.species, 1.0
    if sigma is not None:
        small, mixed, large = sigma
        if large < small:
            small, large, species = large, small, 1 - species
        if not small > 0:
            raise InputError(f"sigma: {small:g} given, positive numbers expected")
        unit = small
        potential |= {
            "sigma_small": 1.0,
            "sigma_mixed": mixed / unit,
            "sigma_large": large / unit,
        }
    elif not told:
        raise InputError("sigma: not given, and the file does not tell its diameters")
    potential["small_fraction"] = float(np.mean(species == SMALL))
    start = replace(
        frame,
        positions=frame.positions / unit,
        species=species,
        cell=Cell(frame.cell.length / unit, frame.cell.tilt / unit),
        fields={name: values / unit**2 for name, values in _carried(frame)},
    )
    return start, Mixture(**potential)


@dataclass(frozen=True)
class Analysis:
    """What became of a configuration.

    Attributes:
        start: the configuration, in units of σ11.
        attributes: of its files.
        quenched: the datasets of a quench file.
        translation_switched: the control of its `switched`.
        soft: the datasets of a modes file, without the harmonic Debye-Waller factor.
        n_modes: number of soft modes.
        splits_degenerate: (G,), whether the mode after the last of these belongs to its group.
    """

    start: Frame
    attributes: dict[str, Any]
    quenched: dict[str, NDArray]
    translation_switched: bool
    soft: dict[str, NDArray]
    n_modes: int
    splits_degenerate: NDArray[np.bool_]


def analyse(
    start: Frame, mixture: Mixture, gamma: Sequence[float], mode_fraction: float
) -> Analysis:
    """Quench a configuration at every strain and find the modes of what it leads to.

    Args:
        start: from `reduced`.
        mixture: from there too.
        gamma: strains, ascending, without 0.
        mode_fraction: number of soft modes, over 2N.

    Raises:
        InputError: an argument is unusable, the cell tilted or too small, or nothing holds some
            particles of the inherent structure.
    """
    n_particles = len(start.species)
    if not gamma or not (np.diff([0.0, *gamma]) > 0).all() or not math.isfinite(gamma[-1]):
        raise InputError(f"gamma: {_listed(gamma)} given, ascending numbers above 0 expected")
    if start.cell.tilt:
        raise InputError(f"Lattice: tilted by {start.cell.tilt:g}, an untilted cell expected")
    n_modes = mode_number(mode_fraction, n_particles)
    if not (mode_fraction > 0 and max(n_modes, modes.N_EIGENVECTORS) <= 2 * n_particles - 4):
        raise InputError(
            f"mode fraction: {mode_fraction} of {2 * n_particles} modes given, more than 0 and at "
            f"most {2 * n_particles - 4} expected, {modes.N_EIGENVECTORS} at least"
        )
    attributes = {
        **({"temperature": math.nan, "sample": 0, "seed": 0} | _told(start)),
        **asdict(mixture),
        "n_particles": n_particles,
        "density": n_particles / start.cell.area,
        "backend": "cpu",
    }
    system = start.species, start.cell, mixture
    try:
        quenched = shear.quench_strains(start.positions, *system, gamma)
    except np.linalg.LinAlgError as error:
        raise InputError(
            f"positions: nothing holds some particles of the inherent structure ({error}); a "
            "denser configuration or a larger cutoff expected"
        ) from error
    control = shear.translation_switches(
        start.positions, *system, quenched, _stream(attributes, "translation")
    )
    soft, splits, _ = modes.modes_of_strains(
        quenched["positions"],
        *system,
        quenched["gamma"],
        n_modes,
        gamma[:1],
        sorted([mode_number(FEW_MODES, n_particles), n_modes]),
        _stream(attributes, "diagonalise"),
    )
    return Analysis(start, attributes, quenched, control, soft, n_modes, splits)


def save(found: Analysis, source: Path, folder: Path, config: str = "") -> list[Path]:
    """Write quench/NAME.h5, modes/NAME.h5, figures/NAME.pdf and .png, fields/NAME.xyz.

    The figure maps the fields at the smallest strain; NAME is that of the source.

    Args:
        found: from `analyse`.
        source: the file that the configuration comes from.
        folder: to write to.
        config: what was asked for, for the provenance.

    Returns:
        The files, in this order.

    Raises:
        InputError: a file cannot be written.
    """
    source = source.resolve()  # inputs are recorded with the name of their folder
    name, code = source.stem, code_digest(__file__, LOCK)
    quench, soft = (folder / stage / f"{name}.h5" for stage in FOLDERS[:2])
    attributes = {"study": name} | found.attributes
    box = {"box_length": found.start.cell.length}
    storage.write(
        quench,
        "quench",
        found.quenched,
        attributes | box | {"translation_switched": found.translation_switched},
        storage.provenance([source], config, code),
    )
    storage.write(
        soft,
        "modes",
        found.soft,
        attributes | box,
        storage.provenance([source, quench], config, code),
        {
            "soft_participation": {
                "n_modes": found.n_modes,
                "splits_degenerate": found.splits_degenerate,
            }
        },
    )
    drawn = [folder / "figures" / f"{name}.{suffix}" for suffix in ("pdf", "png")]
    _draw(found, drawn)
    trajectory = folder / "fields" / f"{name}.xyz"
    extended_xyz.write(
        trajectory, _frames(found.start, attributes, found.quenched, found.soft, found.n_modes)
    )
    storage.write_provenance([*drawn, trajectory], [source, quench, soft], config, code)
    return [quench, soft, *drawn, trajectory]


def _frames(
    start: Frame,
    attributes: Mapping[str, Any],
    quenched: Mapping[str, NDArray],
    soft: Mapping[str, NDArray],
    n_modes: int,
) -> Iterator[Frame]:
    """The thermal frame and one per strain; all of them have the fields of `start`."""
    carried = {"radius": _diameters(attributes)[start.species] / 2, **start.fields}
    yield Frame(
        start.positions,
        start.species,
        start.cell,
        carried,
        {**attributes, "configuration": "thermal", "gamma": 0.0},
    )
    for place, gamma in enumerate(quenched["gamma"]):
        yield Frame(
            quenched["positions"][place],
            start.species,
            start.cell.sheared(gamma),
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
    from softmodes import plotting

    # the scan's numbers ascend, the maps' descend
    maps = plotting.Maps(
        positions=found.quenched["positions"][0],
        diameters=_diameters(found.attributes)[found.start.species],
        box_length=found.start.cell.length,
        debye_waller=found.start.fields.get("debye_waller"),
        nonaffine=found.quenched["nonaffine"][1],
        soft_participation=found.soft["scan/soft_participation"][0, ::-1],
        n_modes=tuple(int(number) for number in found.soft["scan/n_modes"][::-1]),
        gamma=float(found.quenched["gamma"][1]),
        temperature=found.attributes["temperature"],
        switched=bool(found.quenched["switched"][1]),
    )
    plotting.save(plotting.figure3(maps), *paths)


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
            name: kind(frame.information[name]) for name, kind in storage.COMMON_ATTRIBUTES.items()
        }
    except (KeyError, ValueError):
        return {}


def _stream(attributes: Mapping[str, Any], use: str) -> np.random.Generator:
    temperature = attributes["temperature"]
    key = 0.0 if math.isnan(temperature) else temperature
    return stream(attributes["seed"], use, attributes["n_particles"], key, attributes["sample"])


def _diameters(attributes: Mapping[str, Any]) -> NDArray[np.float64]:
    return np.array([attributes["sigma_small"], attributes["sigma_large"]])


def _listed(values: Sequence[float]) -> str:
    return " ".join(f"{value:g}" for value in values) or "nothing"
