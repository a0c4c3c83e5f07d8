"""Fields of one configuration, as figure 3 shows them and a table keeps them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from softmodes.errors import InputError


@dataclass(frozen=True)
class Maps:
    """Fields of one configuration of N particles, for figure 3. Lengths in σ11.

    Attributes:
        positions: (N, 2), of the unstrained inherent structure, wrapped where the cell is tilted.
        diameters: (N,), the particles' own σ_aa.
        box_length: L.
        debye_waller: (N,), or None where it is not known; then it is not mapped.
        nonaffine: (N, 2), at the strain `gamma`.
        soft_participation: (2, N), for the two numbers of modes `n_modes`.
        temperature: T, in ε/k_B, of `debye_waller`; NaN where it is not known.
        switched: whether the strain left the basin of the unstrained inherent structure.
        tilt: of the cell.
    """

    positions: NDArray[np.float64]
    diameters: NDArray[np.float64]
    box_length: float
    debye_waller: NDArray[np.float64] | None
    nonaffine: NDArray[np.float64]
    soft_participation: NDArray[np.float64]
    n_modes: tuple[int, ...]
    gamma: float
    temperature: float
    switched: bool
    tilt: float = 0.0

    def table(self) -> pd.DataFrame:
        """One row per particle; what is the same for all is repeated.

        Raises:
            InputError: the cell is tilted.
        """
        if self.tilt:
            raise InputError(f"tilt: {self.tilt:g} given, an untilted cell expected")
        shared = {"box_length": self.box_length, "gamma": self.gamma}
        shared |= {"temperature": self.temperature, "switched": self.switched}
        shared |= {f"n_modes_{place}": number for place, number in enumerate(self.n_modes, 1)}
        return pd.DataFrame(
            {"x": self.positions[:, 0], "y": self.positions[:, 1], "diameter": self.diameters}
            | {"debye_waller": self.debye_waller}
            | {"nonaffine_x": self.nonaffine[:, 0], "nonaffine_y": self.nonaffine[:, 1]}
            | {
                f"soft_participation_{place}": field
                for place, field in enumerate(self.soft_participation, 1)
            }
            | shared
        )

    @staticmethod
    def of_table(table: pd.DataFrame) -> Maps:
        """What `table` was made of."""
        first, numbers, known = table.iloc[0], (1, 2), table["debye_waller"]
        return Maps(
            positions=table[["x", "y"]].to_numpy(),
            diameters=table["diameter"].to_numpy(),
            box_length=float(first["box_length"]),
            debye_waller=known.to_numpy() if known.notna().all() else None,
            nonaffine=table[["nonaffine_x", "nonaffine_y"]].to_numpy(),
            soft_participation=np.stack([table[f"soft_participation_{n}"] for n in numbers]),
            n_modes=tuple(int(first[f"n_modes_{n}"]) for n in numbers),
            gamma=float(first["gamma"]),
            temperature=float(first["temperature"]),
            switched=bool(first["switched"]),
        )
