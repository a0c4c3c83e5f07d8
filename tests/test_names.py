"""Dotted names in backquotes, in the sources and the documents, are names that exist."""

import re
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
WORKFLOW = ROOT / "workflow"
MODULES = [
    ".".join(path.relative_to(WORKFLOW).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted((WORKFLOW / "softmodes").rglob("*.py"))
]
TEXTS = [
    *(path for part in ("workflow", "tests") for path in sorted((ROOT / part).rglob("*.py"))),
    *(path for path in sorted(ROOT.glob("*.md")) if path.name != "CHANGELOG.md"),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted(WORKFLOW.rglob("*.smk")),
]
FOREIGN = {"ase", "numba", "numpy", "openmm", "scipy", "types"}
"""`types` are numba's."""
FILE = re.compile(r"\.(cff|csv|json|md|mplstyle|pdf|py|toml|yaml)$")
DOTTED = re.compile(r"(?<!`)`([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)(?=[`(<\[])")


def has(owner: object, names: list[str]) -> bool:
    """Whether there is such an attribute, or such a field of a dataclass."""
    if not names:
        return True
    first, *others = names
    if hasattr(owner, first):
        return has(getattr(owner, first), others)
    return not others and first in getattr(owner, "__annotations__", {})


def exists(name: str) -> bool:
    """Whether it is a module or lies in one, by its full name or by the end of that."""
    parts = name.split(".")
    for length in range(len(parts) + 1):
        head = "." + ".".join(parts[:length])
        for module in MODULES:
            # a class or function may also stand alone
            if not length or f".{module}".endswith(head):
                found: ModuleType = import_module(module)
                if has(found, parts[length:]):
                    return True
    return False


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_dotted_names_exist(path: Path) -> None:
    named = set(DOTTED.findall(path.read_text(encoding="utf-8")))
    ours = {name for name in named if name.split(".")[0] not in FOREIGN and not FILE.search(name)}
    assert not {name for name in ours if not exists(name)}


@pytest.mark.parametrize("name", ["dynamics.schedule", "softmodes.cell", "Cell.volume"])
def test_a_name_of_nothing_does_not_exist(name: str) -> None:
    assert not exists(name)
