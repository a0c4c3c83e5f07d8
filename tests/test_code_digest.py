"""Digests of code change with what is computed, and with nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from softmodes.study import code_digest as module
from softmodes.study.code_digest import PACKAGE, code_digest

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "workflow" / "scripts"
LOCK = ROOT / "envs" / "lock.txt"

FILES = {
    "script.py": """
import json
import numba
from pkg import first
from pkg.kernels import machine
from pkg.report import drawing, summary_page
from pkg.study import job_log
from pkg.second import double
from pkg.deep import inner

print(first.value, double(2), inner.half(2))
""",
    "pkg/__init__.py": "",
    "pkg/first.py": '''
"""First."""
from typing import TYPE_CHECKING
import logging
from pkg.third import constant

logger = logging.getLogger("x")

def value():
    """A value."""
    logger.warning("takes a value")
    return constant  # no more
''',
    "pkg/second.py": "def double(x):\n    import numpy\n    return numpy.add(x, x)\n",
    "pkg/third.py": "constant = 1\n",
    "pkg/deep/__init__.py": "from pkg.deep.around import quarter\n",
    "pkg/deep/around.py": "quarter = 0.25\n",
    "pkg/deep/inner.py": """
import pkg.deep.whole as whole
from . import sibling
from ..deep.deeper.core import third
from pkg.deep import quarter

def half(x):
    return x / sibling.two * whole.one
""",
    "pkg/deep/whole.py": "one = 1\n",
    "pkg/deep/sibling.py": "two = 2\n",
    "pkg/deep/deeper/__init__.py": "depth = 2\n",
    "pkg/deep/deeper/core.py": "third = 3\n",
    "pkg/deep/apart.py": "constant = 2\n",
    "pkg/apart.py": "constant = 2\n",
    "pkg/report/__init__.py": '"""Pages."""\n\n__all__ = ["drawing"]\n',
    "pkg/study/__init__.py": "",
    "pkg/kernels/__init__.py": "",
    "pkg/report/drawing.py": "width = 3.4\n",
    "pkg/report/letter.mplstyle": "# The look.\n\nfont.size: 8\n",
    "pkg/report/summary_page.py": "import jinja2\n",
    "pkg/report/templates/summary.md": "# Study\n\nFound.\n",
    "pkg/study/job_log.py": "step = 1\n",
    "pkg/kernels/machine.py": "import matplotlib\nwidth = 1\n",
    "lock.txt": """
llvmlite==0.45.0 \\
    --hash=sha256:12
numba==0.62.1 ; python_full_version < '3.12' \\
numba==0.63.0 ; python_full_version >= '3.12' \\
numpy==2.3.0 \\
markupsafe==3.0.3 \\
matplotlib==3.10.0 \\
""",
}


def digest_of(folder: Path, old: str = "", new: str = "", name: str = "script.py") -> str:
    """Digest of the files above, a text in one of them replaced."""
    module._normal.cache_clear()
    module._imports.cache_clear()
    for file, text in FILES.items():
        assert file != name or old in text
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text.replace(old, new) if file == name else text)
    return code_digest(folder / "script.py", folder / "lock.txt", folder / "pkg")


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("script.py", "double(2)", "double(3)"),
        ("pkg/first.py", "return constant", "return -constant"),
        ("pkg/second.py", "add", "multiply"),
        ("pkg/third.py", "1", "2"),
        ("pkg/deep/around.py", "0.25", "0.5"),
        ("pkg/deep/inner.py", "x /", "x *"),
        ("pkg/deep/whole.py", "1", "2"),
        ("pkg/deep/sibling.py", "2", "3"),
        ("pkg/deep/deeper/__init__.py", "2", "3"),
        ("pkg/deep/deeper/core.py", "3", "4"),
        ("pkg/report/letter.mplstyle", "8", "9"),
        ("pkg/report/templates/summary.md", "# Study", "# The study"),
        ("pkg/report/templates/summary.md", "\n\n", "\n"),
        ("lock.txt", "numpy==2.3.0", "numpy==2.3.1"),
        ("lock.txt", "numba==0.63.0", "numba==0.63.1"),
        ("lock.txt", "llvmlite==0.45.0", "llvmlite==0.45.1"),
        ("lock.txt", "markupsafe==3.0.3", "markupsafe==3.0.4"),
    ],
)
def test_what_is_computed_counts(name: str, old: str, new: str, tmp_path: Path) -> None:
    assert digest_of(tmp_path, old, new, name) != digest_of(tmp_path)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("script.py", "print(first", "# shown\n\n\nprint( first"),
        ("pkg/first.py", "First.", "The first."),
        ("pkg/first.py", "A value.", "One."),
        ("pkg/first.py", "takes a value", "value taken"),
        ("pkg/first.py", "no more", "none"),
        ("pkg/__init__.py", "", "x = 1"),
        ("pkg/apart.py", "2", "3"),
        ("pkg/deep/apart.py", "2", "3"),
        ("pkg/report/letter.mplstyle", "The look.", "A look."),
        ("pkg/study/job_log.py", "1", "2"),
        ("pkg/report/__init__.py", '"drawing"', '"drawing", "pages"'),
        ("pkg/kernels/machine.py", "1", "2"),
        ("lock.txt", "matplotlib==3.10.0", "matplotlib==3.10.1"),
        ("lock.txt", "sha256:12", "sha256:13"),
    ],
)
def test_words_and_what_is_not_imported_do_not(
    name: str, old: str, new: str, tmp_path: Path
) -> None:
    assert digest_of(tmp_path, old, new, name) == digest_of(tmp_path)


@pytest.mark.parametrize(
    ("name", "statement", "lacking"),
    [
        ("script.py", "import pkg.none", "pkg.none"),
        ("script.py", "from pkg import none", "pkg.none"),
        ("script.py", "from pkg.none import value", "pkg.none"),
        ("pkg/deep/inner.py", "from pkg.deep import none", "pkg.deep.none"),
        ("pkg/deep/inner.py", "from .none import value", "pkg.deep.none"),
        ("pkg/deep/inner.py", "from pkg.bare.module import value", "pkg.bare"),
    ],
)
def test_an_import_from_the_package_that_no_file_answers_is_refused(
    name: str, statement: str, lacking: str, tmp_path: Path
) -> None:
    (tmp_path / "pkg" / "bare").mkdir(parents=True)
    (tmp_path / "pkg" / "bare" / "module.py").write_text("value = 1\n")
    lines = FILES[name].splitlines()[1]
    with pytest.raises(ModuleNotFoundError, match=f"{name}: imports {lacking}, which no file"):
        digest_of(tmp_path, lines, f"{statement}\n{lines}", name)


def test_every_data_file_counts_or_is_known_to_have_no_effect() -> None:
    data = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.*")
        if path.suffix not in (".py", ".pyc")
    }
    counted = {
        f"{owner.split('.')[0]}/{name}" for owner, names in module.DATA.items() for name in names
    }
    # the lock counts by the versions of what is imported
    assert data - counted == {"LAYOUT.md", "study/config.schema.yaml", "lock.txt"}


def test_stages_depend_on_their_own_modules() -> None:
    reached = {}
    for stage in ("equilibrate", "quench", "isoconfigurational", "figure"):
        modules, packages = module._reached(SCRIPTS / f"{stage}.py", PACKAGE)
        reached[stage] = {name.removeprefix("softmodes.") for name in modules} | packages
    needed = {"dynamics.trajectory", "system.tiles", "system.mixture", "kernels.simd", "numba"}
    assert needed <= reached["equilibrate"]
    assert "report.figures" not in reached["equilibrate"] | reached["quench"]
    assert "dynamics.isoconfigurational" not in reached["equilibrate"] | reached["quench"]
    assert "report.figures" in reached["figure"]
    digests = {code_digest(SCRIPTS / f"{stage}.py", LOCK) for stage in reached}
    assert len(digests) == len(reached)
