"""Configurations of other programs: spellings, formats, compression, and what is refused."""

import bz2
import gzip
import lzma
from pathlib import Path

import ase
import ase.io
import numpy as np
import pytest

from softmodes.errors import InputError
from softmodes.interop import foreign
from softmodes.system.cell import Cell

LATTICE = 'Lattice="4 0 0 0 4 0 0 0 1"'
ROWS = ["B 0.5 1.25 0", "A 3 2 0", "B 1 3.5 0"]


def written(folder: Path, *lines: str, name: str = "some.xyz") -> Path:
    (folder / name).write_text("\n".join(lines) + "\n")
    return folder / name


def plain(folder: Path, information: str = LATTICE, rows: list[str] = ROWS) -> Path:
    return written(folder, str(len(rows)), information, *rows)


def is_plain(found: foreign.Frame, tilt: float = 0.0) -> None:
    """Whether it is what `plain` writes."""
    assert found.configuration.positions.tolist() == [[0.5, 1.25], [3, 2], [1, 3.5]]
    assert found.configuration.species.tolist() == [1, 0, 1]
    assert found.symbols == ("A", "B")
    assert found.configuration.cell == Cell(4.0, tilt)


@pytest.mark.parametrize(
    ("information", "tilt"),
    [
        ('Lattice="4 0 0 0 4 0 0 0 1" pbc="1 1 0"', 0),
        ('Lattice="4 0 0 0 4 0 0 0 1" pbc=TRUE', 0),
        ('Lattice="4 0 0 0 4 0 0 0 1" pbc="TRUE TRUE FALSE"', 0),
        ('Lattice="4 0 0 0 4 0 0 0 1" pbc=[T, T, F]', 0),
        ('Lattice="4 0 0 0 4 0 0 0 1" pbc="T T"', 0),
        ("Lattice=[[4,0,0],[0,4,0],[0,0,1]]", 0),
        ("Lattice = [[4, 0, 0], [1.5, 4, 0], [0, 0, 1]] comment='as a list'", 1.5),
        ('Lattice="[[4, 0, 0], [0, 4, 0], [0, 0, 1]]"', 0),
        ('Lattice="4, 0, 0, 1.5, 4, 0, 0, 0, 1"', 1.5),
        ("Lattice = {4. 0 -1e0 4.} done", 3),
        ('lattice="4 0 0 0 4 0 0 0 1" properties=species:S:1:pos:R:3', 0),
        ('LATTICE="4 0 0 -2 4 0 0 0 1" PBC="T T F"', 2),
        ('Lattice="4 0 0 0 4.000001 0 0 0 1"', 0),
        ('Lattice="4 6e-16 0 0 4 0 0 0 1"', 0),
        ('Lattice="4 -6e-16 0 0 4 0 0 0 1"', 0),
        ('Lattice="4 0 0 0 -0. 0 0 0 1" Lattice="4 0 0 6 4 0 0 0 1"', 2),
    ],
)
def test_every_spelling_of_a_cell_is_read(tmp_path, information, tilt):
    is_plain(foreign.read(plain(tmp_path, information)), tilt)


@pytest.mark.parametrize(
    ("tilt", "found"), [(4e-16, 0), (-4e-16, 0), (4 - 4e-15, 0), (4e-9, 4e-9), (-1, 3)]
)
def test_noise_in_the_tilt_is_none(tmp_path, tilt, found):
    is_plain(foreign.read(plain(tmp_path, f'Lattice="4 0 0 {tilt!r} 4 0 0 0 1"')), found)


@pytest.mark.parametrize("lattice", ['Lattice="4 0 0 0 4 0 0 0 2"', 'Lattice="4 0 0 0 4 0 0 0 1"'])
@pytest.mark.parametrize("noise", [1e-17, 5e-8, -1e-17])
def test_z_is_left_out(tmp_path, lattice, noise):
    for ground in (0.0, 0.5):
        rows = ROWS[:2] + [f"B 1 3.5 {ground + noise!r}"]
        rows[:2] = [row.removesuffix(" 0") + f" {ground}" for row in rows[:2]]
        is_plain(foreign.read(plain(tmp_path, lattice, rows)))


def test_particles_on_both_sides_of_the_border_in_z_are_in_a_plane(tmp_path):
    is_plain(foreign.read(plain(tmp_path, LATTICE, [*ROWS[:2], "B 1 3.5 0.99999999"])))


@pytest.mark.parametrize(
    ("columns", "kinds", "symbols"),
    [
        ("species:S:1:pos:R:3", ["He", "Ar", "He"], ("Ar", "He")),
        ("species:S:1:pos:R:3", ["small", "X", "small"], ("X", "small")),
        ("species:I:1:pos:R:3", ["10", "2", "10"], ("2", "10")),
        ("species:S:1:pos:R:3", ["10", "2", "10"], ("2", "10")),
        ("type:I:1:pos:R:3", ["10", "2", "10"], ("2", "10")),
        ("Z:I:1:pos:R:3", ["2", "18", "2"], ("Ar", "He")),
        ("species:S:1:pos:R:3:type:I:1", ["X", "X", "X"], ("1", "2")),
        ("species:S:1:pos:R:3:type:I:1", ["b", "a", "b"], ("a", "b")),
    ],
)
def test_kinds_are_named_by_the_file(tmp_path, columns, kinds, symbols):
    rows = [f"{kind} {row[2:]}" for kind, row in zip(kinds, ROWS, strict=True)]
    if columns.endswith("type:I:1"):
        rows = [f"{row} {number}" for row, number in zip(rows, (2, 1, 2), strict=True)]
    found = foreign.read(plain(tmp_path, f"{LATTICE} Properties={columns}", rows))
    assert found.symbols == symbols
    assert found.configuration.species.tolist() == [1, 0, 1]


def test_one_kind_is_one(tmp_path):
    found = foreign.read(plain(tmp_path, rows=["Zr 1 2 0", "Zr 3 1 0"]))
    assert (found.symbols, found.configuration.species.tolist()) == (("Zr",), [0, 0])


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("some.xyz.gz", gzip.compress),
        ("some.xyz", gzip.compress),
        ("some.xyz.bz2", bz2.compress),
        ("some.xyz.xz", lzma.compress),
        ("some.xyz", lambda data: b"\xef\xbb\xbf" + data),
        ("some.txt", bytes),
        ("some", lambda data: data.replace(b"\n", b"\r\n")),
        ("some@1.xyz", bytes),
    ],
)
def test_a_file_is_read_however_it_is_packed(tmp_path, name, pack):
    data = plain(tmp_path).read_bytes()
    (tmp_path / name).write_bytes(pack(data))
    is_plain(foreign.read(tmp_path / name))


def test_a_comment_in_latin_1_is_no_obstacle(tmp_path):
    path = plain(tmp_path, f'{LATTICE} author="Jörg"')
    path.write_bytes(path.read_text().encode("latin-1"))
    is_plain(foreign.read(path))


@pytest.mark.parametrize(
    "second", [["3", LATTICE, "A 1"], ["3", LATTICE, "A 1 1 0", "B 2 2 0", "C 3 3 0"], ["rubbish"]]
)
def test_what_follows_the_frame_is_not_read(tmp_path, second):
    is_plain(foreign.read(written(tmp_path, "3", LATTICE, *ROWS, *second)))


def test_the_frame_asked_for_is_read(tmp_path):
    shifted = [row.replace("0.5", "0.75") for row in ROWS]
    path = written(tmp_path, "3", LATTICE, *ROWS, "3", LATTICE, *shifted, "2", LATTICE, *ROWS[:2])
    assert [foreign.read(path, frame).configuration.positions[0, 0] for frame in (0, 1)] == [
        0.5,
        0.75,
    ]
    assert [foreign.read(path, frame).configuration.n_particles for frame in (2, -1)] == [2, 2]
    with pytest.raises(InputError, match="no frame 3, or cut short"):
        foreign.read(path, 3)


DUMP = """ITEM: TIMESTEP
{step}
ITEM: NUMBER OF ATOMS
3
ITEM: BOX BOUNDS {bounds} pp pp pp
{box}
ITEM: ATOMS id type {columns}
3 2 {third}
1 2 {first}
2 10 {second}
"""
SQUARE_BOX = {"bounds": "", "box": "1 5\n1 5\n-0.5 0.5"}
TILTED_BOX = {"bounds": "xy xz yz", "box": "1 6.5 1.5\n1 5 0\n-0.5 0.5 0"}


@pytest.mark.parametrize(("box", "tilt"), [(SQUARE_BOX, 0.0), (TILTED_BOX, 1.5)])
def test_a_dump_of_lammps_is_read(tmp_path, box, tilt):
    """In the order of the identifiers, the second frame too."""
    rows = {"first": "0.5 1.25 0", "second": "3 2 0", "third": "1 3.5 0"}
    frames = [
        DUMP.format(step=10 * step, columns="x y z", **box, **rows).replace("0.5 1.25", start)
        for step, start in enumerate(("0.75 1.25", "0.5 1.25"))
    ]
    path = written(tmp_path, "".join(frames), name="dump.lammpstrj")
    assert foreign.read(path).configuration.positions[0].tolist() == [0.75, 1.25]
    found = foreign.read(path, 1)
    assert found.configuration.positions.tolist() == [[0.5, 1.25], [3, 2], [1, 3.5]]
    assert (found.symbols, found.configuration.species.tolist()) == (("2", "10"), [0, 1, 0])
    assert found.configuration.cell == Cell(4.0, tilt)


def test_scaled_positions_of_a_dump_are_scaled_back(tmp_path):
    rows = {"first": "0.125 0.25 0", "second": "0.5 0.5 0", "third": "0 0.75 0"}
    dump = DUMP.format(step=0, columns="xs ys zs", **SQUARE_BOX, **rows)
    found = foreign.read(written(tmp_path, dump, name="dump.atom.gz"))
    assert found.configuration.positions.tolist() == [[0.5, 1], [2, 2], [0, 3]]


DATA = """LAMMPS data file by hand

3 atoms
2 atom types
0 4 xlo xhi
0 4 ylo yhi
-0.5 0.5 zlo zhi
{tilt}
Masses

1 1
2 1

Atoms # atomic

1 2 0.5 1.25 0
2 1 3 2 0
3 2 1 3.5 0
"""


@pytest.mark.parametrize("name", ["some.data", "some.lmp", "data.some"])
@pytest.mark.parametrize(("line", "tilt"), [("", 0.0), ("1.5 0 0 xy xz yz", 1.5)])
def test_a_data_file_of_lammps_is_read(tmp_path, name, line, tilt):
    found = foreign.read(written(tmp_path, DATA.format(tilt=line), name=name))
    np.testing.assert_allclose(
        found.configuration.positions, [[0.5, 1.25], [3, 2], [1, 3.5]], rtol=1e-15
    )
    assert (found.symbols, found.configuration.species.tolist()) == (("1", "2"), [1, 0, 1])
    assert found.configuration.cell == Cell(4.0, tilt)


def test_a_file_of_gromacs_is_read_in_its_own_unit(tmp_path):
    rows = [
        f"{1:5d}{'MOL':5s}{name:>5s}{number:5d}{x:8.3f}{y:8.3f}{0.5:8.3f}"
        for number, (name, x, y) in enumerate(
            [("SMALL", 0.5, 1.25), ("LARGE", 3, 2), ("SMALL", 1, 3.5)], start=1
        )
    ]
    path = written(tmp_path, "by hand", "3", *rows, "4.0 4.0 1.0", name="some.gro")
    found = foreign.read(path)
    np.testing.assert_allclose(
        found.configuration.positions, [[0.5, 1.25], [3, 2], [1, 3.5]], rtol=1e-14
    )
    assert (found.symbols, found.configuration.species.tolist()) == (("LARGE", "SMALL"), [1, 0, 1])
    assert found.configuration.cell.length == pytest.approx(4.0)


def test_what_else_ase_reads_is_read(tmp_path):
    atoms = ase.Atoms("HeArHe", np.pad([[0.5, 1.25], [3, 2], [1, 3.5]], ((0, 0), (0, 1))))
    atoms.set_cell([[4, 0, 0], [1, 4, 0], [0, 0, 2]])
    atoms.pbc = True
    ase.io.write(tmp_path / "POSCAR", atoms, format="vasp", sort=True)
    found = foreign.read(tmp_path / "POSCAR")
    np.testing.assert_allclose(
        found.configuration.positions, [[3, 2], [0.5, 1.25], [1, 3.5]], atol=1e-12
    )
    assert (found.symbols, found.configuration.species.tolist()) == (("Ar", "He"), [0, 1, 1])


@pytest.mark.parametrize(
    ("information", "message"),
    [
        ("a glass", "Lattice"),
        ('Lattice="4 0 0 1 4 0"', "4 or 9 numbers, expected"),
        ('Lattice="4 0 0 x"', "4 or 9 numbers, expected"),
        ('Lattice="4 0 0 5"', r"vectors \(4, 0\) and \(0, 5\) given, \(L, 0\) and \(tilt, L\)"),
        ('Lattice="4 1 0 4"', r"vectors \(4, 1\) and"),
        ('Lattice="0 0 0 0"', "vectors"),
        ('Lattice="4 0 nan 4"', "vectors"),
        (f'{LATTICE} pbc="T F F"', "pbc: .* given, periodic along x and y expected"),
        (f'{LATTICE} pbc="yes"', "pbc: yes given"),
        (f"{LATTICE} Properties=species:S:1", "pos:R:3 among them expected"),
        (f"{LATTICE} Properties=species:S:1:pos:R:2", "pos:R:3 among them expected"),
        (f"{LATTICE} Properties=species:S:1:pos:X:3", "pos:R:3 among them expected"),
        (f"{LATTICE} Properties=species:S:1:pos:R:3:a:R:1", "not read as extxyz"),
        (f"{LATTICE} Properties=pos:R:3:species:S:1", "not read as extxyz"),
    ],
)
def test_wrong_information_is_told(tmp_path, information, message):
    path = plain(tmp_path, information)
    with pytest.raises(InputError, match=message) as caught:
        foreign.read(path)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["A 1 2"], "not read as extxyz"),
        (["A 1 x 0"], "not read as extxyz"),
        (["A 1 nan 0"], "a position is not finite"),
        (["A 1 2 0", "B 2 2 0.1"], "z spread over 0.1 given, a plane expected"),
        (["A 1 2 0", "B 3 1 0", "C 3 3 0"], "3 kinds of particles given, A B C; one or two"),
    ],
)
def test_wrong_rows_are_told(tmp_path, rows, message):
    with pytest.raises(InputError, match=message):
        foreign.read(plain(tmp_path, rows=rows))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("some.xyz", None, "no such file"),
        ("some.xyz", b"", "empty; extended XYZ, a LAMMPS dump or data file, .gro"),
        ("some.xyz", b"\n \n", "empty"),
        ("some.xyz", b"3\n" + LATTICE.encode() + b"\nA 1 2 0\n", "Frame has 1 atoms, expected 3"),
        ("some.gsd", b"\x89HDF\r\n\xff\xfe", "a format that is not known; extended XYZ"),
        ("some.cif", b"rubbish", "not read as cif"),
        ("some.lammpstrj", b"ITEM: TIMESTEP\n0\n", "not read as lammps-dump-text"),
        (
            "some.lammpstrj",
            b"ITEM: TIMESTEP\n0\nITEM: ATOMS id type x y\n1 1 0 0\n",
            "columns id type x y given, z among them expected, 0 in a plane",
        ),
        ("some.xyz.gz", gzip.compress(b"3\n" * 99, mtime=0)[:30], "extended XYZ, a LAMMPS dump"),
    ],
)
def test_what_is_no_such_file_is_told(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        foreign.read(tmp_path / name)
    assert str(caught.value).startswith(str(tmp_path / name))


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(InputError, match="a readable file expected"):
        foreign.read(tmp_path)
