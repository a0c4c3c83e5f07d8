"""The width of vectors is that of the instructions that the compiler may use."""

import os
import platform
import subprocess
import sys

import pytest

from softmodes import machine


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
    ask = "from softmodes import machine; print(machine.vector_bytes())"
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
