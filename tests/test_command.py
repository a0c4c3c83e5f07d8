"""The command softmodes: what others read of it, what it makes of theirs, and chains of files."""

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import ase
import ase.io
import numpy as np
import pandas as pd
import pytest
from configurations import jittered_lattice

from softmodes import exchange, foreign, storage, tables
from softmodes.cell import Cell
from softmodes.command import main
from softmodes.minimise import quench
from softmodes.model import Mixture
from softmodes.modes import hessian
from softmodes.shear import affine_shear

ROOT = Path(__file__).parents[1]
NAME = "N120_T0.600_s000"
PROPENSITY_NAME = "N120_T1.000_s001"
SIGMA = ("Ne=3.15", "mixed=3.6", "Ar=4.41")
"""Of the foreign file: the first kind by name is the larger one."""
UNIT = 3.15


def test_the_installed_command_is_this_one():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, function = project["scripts"]["softmodes"].split(":")
    assert getattr(importlib.import_module(module), function) is main


@pytest.mark.parametrize("arguments", [["--help"], ["provenance", str(ROOT / "LICENSE")]])
def test_what_needs_no_kernel_loads_none(arguments):
    program = (
        "import sys\nfrom softmodes.command import main\n"
        f"try:\n    main({arguments})\nexcept SystemExit:\n    pass\n"
        "print('numba' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "workflow")}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1:] == ["False"], done.stderr


@pytest.mark.parametrize("name", [NAME, PROPENSITY_NAME])
def test_ase_reads_a_whole_state_point(results, tmp_path, name):
    main(["export", str(results), name, "--output", str(tmp_path / "some.xyz")])
    thermal, moved, quenched, soft = (
        storage.read(results / stage / f"{name}.h5")
        for stage in ("equilibrium", "isoconfigurational", "quench", "modes")
    )
    first, *strained = ase.io.read(tmp_path / "some.xyz", index=":")
    length = thermal.attributes["box_length"]
    assert len(strained) == len(quenched["gamma"]) == 8

    np.testing.assert_array_equal(first.positions[:, :2], thermal["positions"])
    assert first.info["configuration"] == "thermal"
    for place, atoms in enumerate(strained):
        gamma = quenched["gamma"][place]
        np.testing.assert_array_equal(atoms.positions[:, :2], quenched["positions"][place])
        np.testing.assert_array_equal(
            atoms.cell.array, [[length, 0, 0], [gamma * length % length, length, 0], [0, 0, 1]]
        )
        np.testing.assert_array_equal(
            atoms.arrays["soft_participation"], soft["soft_participation"][place]
        )
        np.testing.assert_array_equal(
            atoms.arrays["nonaffine"][:, :2], quenched["nonaffine"][place]
        )
        assert atoms.info["configuration"] == "inherent"
        assert atoms.info["gamma"] == gamma
        assert atoms.info["switched"] == quenched["switched"][place]
    np.testing.assert_array_equal(first.arrays["velo"][:, :2], thermal["velocities"])
    for atoms in (first, *strained):
        assert not atoms.positions[:, 2].any()
        assert atoms.pbc.tolist() == [True, True, False]
        assert (
            atoms.get_atomic_numbers().tolist() == np.choose(thermal["species"], [29, 40]).tolist()
        )
        np.testing.assert_array_equal(
            atoms.arrays["radius"], np.choose(thermal["species"], [0.5, 0.7])
        )
        np.testing.assert_array_equal(atoms.arrays["debye_waller"], moved["debye_waller"])
        assert ("propensity" in atoms.arrays) == ("propensity" in moved.data)
        if "propensity" in moved.data:
            np.testing.assert_array_equal(atoms.arrays["propensity"], moved["propensity"])
        for key, value in thermal.common_attributes.items():
            assert atoms.info[key] == value, key


def test_a_state_point_comes_back_as_it_went(results, tmp_path):
    """The file that the workflow wrote, and the one from its exported configuration."""
    file = tmp_path / "some.xyz"
    main(["export", str(results), NAME, "--output", str(file)])
    strains = ["0.0001", "0.001", "0.01", "0.04", "0.08", "0.15", "0.5"]
    arguments = ["--gamma", *strains, "--mode-fraction", "0.02"]
    main(["import", str(file), "--output", str(tmp_path / "out"), *arguments])
    quench_file = tmp_path / "out" / "quench" / "some.h5"
    assert storage.digest(quench_file) == storage.digest(results / "quench" / f"{NAME}.h5")

    again = storage.read(tmp_path / "out" / "modes" / "some.h5")
    before = storage.read(results / "modes" / f"{NAME}.h5")
    assert again.attributes == before.attributes
    for name in ("eigenvalues", "soft_participation"):
        np.testing.assert_allclose(again[name], before[name], rtol=1e-6, atol=1e-8)
    third = foreign.read(tmp_path / "out" / "fields" / "some.xyz", 3)
    moved = storage.read(results / "isoconfigurational" / f"{NAME}.h5")
    np.testing.assert_array_equal(third.fields["debye_waller"], moved["debye_waller"])
    overlaps = pd.read_csv(tmp_path / "out" / "overlap" / "some.csv")
    study = tables.read_csv(results / "overlap" / "N120_T0.600.csv")
    study = study[(study["sample"] == 0) & ~study["quantity"].str.contains("DP|scan")]
    both = overlaps.merge(study, on=["quantity", "gamma", "n_modes"], suffixes=("", "_study"))
    assert len(both) == len(overlaps) == 1 + 7 * 4
    np.testing.assert_array_equal(both["overlap"], both["overlap_study"])


def test_standard_output_gets_the_frames_and_nothing_else(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frames = [foreign.read(theirs(tmp_path))]
    monkeypatch.setattr(exchange, "frames", lambda *_: frames)
    main(["export", "study", NAME, "-o", "whole.xyz"])
    assert capsys.readouterr() == ("", "whole.xyz: 1 frames\n")
    main(["export", "study", NAME, "-o", "-"])
    assert capsys.readouterr() == (Path("whole.xyz").read_text(), "-: 1 frames\n")
    assert not Path("-").exists()
    assert "a folder, a file to write expected" in failure(
        capsys, "export", "study", NAME, "-o", tmp_path
    )


def theirs(folder: Path) -> Path:
    """A file that ASE wrote: other diameters, composition, unit of length and names."""
    positions, _, cell = jittered_lattice(150)
    species = np.random.default_rng(5).permutation(np.repeat(["Ar", "Ne"], [45, 105]))
    atoms = ase.Atoms(
        species,
        positions=UNIT * np.c_[positions, np.zeros(150)],
        cell=UNIT * np.diag([cell.length, cell.length, 5.0]),
        pbc=True,
    )
    ase.io.write(folder / "theirs.xyz", atoms, format="extxyz")
    return folder / "theirs.xyz"


@pytest.fixture(scope="module")
def imported(tmp_path_factory) -> Path:
    """Folder in which the foreign file was imported."""
    folder = tmp_path_factory.mktemp("imported")
    values = [*SIGMA, "--exponent", "10", "--cutoff", "2.2"]
    strains = ["--gamma", "0.0001", "0.05", "--mode-fraction", "0.03"]
    main(
        ["import", str(theirs(folder)), "--output", str(folder / "out"), "--sigma", *values]
        + strains
    )
    return folder


def test_a_foreign_configuration_is_quenched_as_the_library_does(imported):
    atoms = ase.io.read(imported / "theirs.xyz")
    length = atoms.cell[0, 0] / UNIT
    species = (np.array(atoms.get_chemical_symbols()) == "Ar").astype(np.int8)
    mixture = Mixture(1.0, 3.6 / 3.15, 4.41 / 3.15, exponent=10, cutoff=2.2, small_fraction=0.7)
    quenched = storage.read(imported / "out" / "quench" / "theirs.h5")
    assert quenched["gamma"].tolist() == [0.0, 0.0001, 0.05]
    for place, gamma in enumerate(quenched["gamma"]):
        found = quench(
            affine_shear(atoms.positions[:, :2] / UNIT, gamma),
            species,
            Cell(length).sheared(gamma),
            mixture,
        )
        assert found.converged
        np.testing.assert_array_equal(quenched["positions"][place], found.positions)
        assert quenched["energy"][place] == found.energy_per_particle
    told = quenched.attributes
    assert (told["sigma_small"], told["exponent"], told["cutoff"]) == (1.0, 10, 2.2)
    assert told["sigma_large"] == pytest.approx(1.4)
    assert told["small_fraction"] == 0.7
    assert told["density"] == pytest.approx(0.745)
    assert told["study"] == "theirs"
    assert np.isnan(told["temperature"])


def test_its_soft_modes_are_those_of_the_whole_hessian(imported):
    quenched, soft = (
        storage.read(imported / "out" / stage / "theirs.h5") for stage in ("quench", "modes")
    )
    told = quenched.attributes
    species = foreign.read(imported / "out" / "fields" / "theirs.xyz").species
    mixture = Mixture(1.0, told["sigma_mixed"], told["sigma_large"], 10, 2.2, small_fraction=0.7)
    assert soft.dataset_attributes["soft_participation"]["n_modes"] == 9
    for place, gamma in enumerate(quenched["gamma"]):
        cell = Cell(told["box_length"]).sheared(gamma)
        matrix = hessian(quenched["positions"][place], species, cell, mixture)
        values, vectors = np.linalg.eigh(matrix.toarray())
        expected = (vectors[:, 2:11] ** 2).reshape(150, 2, 9).sum(axis=(1, 2))
        np.testing.assert_allclose(soft["soft_participation"][place], expected, atol=1e-7)
        np.testing.assert_allclose(soft["eigenvalues"][place, 2:], values[2:11], rtol=1e-7)


def test_its_fields_are_handed_back_and_mapped(imported):
    out = imported / "out"
    quenched, soft = (storage.read(out / stage / "theirs.h5") for stage in ("quench", "modes"))
    thermal, *strained = ase.io.read(out / "fields" / "theirs.xyz", index=":")
    atoms = ase.io.read(imported / "theirs.xyz")
    np.testing.assert_array_equal(thermal.positions, atoms.positions / UNIT)
    ours = np.where(np.array(atoms.get_chemical_symbols()) == "Ne", "Cu", "Zr")
    assert thermal.get_chemical_symbols() == ours.tolist()
    np.testing.assert_allclose(thermal.arrays["radius"], np.where(ours == "Cu", 0.5, 0.7))
    assert len(strained) == 3
    np.testing.assert_array_equal(strained[2].positions[:, :2], quenched["positions"][2])
    np.testing.assert_array_equal(strained[2].arrays["nonaffine"][:, :2], quenched["nonaffine"][2])
    for place, frame in enumerate(strained):
        np.testing.assert_array_equal(
            frame.arrays["soft_participation"], soft["soft_participation"][place]
        )
    assert (out / "figures" / "theirs.pdf").read_bytes().startswith(b"%PDF")
    assert (out / "figures" / "theirs.png").read_bytes().startswith(b"\x89PNG")


def test_an_import_tells_its_numbers(tmp_path, capsys, monkeypatch):
    """Of a minimum, a saddle and a quench that gave up, as made up."""
    start = foreign.read(theirs(tmp_path))
    quenched = {
        "gamma": np.array([0.0, 1e-4, 0.01]),
        "energy": np.array([2.125, 2.25, 2.5]),
        "pressure": np.array([13.5, 14.5, 15.5]),
        "shear_stress": np.array([0.0625, -0.125, 0.25]),
        "n_negative": np.array([0, 1, 0]),
        "converged": np.array([True, True, False]),
    }
    squares = [[1e-17, 0.0, 0.25, 1.0, 4.0, 9.0], [0, 0, -0.25, 1, 4, 9], [0, 0, 1, 4, 9, 16]]
    soft = {"eigenvalues": np.array(squares)}
    overlaps = pd.DataFrame(
        [{"quantity": "DW_p", "gamma": 0.01, "overlap": 0.5, "random": 0.25, "within_species": 0.3}]
    )
    made_up = exchange.Analysis(start, {}, quenched, False, soft, 4, np.zeros(3, bool), overlaps)
    monkeypatch.setattr(exchange, "analyse", lambda *_, **__: made_up)
    monkeypatch.setattr(exchange, "save", lambda *_: [Path("one.h5")])
    main(["import", str(tmp_path / "theirs.xyz"), "-o", str(tmp_path), *FINE])
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[:3] == [
        "small: Ne, sigma 3.15 in the file, 1 below, 105 of 150 particles",
        "large: Ar, sigma 4.41 in the file, 1.4 below, 45 of 150 particles",
        "mixed: sigma 3.6 in the file, 1.14286 below",
    ]
    assert lines[3].startswith("as given: density 0.745, energy ")
    assert lines[-6:] == [
        "0 2.125 13.5 0.0625 0.5 1 2, minimum",
        "0.0001 2.25 14.5 -0.125 -0.5 1 2, saddle of order 1",
        "0.01 2.5 15.5 0.25 1 2 3, not converged",
        "gamma fields overlap shuffled within species",
        "0.01 DW_p 0.500 0.250 0.300",
        "one.h5",
    ]


def test_an_import_tells_where_its_files_come_from(imported, capsys):
    main(["provenance", str(imported / "out" / "figures" / "theirs.pdf")])
    lines = capsys.readouterr().out.splitlines()
    assert [re.match(r" *[^,]*", line).group() for line in lines] == [
        str(imported / "out" / "figures" / "theirs.pdf"),
        f"  {imported.name}/theirs.xyz",
        "  modes/theirs.h5",
        f"    {imported.name}/theirs.xyz",
        "    quench/theirs.h5",
        f"      {imported.name}/theirs.xyz",
        "  quench/theirs.h5",
    ]
    assert all(line.endswith("not found") for line in lines[1::2])
    assert "as recorded, written 20" in lines[2]
    assert lines[6].endswith("as recorded, inputs above")
    recorded = storage.read_provenance(imported / "out" / "quench" / "theirs.h5")
    assert json.loads(recorded["config"])["sigma"] == list(SIGMA)


def test_a_chain_that_bites_its_tail_ends(tmp_path, capsys):
    """Files that name each other as inputs, as after a name was used twice."""
    for name, other in (("a.csv", "b.csv"), ("b.csv", "a.csv")):
        (tmp_path / name).write_text("1")
        storage.write_provenance([tmp_path / name], [])
        side_file = tmp_path / f"{name}.provenance.json"
        told = json.loads(side_file.read_text()) | {"input_digests": {other: "0"}}
        side_file.write_text(json.dumps(told))
    main(["provenance", str(tmp_path / "a.csv")])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[1].startswith("  b.csv, CHANGED since, written")
    assert lines[2] == "    a.csv, CHANGED since, inputs above"


def failure(capsys: pytest.CaptureFixture, *arguments: object) -> str:
    """The message of a command that ends with exit code 1."""
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    assert caught.value.code == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    return line


FINE = ["--sigma", *SIGMA]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "sigma: not given, and the file does not tell its diameters"),
        (["--sigma", 1, -1, 1], "sigma_mixed: -1.0 given, a positive number expected"),
        (["--sigma", 0, 1, 1], "sigma: 0 given, positive numbers expected"),
        ([*FINE, "--exponent", 11], "exponent: 11 given, an even integer"),
        ([*FINE, "--cutoff", 0], "cutoff: 0.0 given, a positive number expected"),
        ([*FINE, "--cutoff", 20], "twice"),
        ([*FINE, "--gamma", 0.1, 0.01], "gamma: 0.1 0.01 given, ascending numbers above 0"),
        ([*FINE, "--gamma", 0, 0.1], "gamma: 0 0.1 given"),
        ([*FINE, "--gamma", "nan"], "gamma: nan given"),
        ([*FINE, "--mode-fraction", 0], "mode fraction: 0.0 of 300 modes given"),
        ([*FINE, "--mode-fraction", 1], "mode fraction: 1.0 of 300 modes given, more than 0"),
        (["--sigma", 0.02, 0.02, 0.02], "nothing holds some particles"),
    ],
)
def test_wrong_values_are_told(tmp_path, capsys, arguments, message):
    file = theirs(tmp_path)
    found = failure(capsys, "import", file, "--output", tmp_path / "out", *arguments)
    assert found.startswith("softmodes: ")
    assert message in found
    assert [path.name for path in tmp_path.iterdir()] == ["theirs.xyz"]


def test_a_tilted_start_is_told(tmp_path, capsys):
    file = theirs(tmp_path)
    (length,) = re.findall(r'Lattice="(\S+) ', file.read_text())
    file.write_text(file.read_text().replace(f" 0.0 0.0 0.0 {length}", f" 0.0 0.0 6.3 {length}"))
    found = failure(capsys, "import", file, "--output", tmp_path / "out", *FINE)
    assert "Lattice: tilted by 2, an untilted cell expected" in found


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("debye_waller:R:3", "0.1 0.2 0.3"),
        ("debye_waller:R:2", "0.1 0.2"),
        ("propensity:L:1", "T"),
        ("propensity:R:1", "inf"),
    ],
)
def test_a_field_of_that_name_that_is_no_such_field_is_told(
    tmp_path, capsys, monkeypatch, column, values
):
    monkeypatch.setattr(exchange, "analyse", None)
    file = theirs(tmp_path)
    number, comment, *rows = file.read_text().splitlines()
    comment = re.sub(r"Properties=\S+", rf"\g<0>:{column}", comment)
    file.write_text("\n".join([number, comment, *(f"{row} {values}" for row in rows)]))
    found = failure(capsys, "import", file, "--output", tmp_path / "out", *FINE)
    assert f"column '{column.split(':')[0]}': one finite number per particle expected" in found


def test_coinciding_particles_are_told(tmp_path, capsys):
    file = theirs(tmp_path)
    lines = file.read_text().splitlines()
    lines[3] = lines[2]
    file.write_text("\n".join(lines))
    found = failure(capsys, "import", file, "--output", tmp_path / "out", *FINE)
    assert "coincide" in found


def test_what_cannot_be_written_or_read_is_told(tmp_path, capsys):
    file = theirs(tmp_path)
    output = ["--output", tmp_path / "out"]
    missing = failure(capsys, "import", tmp_path / "none.xyz", *output)
    assert missing == f"softmodes: {tmp_path / 'none.xyz'}: no such file"
    assert "N1_T1.000_s000.h5: no such file" in failure(
        capsys, "export", tmp_path, "N1_T1.000_s000", *output
    )
    assert f"{file}.provenance.json: No such file" in failure(capsys, "provenance", file)
    assert "none.h5: no such file" in failure(capsys, "provenance", tmp_path / "none.h5")


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("file", "Not a directory"),
        ("file/deeper", "Not a directory"),
        ("/proc/none", "No such file or directory"),
        ("taken", "taken/fields: Not a directory"),
    ],
)
def test_a_folder_that_cannot_be_is_told_before_anything_is_computed(
    tmp_path, capsys, monkeypatch, place, message
):
    monkeypatch.setattr(exchange, "analyse", None)
    (tmp_path / "file").touch()
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "fields").touch()
    before = sorted(tmp_path.rglob("*"))
    source = theirs(tmp_path / "taken")
    found = failure(capsys, "import", source, "--output", tmp_path / place, *FINE)
    assert f"{message}, a folder to write to expected" in found
    source.unlink()
    assert sorted(tmp_path.rglob("*")) == before


COMMAND = [sys.executable, "-c", "from softmodes.command import main; main()"]


@pytest.mark.parametrize("command", ["import", "export", "provenance"])
def test_help_prints_where_there_are_no_greek_letters(command):
    done = subprocess.run(
        [*COMMAND, command, "--help"],
        cwd=ROOT / "workflow",
        env=os.environ | {"PYTHONIOENCODING": "cp1252"},
        capture_output=True,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert (b"\\u03b3" in done.stdout) == (command == "import")


def test_a_reader_that_leaves_ends_the_command_quietly(tmp_path):
    """Before what is printed fills a pipe, and after."""
    for n_inputs in (1, 3000):
        told = {"git_commit": "a", "written": "", "code_digest": ""}
        told |= {"input_digests": {f"tables/{number:060}.csv": "" for number in range(n_inputs)}}
        (tmp_path / "a.csv.provenance.json").write_text(json.dumps(told))
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(
            [*COMMAND, "provenance", str(tmp_path / "a.csv")],
            cwd=ROOT / "workflow",
            env={**os.environ, "PYTHONUNBUFFERED": ""},
            stdout=writing,
            stderr=subprocess.PIPE,
        )
        os.close(writing)
        assert (done.returncode, done.stderr) == (141, b"")


def test_a_mistake_ends_without_a_traceback(tmp_path):
    done = subprocess.run(
        [*COMMAND, "provenance", str(tmp_path / "none.h5")],
        cwd=ROOT / "workflow",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr == f"softmodes: {tmp_path / 'none.h5'}: no such file\n"


def test_the_chain_of_a_figure_goes_back_to_the_first_temperature(results, tmp_path, capsys):
    """Down to the random start, each file's inputs once; then with a changed and a lost one."""
    study = shutil.copytree(results, tmp_path / "study")
    figure = study / "figures" / "fig3.png"

    def chain() -> list[tuple[int, str, str, str]]:
        main(["provenance", str(figure)])
        lines = capsys.readouterr().out.splitlines()
        pattern = re.compile(r"( *)([^,]+)(?:, (as recorded|CHANGED since|not found))?(.*)")
        return [pattern.fullmatch(line).groups() for line in lines]

    def told(name: str) -> str:
        texts = storage.read_provenance(study / name)
        commit, *changed = texts["git_commit"].split("-")
        commit = "-".join([commit[:12], *changed])
        return f", written {texts['written']}, commit {commit}, code {texts['code_digest'][:12]}"

    hot = "equilibrium/N120_T1.000_s000.h5"
    expected = [
        (0, str(figure)),
        (1, f"equilibrium/{NAME}.h5"),
        (2, hot),
        (1, f"isoconfigurational/{NAME}.h5"),
        (2, f"equilibrium/{NAME}.h5"),
        (1, f"modes/{NAME}.h5"),
        (2, f"equilibrium/{NAME}.h5"),
        (2, f"quench/{NAME}.h5"),
        (3, f"equilibrium/{NAME}.h5"),
        (1, f"quench/{NAME}.h5"),
    ]
    found = chain()
    assert [(len(indent) // 2, name) for indent, name, *_ in found] == expected
    assert [state for *_, state, _ in found] == [None] + ["as recorded"] * 9
    for number, (_, name, _, rest) in enumerate(found):
        fresh = number in (0, 1, 2, 3, 5, 7)
        assert rest == (told(name) if fresh else ", inputs above"), number

    shutil.copy(study / "equilibrium" / "N120_T0.600_s001.h5", study / "equilibrium" / f"{NAME}.h5")
    (study / "quench" / f"{NAME}.h5").write_bytes(b"cut short")
    states = {name: state or rest for _, name, state, rest in chain()}
    assert states[f"equilibrium/{NAME}.h5"] == "CHANGED since"
    assert states[f"quench/{NAME}.h5"] == ", unreadable"
    assert states[f"modes/{NAME}.h5"] == "as recorded"
    assert states["equilibrium/N120_T1.000_s001.h5"] == "as recorded"
    (study / "quench" / f"{NAME}.h5").unlink()
    assert {state for _, name, state, _ in chain() if name.startswith("quench")} == {"not found"}
