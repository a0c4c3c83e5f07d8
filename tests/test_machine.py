"""The width of vectors is that of the instructions that the compiler may use."""

import os
import platform
import subprocess
import sys

import pytest

from softmodes.kernels import machine


@pytest.mark.skipif(platform.machine() != "x86_64", reason="names of x86 processors")
@pytest.mark.parametrize(
    ("name", "features", "expected"),
    [
        ("haswell", "", 32),
        ("znver1", "", 32),
        ("znver4", "", 64),
        ("skylake-avx512", "", 64),
        ("znver4", "-avx512f", 32),
        ("haswell", "+avx512f", 64),
        ("generic", None, 32),
    ],
)
def test_vectors_are_as_wide_as_the_compiler_has_them(name, features, expected):
    told = {"NUMBA_CPU_NAME": name} | ({} if features is None else {"NUMBA_CPU_FEATURES": features})
    ask = "from softmodes.kernels import machine; print(machine.vector_bytes())"
    done = subprocess.run(
        [sys.executable, "-c", ask],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **told},
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) == expected


def test_vectors_here_are_those_of_the_features_numba_compiles_for():
    from numba.core.registry import cpu_target

    _, _, features = cpu_target.target_context.codegen().magic_tuple()
    if not features or platform.machine() != "x86_64":
        pytest.skip("numba was told a processor by name")
    assert machine.vector_bytes() == (64 if "+avx512f" in features.split(",") else 32)


TWO_CORES = """processor	: 0
vendor_id	: AuthenticAMD
cpu family	: 25
model		: 17
model name	: AMD EPYC
stepping	: 1
cpu MHz		: 2600.000

processor	: 1
cpu family	: 6
"""


def test_processors_of_one_name_are_told_apart(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "cpuinfo")
    assert set(machine.processor_identity().values()) == {"unknown"}
    (tmp_path / "cpuinfo").write_text(TWO_CORES)
    assert machine.processor() == "AMD EPYC"
    assert machine.processor_identity() == {
        "cpu_family": "25",
        "cpu_model": "17",
        "cpu_stepping": "1",
    }
