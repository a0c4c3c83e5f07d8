"""The tutorial runs as it stands, and the pictures that it comes with are there."""

import os
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
TUTORIAL = ROOT / "docs" / "tutorial.ipynb"

EXPECTED = """
assert largest_force < 1e-11
assert abs(softness.sum() - N_MODES) < 1e-9
assert overlap(mobile, soft) > by_chance
assert np.linalg.norm(nonaffine(1e-4) - 1e-4 * response, axis=1).max() < 1e-3
plateau, floor = np.mean(samples, axis=0)[0, [0, -1]]
assert plateau - floor > 0.1
"""
"""What the text says of the names that its cells leave behind."""


def test_its_cells_run():
    notebook = nbformat.read(TUTORIAL, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(EXPECTED))
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow")}
    # raises with the cell and its traceback
    NotebookClient(notebook, kernel_name="python3", timeout=600).execute(env=environment)


def test_it_comes_with_what_it_shows():
    assert TUTORIAL.stat().st_size < 400_000
    notebook = nbformat.read(TUTORIAL, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell.outputs]
    assert {output.output_type for output in outputs} == {"stream", "display_data"}
    drawn = [cell for cell in code if "figure, " in cell.source]
    assert all(any("image/png" in one.get("data", {}) for one in cell.outputs) for cell in drawn)
    assert len(drawn) == 4
