"""Compiled code is cached by the content of the package: numba alone would serve stale code."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import softmodes
from softmodes.kernels.compilation import cache_folder, kernel_folder
from softmodes.system.neighbours import build_pair_list


def test_cache_folder_follows_the_source(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    before = cache_folder(tmp_path, tmp_path)
    assert cache_folder(tmp_path, tmp_path) == before
    (tmp_path / "a.py").write_text("x = 2\n")
    assert cache_folder(tmp_path, tmp_path) != before
    nested = tmp_path / "deep" / "deeper"
    nested.mkdir(parents=True)
    folders = set()
    for text in ("x = 1\n", "x = 2\n"):
        (nested / "b.py").write_text(text)
        folders.add(cache_folder(tmp_path, tmp_path))
    (nested / "b.py").rename(tmp_path / "deep" / "b.py")
    folders.add(cache_folder(tmp_path, tmp_path))
    assert len(folders) == 3


def test_kernels_use_it() -> None:
    name = cache_folder(Path(), Path(softmodes.__file__).parent).name
    assert kernel_folder().name == name
    assert Path(build_pair_list.stats.cache_path).parent == kernel_folder()


def test_others_kernels_stay_where_they_are(package: Path, tmp_path: Path) -> None:
    (package / "other.py").write_text(
        "import numba\n\nbefore = numba.config.CACHE_DIR\n\nfrom softmodes.caller import g\n\n\n"
        "@numba.njit(cache=True)\ndef h(x):\n    return x + 1.0\n\n\n"
        "assert g(1.0) == h(1.0) == 2.0\nassert numba.config.CACHE_DIR == before\n"
    )
    run(package, "import softmodes.other", NUMBA_CACHE_DIR=str(tmp_path / "cache"))
    own = cache_folder(tmp_path / "cache", package)
    found = [path for path in tmp_path.rglob("*.nbi") if own not in path.parents]
    assert [path.name.split("-")[0] for path in found] == ["other.h"]


HEAD = "from softmodes.kernels.compilation import kernel\n"
CALLEE = HEAD + "\n\n@kernel()\ndef f(x):\n    return x + {}\n"
ONE = "from softmodes.caller import g; print(g(1.0))"
CALLER = HEAD + "from softmodes.callee import f\n\n\n@kernel()\ndef g(x):\n    return f(x)\n"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package of this one's name: a kernel adds 1 by one in another module."""
    folder = tmp_path / "library" / "softmodes"
    (folder / "kernels").mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "kernels" / "__init__.py").touch()
    library = Path(softmodes.__file__).parent
    shutil.copy(library / "kernels" / "compilation.py", folder / "kernels")
    (folder / "caller.py").write_text(CALLER)
    (folder / "callee.py").write_text(CALLEE.format("1.0"))
    return folder


def run(package: Path, program: str = ONE, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program beside the package, without the user's folders for caches."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME")
    }
    kept |= {"PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=kept | environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done


def test_an_edited_callee_in_another_module_takes_effect(package: Path, tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    assert run(package, NUMBA_CACHE_DIR=cache).stdout == "2.0\n"
    assert run(package, NUMBA_CACHE_DIR=cache).stdout == "2.0\n"
    (package / "callee.py").write_text(CALLEE.format("2.0"))
    assert run(package, NUMBA_CACHE_DIR=cache).stdout == "3.0\n"


NOWHERE = "/proc/nowhere"


@pytest.mark.parametrize("name", ["HOME", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR"])
def test_a_folder_that_cannot_be_written_is_replaced_by_a_temporary_one(
    name: str, package: Path, tmp_path: Path
) -> None:
    environment = {name: NOWHERE, "TMPDIR": str(tmp_path)}
    for number in ("1.0", "2.0"):
        (package / "callee.py").write_text(CALLEE.format(number))
        done = run(package, **environment)
        assert done.stdout == f"{1.0 + float(number)}\n"
        assert done.stderr == ""
        folder = cache_folder(tmp_path / f"softmodes-{os.getuid()}", package)
        assert len(list(folder.glob("*/*.nbi"))) == 2
    assert not (package / "__pycache__").exists()


@pytest.mark.parametrize("trap", ["link", "open"])
def test_others_cannot_plant_compiled_code(trap: str, package: Path, tmp_path: Path) -> None:
    """Where nothing is safe, nothing is cached, and one warning tells."""
    (tmp_path / "others").mkdir()
    root = tmp_path / f"softmodes-{os.getuid()}"
    if trap == "link":
        root.symlink_to(tmp_path / "others")
    else:
        root.mkdir()
        root.chmod(0o777)
    done = run(package, HOME=NOWHERE, TMPDIR=str(tmp_path))
    assert done.stdout == "2.0\n"
    assert done.stderr.count("UserWarning") == 1
    assert "set NUMBA_CACHE_DIR to a folder that can be written to" in done.stderr
    assert not list(tmp_path.glob("**/*.nbi"))


def test_processes_that_start_together_compile_a_kernel_once(tmp_path: Path) -> None:
    module = tmp_path / "sums.py"
    module.write_text(
        "from softmodes.kernels.compilation import kernel\n\n\n"
        "@kernel()\ndef inner(x):\n    return (x + 1.0).sum()\n\n\n"
        "@kernel()\ndef outer(x):\n    return inner(x) + 1.0\n"
    )
    # each says that it is ready and starts at the word
    program = (
        "import sys, numpy; from sums import inner, outer; print('ready', flush=True); input()\n"
        "assert outer(numpy.ones(3)) == 7.0\n"
        "print(sum(sum(f.stats.cache_misses.values()) for f in (inner, outer)))"
    )
    search = os.pathsep.join([str(tmp_path), str(Path(softmodes.__file__).parents[1])])
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": search}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    misses = [int(process.communicate()[0]) for process in processes]
    assert sorted(misses) == [0, 2]
