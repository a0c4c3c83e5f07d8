"""Extended XYZ: configurations and their fields as OVITO, ASE and others read and write them.

A frame is the number of particles, a line of information and a line per particle. The cell stands
in the information as `Lattice`, with the vectors (L, 0, 0), (tilt, L, 0) and (0, 0, 1), periodic
along the first two. Columns are the species, the position with z = 0 and any number of fields, of
which those of two components get a third one, 0, too. Numbers have as many digits as give them
back exactly. Small particles are called Cu, large ones Zr, because most programs take elements
only: nothing but the name is meant.

https://docs.ovito.org/reference/file_formats/input/xyz.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from softmodes import storage
from softmodes.cell import Cell
from softmodes.errors import InputError

SYMBOLS = ("Cu", "Zr")
"""Names of the small and the large particles."""

SQUARE = 1e-6
"""How far, relatively, the sides of a cell may differ: files of others have few digits."""

_ENTRY = re.compile(
    r"""([^\s="]+) (?: \s*=\s* (?: "((?:\\.|[^"\\])*)" | '([^']*)' | \{([^}]*)\} | \[([^\]]*)\]
    | (\S*) ) )?""",
    re.VERBOSE,
)
_PLAIN_COLUMNS = "species:S:1:pos:R:3"
_TRUTH = {"T": True, "True": True, "true": True, "F": False, "False": False, "false": False}


@dataclass(frozen=True)
class Frame:
    """One configuration of N particles. Lengths are those of the file.

    Attributes:
        positions: (N, 2).
        species: (N,), 0 or 1.
        cell: the periodic cell.
        fields: numbers, whole numbers or truth values per particle, (N,) or (N, 2), by name.
        information: numbers, truth values and texts about the frame, by name.
        symbols: names of species 0 and, where there is one, species 1.
    """

    positions: NDArray[np.float64]
    species: NDArray[np.int8]
    cell: Cell
    fields: Mapping[str, NDArray] = field(default_factory=dict)
    information: Mapping[str, Any] = field(default_factory=dict)
    symbols: tuple[str, ...] = SYMBOLS


def write(path: str | Path, frames: Iterable[Frame]) -> None:
    """Write frames as one trajectory, atomically."""
    with storage.replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.writelines(lines(frames))


def lines(frames: Iterable[Frame]) -> Iterator[str]:
    """The lines of such a file."""
    for frame in frames:
        yield from _lines(frame)


def read(path: str | Path) -> list[Frame]:
    """Read every frame of a file, of this package or another.

    z is left out of positions, vectors and cell, and so are columns of text other than the
    species. Two kinds of particles are species 0 and 1 in the order of their names; Cu and Zr are
    always 0 and 1.

    Raises:
        InputError: the file is missing or no extended XYZ, has more than two kinds of particles,
            positions that are not finite or differ in z, or another cell than a square that is
            tilted along x and periodic.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}, a readable file expected") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: no text, an extended XYZ file expected") from error
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise InputError(f"{path}: empty, an extended XYZ file expected")
    frames, start = [], 0
    while start < len(lines):
        n_particles = _count(f"{path}, line {start + 1}", lines[start])
        end = start + 2 + n_particles
        if end > len(lines):
            found = max(0, len(lines) - start - 2)
            raise InputError(f"{path}: ends after {found} of {n_particles} particles; cut short?")
        frames.append(_frame(path, start + 2, lines[start + 1], lines[start + 2 : end]))
        start = end
    return frames


def _lines(frame: Frame) -> Iterator[str]:
    n_particles, length = len(frame.species), frame.cell.length
    vectors = (length, 0.0, 0.0, frame.cell.tilt, length, 0.0, 0.0, 0.0, 1.0)
    columns = {"pos": _table(frame.positions)}
    columns |= {name: _table(values) for name, values in frame.fields.items()}
    kinds = {"f": "R", "i": "I", "b": "L"}
    properties = ":".join(
        f"{name}:{kinds[values.dtype.kind]}:{values.shape[1]}" for name, values in columns.items()
    )
    entries = [
        f'Lattice="{" ".join(map(_text, vectors))}"',
        f"Properties=species:S:1:{properties}",
        'pbc="T T F"',
        *(f"{name}={_quoted(_text(value))}" for name, value in frame.information.items()),
    ]
    yield f"{n_particles}\n"
    yield f"{' '.join(entries)}\n"
    table = [map(_text, column) for values in columns.values() for column in values.T.tolist()]
    names = (frame.symbols[kind] for kind in frame.species)
    for row in zip(names, *table, strict=True):
        yield f"{' '.join(row)}\n"


def _table(values: NDArray) -> NDArray:
    """The columns (N, 1) of a field (N,), or (N, 3) of a vector (N, 2)."""
    return values[:, None] if values.ndim == 1 else np.pad(values, ((0, 0), (0, 1)))


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


def _count(where: str, line: str) -> int:
    if not re.fullmatch(r"\s*[1-9]\d*\s*", line):
        raise InputError(f"{where}: {_shown(line)} given, a number of particles expected")
    return int(line)


def _frame(path: Path, n_before: int, comment: str, rows: list[str]) -> Frame:
    """The frame of a line of information and its particles, which follow `n_before` lines."""
    where = f"{path}, line {n_before}"
    entries = {key: value for key, value in _entries(comment) if key}
    cell = _cell(where, entries)
    columns = _columns(path, n_before, entries.pop("Properties", _PLAIN_COLUMNS), rows)
    for name in ("species", "pos"):
        if name not in columns:
            raise InputError(f"{where}: Properties: no column '{name}'")
    species, symbols = _species(where, columns.pop("species"))
    return Frame(
        positions=_plane(where, columns.pop("pos")),
        species=species,
        cell=cell,
        fields={
            name: values[:, 0] if values.shape[1] == 1 else values[:, :2]
            for name, values in columns.items()
            if values.dtype.kind != "U"
        },
        information={key: _value(text) for key, text in entries.items()},
        symbols=symbols,
    )


def _entries(comment: str) -> Iterator[tuple[str, str]]:
    """Keys and values of the line of information; a key without a value is true."""
    for key, quoted, *others in _ENTRY.findall(comment):
        yield key, re.sub(r"\\(.)", r"\1", quoted) or next(filter(None, others), "T")


def _cell(where: str, entries: dict[str, str]) -> Cell:
    """The cell, whose entries are taken out."""
    lattice = entries.pop("Lattice", None)
    if lattice is None:
        raise InputError(f"{where}: no Lattice, the cell's vectors expected")
    pbc = entries.pop("pbc", "T T F")
    if [_TRUTH.get(axis) for axis in pbc.split()][:2] != [True, True]:
        raise InputError(f"{where}: pbc: {_shown(pbc)} given, 'T T F' expected")
    given = f"{where}: Lattice: {_shown(lattice)} given"
    try:
        numbers = np.array(lattice.split(), dtype=np.float64)
    except ValueError as error:
        raise InputError(f"{given}, numbers expected") from error
    if numbers.size not in (4, 9):
        raise InputError(f"{given}, two or three vectors, 4 or 9 numbers, expected")
    dimension = 2 if numbers.size == 4 else 3
    (length, rise), (tilt, height) = numbers.reshape(dimension, dimension)[:2, :2]
    square = length > 0 and abs(height - length) <= SQUARE * length and rise == 0
    if not (np.isfinite(numbers).all() and square):
        raise InputError(f"{given}; in the plane, (L, 0) and (tilt, L) expected")
    return Cell(float(length), float(tilt))


def _columns(path: Path, n_before: int, properties: str, rows: list[str]) -> dict[str, NDArray]:
    """Columns by name, each (N, number of columns)."""
    where = f"{path}, line {n_before}"
    parts = properties.split(":")
    layout = list(zip(parts[::3], parts[1::3], parts[2::3], strict=False))
    fits = len(parts) % 3 == 0 and all(
        kind in ("S", "R", "I", "L") and re.fullmatch(r"[1-9]\d*", width)
        for _, kind, width in layout
    )
    if not fits or len({name for name, *_ in layout}) < len(layout):
        raise InputError(
            f"{where}: Properties: {_shown(properties)} given, name:S, R, I or L:columns expected, "
            "every name once"
        )
    n_columns = sum(int(width) for *_, width in layout)
    table = [row.split() for row in rows]
    for number, row in enumerate(table, start=n_before + 1):
        if len(row) != n_columns:
            raise InputError(
                f"{path}, line {number}: {len(row)} columns given, {n_columns} expected"
            )
    found, first = {}, 0
    for name, kind, width in layout:
        end = first + int(width)
        texts = [row[first:end] for row in table]
        found[name] = _numbers(f"{where}: column '{name}'", kind, texts)
        first = end
    return found


def _numbers(where: str, kind: str, texts: list[list[str]]) -> NDArray:
    try:
        match kind:
            case "R":
                return np.array([[float(text) for text in row] for row in texts])
            case "I":
                return np.array([[int(text) for text in row] for row in texts])
            case "L":
                return np.array([[_TRUTH[text] for text in row] for row in texts])
    except (ValueError, KeyError) as error:
        expected = {"R": "numbers", "I": "whole numbers", "L": "T or F"}[kind]
        raise InputError(f"{where}: {error} found, {expected} expected") from error
    return np.array(texts)


def _species(where: str, column: NDArray) -> tuple[NDArray[np.int8], tuple[str, ...]]:
    names = column[:, 0].astype(str).tolist()
    kinds = tuple(sorted(set(names)))
    if set(kinds) <= set(SYMBOLS):
        kinds = SYMBOLS
    if len(kinds) > 2:
        raise InputError(
            f"{where}: {len(kinds)} kinds of particles given, {_shown(' '.join(kinds))}; "
            "one or two expected"
        )
    number = {kind: species for species, kind in enumerate(kinds)}
    return np.array([number[name] for name in names], dtype=np.int8), kinds


def _plane(where: str, positions: NDArray) -> NDArray[np.float64]:
    """x and y of positions (N, 2 or 3)."""
    if positions.dtype.kind not in "fi" or positions.shape[1] not in (2, 3):
        raise InputError(f"{where}: Properties: pos:R:2 or pos:R:3 expected")
    if not np.isfinite(positions).all():
        raise InputError(f"{where}: a position is not finite, finite numbers expected")
    if positions.shape[1] == 3 and np.ptp(positions[:, 2]) > 0:
        low, high = positions[:, 2].min(), positions[:, 2].max()
        raise InputError(
            f"{where}: z from {low:g} to {high:g} given, particles in a plane expected"
        )
    return positions[:, :2].astype(np.float64)


def _value(text: str) -> Any:
    if text in _TRUTH:
        return _TRUTH[text]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
