"""docs/theory.md names functions that exist, and every function of the physics."""

import ast
import re
from importlib import import_module, util
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[1] / "docs" / "theory.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`(softmodes(?:\.\w+)+)`", PAGE))

PHYSICS = [
    "softmodes.system.mixture",
    "softmodes.system.forces",
    "softmodes.system.velocities",
    "softmodes.system.distance",
    "softmodes.dynamics.trajectory",
    "softmodes.dynamics.equilibration",
    "softmodes.dynamics.replicas",
    "softmodes.dynamics.isoconfigurational",
    "softmodes.dynamics.inherent_trajectory",
    "softmodes.landscape.quench",
    "softmodes.landscape.shear",
    "softmodes.landscape.cyclic_shear",
    "softmodes.landscape.response",
    "softmodes.landscape.hessian",
    "softmodes.landscape.lanczos",
    "softmodes.landscape.modes",
    "softmodes.landscape.visited",
    "softmodes.analysis.local_strain",
    "softmodes.analysis.relaxation",
    "softmodes.analysis.structure",
    "softmodes.analysis.overlap",
    "softmodes.analysis.metabasins",
    "softmodes.analysis.persistence",
    "softmodes.analysis.cages",
    "softmodes.analysis.critical_strain",
    "softmodes.analysis.gamma_c",
    "softmodes.analysis.stationarity",
    "softmodes.analysis.statistics",
    "softmodes.report.checks",
    "softmodes.stages.checks",
]

NO_QUANTITY = {
    "softmodes.analysis.structure.checked_frames",
    "softmodes.system.mixture.reduced",  # the potential in the kernels' units
    "softmodes.system.mixture.inverse_power",
    "softmodes.system.forces.accumulate_forces",  # the loop of `evaluate`
    "softmodes.dynamics.equilibration.check_coupling",
    "softmodes.dynamics.trajectory.whole_steps",
    "softmodes.landscape.lanczos.largest_eigenpairs",  # the search of `lowest_modes`
    "softmodes.landscape.lanczos.unit_translations",
    "softmodes.stages.checks.check",  # writes the table
    "softmodes.dynamics.isoconfigurational.sampling",
    "softmodes.dynamics.isoconfigurational.velocities_of_run",
    "softmodes.dynamics.replicas.replicas_per_vector",
    "softmodes.dynamics.replicas.spatial_order",
    "softmodes.dynamics.replicas.accumulate_replica_forces",
}
"""Public functions of these modules that compute nothing of their own."""


def public_functions(module: str) -> set[str]:
    source = Path(util.find_spec(module).origin).read_text(encoding="utf-8")
    return {
        f"{module}.{node.name}"
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }


@pytest.mark.parametrize("name", sorted(NAMED))
def test_what_the_page_names_exists(name):
    parts = name.split(".")
    # the longest part that is a module, then attributes
    length = next(n for n in range(len(parts), 0, -1) if is_module(".".join(parts[:n])))
    found = import_module(".".join(parts[:length]))
    for attribute in parts[length:]:
        found = getattr(found, attribute)
    assert callable(found) or isinstance(found, property)


def is_module(name: str) -> bool:
    try:
        return util.find_spec(name) is not None
    except ModuleNotFoundError:  # what stands before the last dot is no package
        return False


@pytest.mark.parametrize("module", PHYSICS)
def test_the_page_has_every_quantity_of_a_module(module):
    assert public_functions(module) - NO_QUANTITY <= NAMED


def test_the_exceptions_are_functions_that_the_page_leaves_out():
    every = set().union(*map(public_functions, PHYSICS))
    assert every >= NO_QUANTITY
    assert not NO_QUANTITY & NAMED


def test_every_entry_names_code():
    entries = re.split(r"^#{2,3} ", PAGE, flags=re.M)[1:]
    # a section's own heading is followed by entries
    for entry in entries:
        if "```math" in entry:
            assert re.search(r"^Code: ", entry, re.M), entry.splitlines()[0]


def test_links_within_the_page_lead_somewhere():
    headings = re.findall(r"^#{2,3} (.*)$", PAGE, re.M)
    slugs = {re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for text in headings}
    assert set(re.findall(r"\]\(#([^)]*)\)", PAGE)) <= slugs
