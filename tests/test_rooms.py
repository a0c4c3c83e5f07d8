"""Rooms of the library and the arrows between them, read off the imports."""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import faults
import pytest

WORKFLOW = Path(__file__).parents[1] / "workflow"
LIBRARY = WORKFLOW / "softmodes"
ROOMS = {
    "kernels": set(),
    "system": {"kernels"},
    "landscape": {"kernels", "system"},
    "analysis": {"kernels", "system"},
    "dynamics": {"kernels", "system", "landscape", "analysis"},
    "study": {"kernels", "system"},
    "report": {"analysis", "study"},
    "stages": {"system", "landscape", "analysis", "dynamics", "study", "report"},
    "interop": {"system", "landscape", "analysis", "dynamics", "study", "report"},
    "cli": {"system", "study", "interop"},
}
"""Which rooms each may import, besides `errors` and `random_streams`."""

FILES = sorted(LIBRARY.rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Dotted names of what a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def room(dotted: str) -> str:
    """The room of a module of the library, or the module itself where it stands alone."""
    return dotted.split(".")[1] if "." in dotted else "softmodes"


def imported_rooms(path: Path) -> set[str]:
    return {room(name) for name in imports(path) if name.split(".")[0] == "softmodes"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(LIBRARY)))
def test_a_room_imports_what_it_may(path):
    here = path.relative_to(LIBRARY).with_suffix("").parts[0]
    outside = {"errors", "random_streams", "__version__", "softmodes"}
    assert imported_rooms(path) <= {here} | outside | ROOMS.get(here, set())


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_imports_all_that_it_may(name):
    within = [*(LIBRARY / name).glob("*.py"), *LIBRARY.glob(f"{name}.py")]
    assert set().union(*map(imported_rooms, within)) >= ROOMS[name]


def test_every_module_has_a_room():
    alone = {path.stem for path in LIBRARY.glob("*.py")}
    assert alone == {"__init__", "cli", "errors", "random_streams"}
    rooms = {path.parent.name for path in LIBRARY.glob("*/__init__.py")}
    assert rooms == set(ROOMS) - {"cli"}


@pytest.mark.parametrize("name", sorted(set(ROOMS) - {"cli"}))
def test_a_room_says_what_is_in_it(name):
    modules = {path.stem for path in (LIBRARY / name).glob("*.py")} - {"__init__"}
    assert set(import_module(f"softmodes.{name}").__all__) == modules


def test_every_room_has_a_planted_fault():
    assert {fault.module.split(".")[0] for fault in faults.FAULTS} >= set(ROOMS)


def test_what_faults_are_planted_in_stands_there_once():
    stale = [
        fault.name
        for fault in faults.FAULTS
        if LIBRARY.joinpath(*fault.module.split("."))
        .with_suffix(".py")
        .read_text(encoding="utf-8")
        .count(fault.right)
        != 1
    ]
    assert not stale


@pytest.mark.parametrize(
    ("package", "owners"),
    [("h5py", {"storage"}), ("matplotlib", {"drawing", "figures", "figures_beyond"})],
)
def test_a_package_has_its_owners(package, owners):
    users = {
        path.stem for path in FILES if any(name.split(".")[0] == package for name in imports(path))
    }
    assert users == owners


@pytest.mark.parametrize(
    "path", sorted((WORKFLOW / "scripts").glob("*.py")), ids=lambda path: path.stem
)
def test_scripts_only_call_stages(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    used = {name for name in imports(path) if name.startswith("softmodes")}
    assert {name.split(".")[1] for name in used - {"softmodes.study.job_log"}} == {"stages"}
    assert not [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
