"""The contract of the files: which datasets and attributes each stage's file holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Dataset:
    """One dataset of the contract.

    `shape` mixes numbers and symbols; a symbol has one value throughout a file, and N is the
    attribute `n_particles`. `attributes` are those it carries besides `units`. `finite` ones hold
    neither NaN nor infinity.
    """

    units: str
    shape: tuple[int | str, ...]
    dtype: str = "float64"
    required: bool = True
    attributes: tuple[str, ...] = ()
    finite: bool = False

    @property
    def chunked(self) -> bool:
        """Whether it is stored compressed: fields over γ or cycles, and all of an archive."""
        return (self.shape[0] in ("G", "S", "C") and "N" in self.shape) or self.shape[0] in (
            "A",
            "J",
        )


ENSEMBLE_ATTRIBUTES: dict[str, type] = {
    "n_particles": int,
    "temperature": float,
    "seed": int,
    "sigma_small": float,
    "sigma_mixed": float,
    "sigma_large": float,
    "exponent": int,
    "cutoff": float,
    "smoothed": bool,
    "small_fraction": float,
}
"""Of all samples at one N and T."""

COMMON_ATTRIBUTES: dict[str, type] = {
    "study": str,
    "sample": int,
    "density": float,
    "backend": str,
    **ENSEMBLE_ATTRIBUTES,
}
"""Of all files of a state point."""


@dataclass(frozen=True)
class Stage:
    """Datasets by name and attributes by name and type of one stage.

    Others have the `common` ones too; `optional` ones may lack.
    """

    datasets: Mapping[str, Dataset]
    attributes: dict[str, type] = field(default_factory=dict)
    optional: dict[str, type] = field(default_factory=dict)
    common: dict[str, type] = field(default_factory=lambda: COMMON_ATTRIBUTES)


CELL: dict[str, type] = {"box_length": float, "tilt": float}
"""Of the cell at γ = 0; without a tilt it is a square."""


# Symbols: N particles, E points of the series, F times, W wavenumbers, B radii, G shear strains,
# K modes, S strains of the mode-number scan, M mode numbers of the scan, A samples of an archive,
# J bytes of a text, V visits along a trajectory, I inherent structures found there, C structures
# between cycles of shear.
CONTRACT: dict[str, Stage] = {
    "equilibrium": Stage(
        datasets={
            "positions": Dataset("sigma11", ("N", 2), finite=True),
            "velocities": Dataset("sigma11/tau", ("N", 2), finite=True),
            "species": Dataset("1", ("N",), "int8"),
            "series/time": Dataset("tau", ("E",)),
            "series/energy": Dataset("epsilon", ("E",)),
            "series/pressure": Dataset("epsilon/sigma11^2", ("E",)),
            "series/inherent_energy": Dataset("epsilon", ("E",)),
        },
        attributes={"box_length": float, "pressure": float, "time": float},
    ),
    "relaxation": Stage(
        datasets={
            "time": Dataset("tau", ("F",)),
            "self_intermediate_scattering": Dataset("1", (3, "F")),
            "cage_relative_scattering": Dataset("1", (3, "F")),
            "mean_squared_displacement": Dataset("sigma11^2", (3, "F")),
            "self_intermediate_scattering_halves": Dataset("1", (2, "F")),
            "cage_relative_scattering_halves": Dataset("1", (2, "F")),
            "wavenumber": Dataset("1/sigma11", ("W",)),
            "structure_factor": Dataset("1", (3, "W")),
            "radius": Dataset("sigma11", ("B",)),
            "radial_distribution": Dataset("1", (3, "B")),
        },
        attributes={"peak_wavenumber": float},
        optional={"box_length": float},
    ),
    "isoconfigurational": Stage(
        datasets={
            "debye_waller": Dataset("sigma11^2", ("N",)),
            "debye_waller_halves": Dataset("sigma11^2", (2, "N")),
            "propensity": Dataset("sigma11^2", ("N",), required=False),
            "propensity_halves": Dataset("sigma11^2", (2, "N"), required=False),
        },
        attributes={
            "n_runs": int,
            "precision": str,
            "t_dw": float,
            "t_alpha": float,
            "relaxation_time": float,
        },
        optional=CELL,
    ),
    "quench": Stage(
        datasets={
            "gamma": Dataset("1", ("G",)),
            "positions": Dataset("sigma11", ("G", "N", 2), finite=True),
            "energy": Dataset("epsilon", ("G",)),
            "shear_stress": Dataset("epsilon/sigma11^2", ("G",)),
            "pressure": Dataset("epsilon/sigma11^2", ("G",)),
            "max_force": Dataset("epsilon/sigma11", ("G",)),
            "nonaffine": Dataset("sigma11", ("G", "N", 2)),
            "linear_response": Dataset("sigma11", ("N", 2)),
            "converged": Dataset("1", ("G",), "bool"),
            "switched": Dataset("1", ("G",), "bool"),
            "n_negative": Dataset("1", ("G",), "int64"),
        },
        attributes={"translation_switched": bool},
        optional=CELL,
    ),
    "modes": Stage(
        datasets={
            "gamma": Dataset("1", ("G",)),
            "eigenvalues": Dataset("1/tau^2", ("G", "K")),
            "soft_participation": Dataset(
                "1", ("G", "N"), attributes=("n_modes", "splits_degenerate")
            ),
            "scan/gamma": Dataset("1", ("S",)),
            "scan/n_modes": Dataset("1", ("M",), "int64"),
            "scan/soft_participation": Dataset("1", ("S", "M", "N")),
            "eigenvectors": Dataset("1", (16, "N", 2)),
            # where the unstrained inherent structure is a minimum
            "harmonic_debye_waller": Dataset("sigma11^2", ("N",), required=False),
        },
        optional=CELL,
    ),
    "cyclic": Stage(
        datasets={
            "positions": Dataset("sigma11", ("C", "N", 2), finite=True),
            "energy": Dataset("epsilon", ("C",)),
            "converged": Dataset("1", ("C",), "bool"),
            "distance": Dataset("sigma11", ("C",)),
            "mobile_distance": Dataset("sigma11", ("C",)),
            "soft_participation": Dataset(
                "1", ("C", "N"), attributes=("n_modes", "splits_degenerate")
            ),
            "overlap": Dataset("1", ("C",)),
        },
        attributes={"amplitude": float, "strain_step": float, "period": int},
        optional=CELL,
    ),
    "landscape": Stage(
        datasets={
            "time": Dataset("tau", ("V",)),
            "structure": Dataset("1", ("V",), "int64"),
            "positions": Dataset("sigma11", ("I", "N", 2), finite=True),
            "energy": Dataset("epsilon", ("I",)),
            "max_force": Dataset("epsilon/sigma11", ("I",)),
            "converged": Dataset("1", ("I",), "bool"),
            "mode_fraction": Dataset("1", ("M",)),
            "n_modes": Dataset("1", ("M",), "int64"),
            "soft_participation": Dataset("1", ("M", "I", "N")),
            "shear/gamma": Dataset("1", ("G",)),
            "shear/positions": Dataset("sigma11", ("G", "N", 2), finite=True),
            "shear/converged": Dataset("1", ("G",), "bool"),
            "shear/soft_participation": Dataset("1", ("M", "G", "N")),
        },
        attributes={"precision": str},
        optional=CELL,
    ),
}


ARCHIVED_ATTRIBUTES: Mapping[str, Mapping[str, str]] = {
    "equilibrium": {
        "density": "1/sigma11^2",
        "box_length": "sigma11",
        "pressure": "epsilon/sigma11^2",
        "time": "tau",
    },
    "relaxation": {"peak_wavenumber": "1/sigma11"},
}
"""Units of the attributes that are arrays in an archive of equilibria, by stage and name."""


def _archived() -> dict[str, Dataset]:
    """The datasets of the archived stages, and those attributes, of A samples each."""
    found = {"sample": Dataset("1", ("A",), "int64"), "records": Dataset("1", ("J",), "uint8")}
    for stage, attributes in ARCHIVED_ATTRIBUTES.items():
        found |= {f"{stage}/{name}": Dataset(unit, ("A",)) for name, unit in attributes.items()}
        for name, entry in CONTRACT[stage].datasets.items():
            found[f"{stage}/{name}"] = replace(entry, shape=("A", *entry.shape))
    # by which they are given to the last bit; velocities are drawn
    found["equilibrium/positions"] = Dataset("box_length/2^32", ("A", "N", 2), "uint32")
    del found["equilibrium/velocities"]
    return found


CONTRACT |= {"equilibria": Stage(_archived(), common=ENSEMBLE_ATTRIBUTES)}
