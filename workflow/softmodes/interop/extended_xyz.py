"""Configurations as text, exact to the last bit: extended XYZ, and dumps of LAMMPS.

In extended XYZ a frame is the number of particles, a line of information and a line per particle.
The cell stands in the information as `Lattice`, with the vectors (L, 0, 0), (tilt, L, 0) and
(0, 0, 1), periodic along the first two. Columns are the species, the position with z = 0 and any
number of fields, of which those of two components get a third one, 0, too. Small particles are
called Cu, large ones Zr, because most programs take elements only: nothing but the name is meant.

https://docs.ovito.org/reference/file_formats/input/xyz.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from softmodes.system.configuration import Configuration

SYMBOLS = ("Cu", "Zr")
"""Names of the small and the large particles."""


@dataclass(frozen=True)
class Frame:
    """One configuration of N particles, and what a file says of it besides.

    Attributes:
        configuration: its lengths are those of the file, species 0 not always the small one.
        fields: numbers, whole numbers or truth values per particle, (N,) or (N, 2), by name.
        information: numbers, truth values and texts about the frame, by name.
        symbols: names of species 0 and, where there is one, species 1.
    """

    configuration: Configuration
    fields: Mapping[str, NDArray] = field(default_factory=dict)
    information: Mapping[str, Any] = field(default_factory=dict)
    symbols: tuple[str, ...] = SYMBOLS


def lines(frames: Iterable[Frame]) -> Iterator[str]:
    """The lines of an extended XYZ file."""
    for frame in frames:
        configuration, cell = frame.configuration, frame.configuration.cell
        vectors = (cell.length, 0.0, 0.0, cell.tilt, cell.length, 0.0, 0.0, 0.0, 1.0)
        columns = _columns({"pos": configuration.positions, **frame.fields})
        kinds = {"f": "R", "i": "I", "b": "L"}
        properties = ":".join(
            f"{name}:{kinds[values.dtype.kind]}:{values.shape[1]}"
            for name, values in columns.items()
        )
        entries = [
            f'Lattice="{" ".join(map(_text, vectors))}"',
            f"Properties=species:S:1:{properties}",
            'pbc="T T F"',
            *(f"{name}={_quoted(_text(value))}" for name, value in frame.information.items()),
        ]
        yield f"{configuration.n_particles}\n{' '.join(entries)}\n"
        yield from _rows([frame.symbols[kind] for kind in configuration.species], columns)


def dump_lines(frames: Iterable[Frame]) -> Iterator[str]:
    """The lines of a LAMMPS dump: types 1 and 2, names of components with _x, _y and _z.

    A dump tells the bounds of a tilted cell, not its length, which loses its last bit by that.

    https://docs.lammps.org/dump.html
    """
    for step, frame in enumerate(frames):
        configuration, cell = frame.configuration, frame.configuration.cell
        length, tilt = cell.length, cell.symmetric_tilt
        columns = _columns(frame.fields)
        names = [
            name if values.shape[1] == 1 else f"{name}_{axis}"
            for name, values in columns.items()
            for axis in "xyz"[: values.shape[1]]
        ]
        heading = " ".join(["id type x y z", *names]).replace("velo_", "v")
        yield f"ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n{configuration.n_particles}\n"
        yield "ITEM: BOX BOUNDS xy xz yz pp pp pp\n"
        yield f"{_text(min(0.0, tilt))} {_text(length + max(0.0, tilt))} {_text(tilt)}\n"
        yield f"0.0 {_text(length)} 0.0\n-0.5 0.5 0.0\nITEM: ATOMS {heading}\n"
        marks = [f"{number} {kind + 1}" for number, kind in enumerate(configuration.species, 1)]
        truths = {
            name: values.astype(int) for name, values in columns.items() if values.dtype == bool
        }
        yield from _rows(marks, _columns({"pos": configuration.positions}) | columns | truths)


def _columns(fields: Mapping[str, NDArray]) -> dict[str, NDArray]:
    """Columns (N, 1) of every field (N,), and (N, 3) of a vector (N, 2)."""
    return {
        name: values[:, None] if values.ndim == 1 else np.pad(values, ((0, 0), (0, 1)))
        for name, values in fields.items()
    }


def _rows(marks: list[str], columns: Mapping[str, NDArray]) -> Iterator[str]:
    table = [map(_text, column) for values in columns.values() for column in values.T.tolist()]
    for row in zip(marks, *table, strict=True):
        yield f"{' '.join(row)}\n"


def _text(value: Any) -> str:
    match value:
        case bool() | np.bool_():
            return "T" if value else "F"
        case float() | np.floating():
            return repr(float(value))
        case _:
            return str(value)


def _quoted(text: str) -> str:
    if text and not re.search(r"""[\s"'={}\[\]\\]""", text):
        return text
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
