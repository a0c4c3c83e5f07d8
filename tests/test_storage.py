"""The file contract: what does not fit is refused, what is written is whole, equal means equal."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from softmodes.errors import InputError
from softmodes.kernels import machine
from softmodes.study import atomic, contract, storage

N, G = 12, 3
WORKFLOW = Path(__file__).parents[1] / "workflow"

ATTRIBUTES = {
    "study": "made-up",
    "n_particles": N,
    "temperature": 0.5,
    "sample": 0,
    "seed": 7,
    "density": 0.74,
    "sigma_small": 1.0,
    "sigma_mixed": 1.2,
    "sigma_large": 1.4,
    "exponent": 12,
    "cutoff": 2.5,
    "smoothed": True,
    "small_fraction": 0.5,
    "backend": "cpu",
}


def quench_datasets() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {
        "gamma": np.array([0.0, 1e-4, 0.1]),
        "positions": rng.normal(size=(G, N, 2)),
        "energy": rng.normal(size=G),
        "shear_stress": rng.normal(size=G),
        "pressure": rng.normal(size=G),
        "max_force": rng.random(G),
        "nonaffine": rng.normal(size=(G, N, 2)),
        "linear_response": rng.normal(size=(N, 2)),
        "converged": np.array([True, True, False]),
        "switched": np.array([False, True, True]),
        "n_negative": np.zeros(G, dtype=np.int64),
    }


def write_quench(path: Path, provenance: dict | None = None, **changes: np.ndarray) -> None:
    storage.write(
        path,
        "quench",
        quench_datasets() | changes,
        attributes=ATTRIBUTES | {"translation_switched": False},
        provenance=provenance or {"host": "here"},
    )


def modes_arguments() -> tuple[dict[str, np.ndarray], dict[str, dict]]:
    datasets = {
        "gamma": np.zeros(G),
        "eigenvalues": np.zeros((G, 5)),
        "soft_participation": np.zeros((G, N)),
        "scan/gamma": np.zeros(2),
        "scan/n_modes": np.array([1, 2, 4]),
        "scan/soft_participation": np.zeros((2, 3, N)),
        "eigenvectors": np.zeros((16, N, 2)),
    }
    return datasets, {"soft_participation": {"n_modes": 3, "splits_degenerate": False}}


def test_the_harmonic_debye_waller_factor_may_lack(tmp_path):
    datasets, carried = modes_arguments()
    path = tmp_path / "modes.h5"
    storage.write(
        path, "modes", datasets, attributes=ATTRIBUTES, provenance={}, dataset_attributes=carried
    )
    assert "harmonic_debye_waller" not in storage.read(path).data
    prediction = np.linspace(0.0, 1.0, N)
    storage.write(
        path,
        "modes",
        datasets | {"harmonic_debye_waller": prediction},
        attributes=ATTRIBUTES,
        provenance={},
        dataset_attributes=carried,
    )
    np.testing.assert_array_equal(storage.read(path)["harmonic_debye_waller"], prediction)
    with pytest.raises(ValueError, match="harmonic_debye_waller"):
        storage.write(
            path,
            "modes",
            datasets | {"harmonic_debye_waller": np.zeros(N + 1)},
            attributes=ATTRIBUTES,
            provenance={},
            dataset_attributes=carried,
        )


def test_what_was_written_is_read_back(tmp_path):
    path = tmp_path / "folder" / "state.h5"
    write_quench(path)
    state = storage.read(path)
    assert state.stage == "quench"
    for name, values in quench_datasets().items():
        assert state[name].dtype == values.dtype
        np.testing.assert_array_equal(state[name], values)
    assert state.common_attributes == ATTRIBUTES
    assert state.attributes["translation_switched"] is False


def test_only_the_named_datasets_are_read(tmp_path):
    write_quench(tmp_path / "state.h5")
    state = storage.read(tmp_path / "state.h5", "energy")
    assert set(state.data) == {"energy"}
    with pytest.raises(InputError, match="'positions' is not there"):
        state["positions"]
    with pytest.raises(InputError, match="no dataset enregy"):
        storage.read(tmp_path / "state.h5", "enregy")


def test_every_dataset_has_its_units_and_fields_are_chunked_per_strain(tmp_path):
    write_quench(tmp_path / "state.h5")
    with h5py.File(tmp_path / "state.h5") as file:
        for name in quench_datasets():
            assert file[name].attrs["units"] == contract.CONTRACT["quench"].datasets[name].units
        assert file["positions"].attrs["units"] == "sigma11"
        assert file["positions"].chunks == (1, N, 2)
        assert file["positions"].compression == "gzip"
        assert file["positions"].shuffle
        assert file["energy"].chunks is None


def test_nested_names_and_dataset_attributes(tmp_path):
    datasets, carried = modes_arguments()
    storage.write(
        tmp_path / "modes.h5",
        "modes",
        datasets,
        attributes=ATTRIBUTES,
        provenance={},
        dataset_attributes=carried,
    )
    state = storage.read(tmp_path / "modes.h5")
    np.testing.assert_array_equal(state["scan/n_modes"], [1, 2, 4])
    assert state.dataset_attributes["soft_participation"]["n_modes"] == 3
    with pytest.raises(ValueError, match="'soft_participation' has attributes none"):
        storage.write(
            tmp_path / "modes.h5", "modes", datasets, attributes=ATTRIBUTES, provenance={}
        )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"energy": np.zeros(G, dtype=np.float32)}, "'energy' is float32, expected float64"),
        ({"energy": np.zeros(G + 1)}, r"'energy' has shape \(4,\), expected \(G=3\)"),
        ({"positions": np.zeros((G, N + 1, 2))}, r"expected \(G=3, N=12, 2\)"),
        ({"nonaffine": np.zeros((G, N))}, "'nonaffine' has shape"),
        ({"converged": np.ones(G, dtype=np.int8)}, "'converged' is int8, expected bool"),
        ({"enregy": np.zeros(G)}, "no datasets enregy"),
    ],
)
def test_datasets_against_the_contract_are_refused(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        write_quench(tmp_path / "state.h5", **changes)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 1.5}, "'seed' is 1.5, expected int"),
        ({"smoothed": 1}, "'smoothed' is 1, expected bool"),
        ({"exponent": True}, "'exponent' is True, expected int"),
        ({"colour": "red"}, "no attributes colour"),
    ],
)
def test_attributes_against_the_contract_are_refused(tmp_path, change, message):
    attributes = ATTRIBUTES | {"translation_switched": False} | change
    with pytest.raises(ValueError, match=message):
        storage.write(
            tmp_path / "state.h5", "quench", quench_datasets(), attributes=attributes, provenance={}
        )
    assert list(tmp_path.iterdir()) == []


def test_lacking_datasets_and_attributes_are_refused(tmp_path):
    datasets = quench_datasets()
    del datasets["switched"]
    with pytest.raises(ValueError, match="needs the datasets switched"):
        storage.write(
            tmp_path / "a.h5",
            "quench",
            datasets,
            attributes=ATTRIBUTES | {"translation_switched": True},
            provenance={},
        )
    with pytest.raises(ValueError, match="needs the attributes translation_switched"):
        storage.write(
            tmp_path / "a.h5", "quench", quench_datasets(), attributes=ATTRIBUTES, provenance={}
        )


def test_an_error_while_writing_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "state.h5"
    write_quench(path)
    before = path.read_bytes()
    with pytest.raises(TypeError):
        write_quench(path, provenance={"not json": object()})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_equal_content_gives_equal_bytes(tmp_path):
    write_quench(tmp_path / "a.h5")
    write_quench(tmp_path / "b.h5")
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_digest_leaves_out_provenance_and_nothing_else(tmp_path):
    write_quench(tmp_path / "a.h5", provenance={"host": "one"})
    write_quench(tmp_path / "b.h5", provenance={"host": "two", "config": "study: x"})
    reference = storage.digest(tmp_path / "a.h5")
    assert storage.digest(tmp_path / "b.h5") == reference

    positions = quench_datasets()["positions"]
    positions[2, 5, 1] = np.nextafter(positions[2, 5, 1], np.inf)
    write_quench(tmp_path / "last_bit.h5", positions=positions)
    write_quench(tmp_path / "order.h5", energy=quench_datasets()["energy"][::-1])
    attributes = ATTRIBUTES | {"translation_switched": True}
    storage.write(
        tmp_path / "attribute.h5", "quench", quench_datasets(), attributes=attributes, provenance={}
    )
    swapped = quench_datasets()
    swapped["energy"], swapped["pressure"] = swapped["pressure"], swapped["energy"]
    write_quench(tmp_path / "swapped.h5", **swapped)
    changed = {
        storage.digest(tmp_path / f"{name}.h5")
        for name in ("last_bit", "order", "attribute", "swapped")
    }
    assert len(changed | {reference}) == 5


def test_provenance_is_kept_as_text(tmp_path):
    write_quench(tmp_path / "input.h5")
    found = storage.provenance([tmp_path / "input.h5"], config="study: made-up\n")
    write_quench(tmp_path / "state.h5", provenance=found)
    texts = storage.read_provenance(tmp_path / "state.h5")
    assert texts["config"] == "study: made-up\n"
    assert storage.digest(tmp_path / "input.h5") in texts["input_digests"]


def test_inputs_of_one_name_from_two_stages_are_told_apart(tmp_path):
    inputs = [tmp_path / stage / "state.h5" for stage in ("first", "second")]
    for number, path in enumerate(inputs):
        path.parent.mkdir()
        write_quench(path, energy=np.full(G, float(number)))
    digests = storage.provenance(inputs)["input_digests"]
    assert digests == {f"{path.parent.name}/state.h5": storage.digest(path) for path in inputs}


def test_provenance_names_code_and_machine(tmp_path):
    write_quench(tmp_path / "state.h5", provenance=storage.provenance([]))
    texts = storage.read_provenance(tmp_path / "state.h5")
    assert {"written", "machine", "versions", "git_commit", "code_digest"} <= set(texts)
    assert int(texts["vector_bytes"]) == machine.vector_bytes()
    assert machine.processor_identity().items() <= texts.items()


def test_unusable_files_are_named(tmp_path):
    path = tmp_path / "state.h5"
    with pytest.raises(InputError, match=r"state\.h5: no such file"):
        storage.read(path)
    write_quench(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"state\.h5: no readable HDF5.*truncated file"):
        storage.read(path)
    path.write_bytes(whole)
    with h5py.File(path, "r+") as file:
        file.attrs["format_version"] = 99
    with pytest.raises(InputError, match=r"state\.h5: format_version is 99, expected 1"):
        storage.read(path)
    path.write_bytes(whole)
    with h5py.File(path, "r+") as file:
        del file["switched"]
    with pytest.raises(InputError, match=r"state\.h5: incomplete, it lacks switched"):
        storage.read(path)


def test_a_file_that_is_open_elsewhere_is_not_called_damaged(tmp_path):
    path = tmp_path / "state.h5"
    write_quench(path)
    code = f"import h5py\nfile = h5py.File({str(path)!r}, 'r+')\nprint('open', flush=True)\ninput()"
    arguments = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], **arguments) as other:
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(InputError, match=r"locked; .*HDF5_USE_FILE_LOCKING.*errno = 11") as one:
            storage.read(path)
        assert "make it again" not in str(one.value)
        other.communicate(b"\n")
    storage.read(path)
    killed = f"import h5py, os\nfile = h5py.File({str(path)!r}, 'r+')\nfile.flush()\nos._exit(0)"
    subprocess.run([sys.executable, "-c", killed], check=True)
    with pytest.raises(InputError, match=r"open for writing, or left so by .*h5clear"):
        storage.read(path)


def test_every_entry_of_the_contract_is_sound():
    for stage in contract.CONTRACT.values():
        for name, entry in stage.datasets.items():
            assert entry.units, name
            assert np.dtype(entry.dtype).itemsize in (1, 4, 8), name


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_positions_that_are_no_numbers_are_neither_written_nor_read(tmp_path, value):
    path = tmp_path / "quench.h5"
    write_quench(path)
    wrong = quench_datasets()["positions"]
    wrong[0, 1, 1] = value
    with pytest.raises(InputError, match="'positions' holds NaN or infinity"):
        write_quench(tmp_path / "other.h5", positions=wrong)
    assert [file.name for file in tmp_path.iterdir()] == ["quench.h5"]
    with h5py.File(path, "r+") as file:
        file["positions"][...] = wrong
    with pytest.raises(InputError, match=r"quench\.h5: 'positions' holds NaN or infinity"):
        storage.read(path)


def test_what_a_killed_process_left_goes_with_the_next_file(tmp_path):
    others = {".other-1.part.h5", ".quench-2-1.part.h5", ".quench-1.part.csv"}
    for name in {".quench-1.part.h5", ".quench-22.part.h5"} | others:
        (tmp_path / name).write_text("half")
    write_quench(tmp_path / "quench.h5")
    assert {path.name for path in tmp_path.iterdir()} == {"quench.h5"} | others


def test_a_folder_that_cannot_be_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "quench.h5", tmp_path / "file" / "deeper" / "quench.h5"):
        with pytest.raises(InputError, match=r"quench\.h5: not written, "):
            write_quench(path)


def test_a_link_is_followed_and_stays(tmp_path):
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "target.txt", tmp_path / "link.txt"
    link.symlink_to(target)
    for text in ("made", "replaced"):
        with atomic.replacing(link) as temporary:
            temporary.write_text(text)
        assert link.is_symlink()
        assert target.read_text() == text
    assert {path.name for path in tmp_path.rglob("*")} == {"there", "target.txt", "link.txt"}


def test_a_pipe_is_written_through_once_all_is_there(tmp_path):
    pipe, out = tmp_path / "pipe", tmp_path / "out"
    os.mkfifo(pipe)
    with (
        out.open("wb") as file,
        subprocess.Popen(["timeout", "9", "cat", pipe], stdout=file) as reader,
    ):
        with atomic.replacing(pipe) as temporary:
            temporary.write_text("through")
        assert reader.wait() == 0
    assert out.read_text() == "through"
    assert pipe.is_fifo()


def test_the_file_that_stdout_goes_to_is_appended_to(tmp_path):
    """`>>` keeps what was in it. Not through /dev/stdout itself, which root could replace."""
    out, link = tmp_path / "out", tmp_path / "stdout"
    link.symlink_to("/proc/self/fd/1")
    code = "from softmodes.study import atomic\n"
    code += f"with atomic.replacing({str(link)!r}) as temporary:\n"
    code += "    temporary.write_text('more')"
    out.write_text("before, ")
    with out.open("ab") as file:
        subprocess.run([sys.executable, "-c", code], cwd=WORKFLOW, stdout=file, check=True)
    assert out.read_text() == "before, more"
    assert link.is_symlink()


def test_what_cannot_be_replaced_is_told(tmp_path):
    loop, end = tmp_path / "loop.txt", tmp_path / "socket"
    loop.symlink_to(loop)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(end))
    for path, message in (
        (tmp_path, "a folder, a file to write expected"),
        (loop, "not written, Too many"),
        (end, "not written, No such device"),
        ("/proc/none/some.txt", "not written, No such file"),
    ):
        with pytest.raises(InputError, match=message), atomic.replacing(path) as temporary:
            temporary.write_text("lost")
    assert {path.name for path in tmp_path.iterdir()} == {"loop.txt", "socket"}
    assert end.is_socket()
