"""Configurations from other programs, read by ASE: extended XYZ, LAMMPS, Gromacs and others.

What a file says of three dimensions and of chemistry is put right here: particles lie in a plane,
and their kinds are names, no elements.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
from pathlib import Path
from typing import IO, Any

import ase
import ase.io
import ase.io.extxyz
import ase.io.formats
import numpy as np
from numpy.typing import NDArray

from softmodes.errors import InputError
from softmodes.interop.extended_xyz import SYMBOLS, Frame
from softmodes.system.cell import Cell
from softmodes.system.configuration import Configuration

SQUARE = 1e-6
"""How far, over L, a cell may be from a square and particles from a plane: files of others have few
digits."""

ROUNDING = 1e-12
"""Of a tilt, over L: noise, and no strain."""

OPENERS = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
"""What opens a compressed file, by its first bytes."""

KINDS = ("kind", "type", "atomtypes", "element")
"""Columns that name the kind of a particle, the first of them that tells two kinds apart."""

ANGSTROM = {"gromacs": 10.0}
"""ASE's unit of length in one of the file's; other formats keep their numbers."""

FORMATS = "extended XYZ, a LAMMPS dump or data file, .gro or what else ASE reads"


def read(path: str | Path, frame: int = 0) -> Frame:
    """One frame of a file, compressed or not; what follows it is not read.

    Kinds of particles are species 0 and 1 in the order of their names, which is that of numbers
    where all are whole numbers. They are those of the column
    `species` or, where these are all alike, of `type`. z is left out.

    Args:
        path: of the file.
        frame: number of the frame, from 0; -1 is the last.

    Raises:
        InputError: the file is missing, no configuration that ASE reads, or has no such frame;
            it has more than two kinds of particles, positions that are not finite or not in a
            plane, or another cell than a square that is tilted along x and periodic.
    """
    path, kind = Path(path), "text"
    try:
        opener = _opener(path)
        with opener(path, "rt", encoding="utf-8-sig", errors="replace") as file:
            head = file.read(ase.io.formats.PEEK_BYTES)
            file.seek(0)
            kind = _format(path, head)
            atoms = _atoms(file, kind, frame)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except (IsADirectoryError, PermissionError) as error:
        raise InputError(f"{path}: {error.strerror}, a readable file expected") from error
    except (IndexError, StopIteration) as error:
        raise InputError(f"{path}: no frame {frame}, or cut short") from error
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except Exception as error:  # ASE's readers raise whatever comes
        raise InputError(f"{path}: not read as {kind}, {error}; {FORMATS} expected") from error
    try:
        return _frame(atoms, ANGSTROM.get(kind, 1.0))
    except InputError as error:
        raise InputError(f"{path}, frame {frame}: {error}") from error


def _opener(path: Path) -> Any:
    with path.open("rb") as file:
        head = file.read(max(map(len, OPENERS)))
    return next((opener for magic, opener in OPENERS.items() if head.startswith(magic)), open)


def _format(path: Path, head: str) -> str:
    """ASE's name of a file's format, by what the file begins with, then by its name."""
    if not head.strip():
        raise InputError(f"empty; {FORMATS} expected")
    if re.match(r"\s*\d+\s*\n", head):
        return "extxyz"
    if re.search(r"^ITEM: TIMESTEP", head, re.M):
        columns = re.search(r"^ITEM: ATOMS (.*)$", head, re.M)
        if columns and not re.search(r"\bz(s|u|su)?\b", columns[1]):
            raise InputError(f"columns {columns[1]} given, z among them expected, 0 in a plane")
        return "lammps-dump-text"
    if re.search(r"^\s*\d+\s+atoms\s*$", head, re.M):
        return "lammps-data"
    try:
        name = ase.io.formats.filetype(str(path))
        known = ase.io.formats.get_ioformat(name).can_read
    except ase.io.formats.UnknownFileTypeError:
        known = False
    if not known:
        raise InputError(
            f"a format that is not known; {FORMATS} expected: OVITO and ASE convert to extended XYZ"
        )
    return name


def _atoms(file: IO[str], kind: str, frame: int) -> ase.Atoms:
    match kind:
        case "extxyz":
            # `ase.io.read` would look for all frames first
            return next(ase.io.extxyz.read_xyz(file, frame, properties_parser=_information))
        case "lammps-dump-text":
            return next(ase.io.iread(file, frame, kind))
        case _:
            return ase.io.read(file, frame, kind)


def _information(line: str) -> dict[str, Any]:
    """A frame's line of information, as ASE's reader takes it, of any spelling.

    Names of species are no elements to it, and the cell has two or three vectors.
    """
    line = re.sub(r"\blattice\s*=\s*(\[\[.*?\]\])", r'lattice="\1"', line, flags=re.I)
    line = re.sub(r"\blattice(?=\s*=)", "lattice", line, flags=re.I)
    found = ase.io.extxyz.key_val_str_to_dict(line)
    for name in ("Properties", "pbc"):
        for key in [key for key in found if key.lower() == name.lower()]:
            found[name] = found.pop(key)
    if "lattice" in found:
        found["Lattice"] = _vectors(found.pop("lattice")).T
    pbc = np.atleast_1d(found.get("pbc", True))
    if pbc.dtype.kind not in "bi" or len(pbc) > 3:
        raise InputError(f"pbc: {found['pbc']} given, 'T T F' expected")
    found["pbc"] = np.append(pbc, False) if len(pbc) == 2 else pbc
    columns = found.get("Properties", "species:S:1:pos:R:3")
    if not re.search(r"(^|:)pos:R:3(:|$)", columns):
        raise InputError(f"Properties: {columns} given, pos:R:3 among them expected")
    found["Properties"] = re.sub(r"(^|:)species:", r"\1kind:", columns)
    return found


def _vectors(lattice: Any) -> NDArray[np.float64]:
    """Cell vectors (3, 3) of 4 or 9 numbers, as an array or a text."""
    try:
        if isinstance(lattice, str):
            lattice = re.findall(r"[^\s,\[\]]+", lattice)
        numbers = np.array(lattice, dtype=np.float64)
        size = {4: 2, 9: 3}[numbers.size]
    except (ValueError, KeyError) as error:
        raise InputError(
            f"Lattice: {lattice} given, two or three vectors, 4 or 9 numbers, expected"
        ) from error
    vectors = np.eye(3)
    vectors[:size, :size] = numbers.reshape(size, size)
    return vectors


def _frame(atoms: ase.Atoms, unit: float) -> Frame:
    species, symbols = _species(atoms)
    cell = _cell(atoms, unit)
    return Frame(
        Configuration(_plane(atoms, cell.length * unit) / unit, species, cell),
        fields={
            name: values if values.ndim == 1 else values[:, :2]
            for name, values in atoms.arrays.items()
            if name not in ("positions", "numbers") and values.dtype.kind in "fib"
        },
        information=atoms.info,
        symbols=symbols,
    )


def _species(atoms: ase.Atoms) -> tuple[NDArray[np.int8], tuple[str, ...]]:
    columns = [atoms.arrays[name] for name in KINDS if name in atoms.arrays]
    columns = [list(map(str, column)) for column in columns] or [atoms.get_chemical_symbols()]
    names = next((column for column in columns if len(set(column)) > 1), columns[0])
    kinds = tuple(sorted(set(names), key=lambda name: (int(name) if name.isdigit() else 0, name)))
    if set(kinds) <= set(SYMBOLS) and "sigma_small" in atoms.info:
        kinds = SYMBOLS  # a file of this package, perhaps without small ones
    if len(kinds) > 2:
        raise InputError(
            f"{len(kinds)} kinds of particles given, {' '.join(kinds[:9])}; one or two expected"
        )
    return np.array([kinds.index(name) for name in names], dtype=np.int8), kinds


def _cell(atoms: ase.Atoms, unit: float) -> Cell:
    (length, rise), (tilt, height) = atoms.cell.array[:2, :2] / unit
    square = length > 0 and max(abs(height - length), abs(rise)) <= SQUARE * length
    if not (np.isfinite([length, rise, tilt, height]).all() and square):
        raise InputError(
            f"cell (Lattice): vectors ({length:.9g}, {rise:.9g}) and ({tilt:.9g}, {height:.9g}) "
            "given, (L, 0) and (tilt, L) expected in the plane"
        )
    if not atoms.pbc[:2].all():
        raise InputError(f"pbc: {atoms.pbc.tolist()} given, periodic along x and y expected")
    untilted = abs(tilt - length * np.rint(tilt / length)) <= ROUNDING * length
    return Cell(float(length), 0.0 if untilted else float(tilt))


def _plane(atoms: ase.Atoms, length: float) -> NDArray[np.float64]:
    """x and y (N, 2) of the positions."""
    if not np.isfinite(atoms.positions).all():
        raise InputError("pos: a position is not finite, finite numbers expected")
    apart, height = atoms.positions[:, 2] - atoms.positions[0, 2], atoms.cell.array[2, 2]
    if atoms.pbc[2] and height > 0:
        apart = apart - height * np.rint(apart / height)
    if np.ptp(apart) > SQUARE * length:
        raise InputError(f"pos: z spread over {np.ptp(apart):g} given, a plane expected")
    return atoms.positions[:, :2].copy()
