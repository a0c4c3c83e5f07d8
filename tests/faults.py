"""Test the tests: plant one fault at a time in a copy of the library and see its test turn red.

    python tests/faults.py            # all of them, half an hour
    python tests/faults.py tilt       # those with "tilt" in their name
    python tests/faults.py 5          # five of them, at random

A fault is a piece of source that stands exactly once in its module, what replaces it, and the tests
that must fail then. The command ends with 1 if a fault stays unseen or no longer fits the source.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Fault:
    """A fault named `name`: in `module`, a dotted name within the package, `right` becomes `wrong`;
    `test` must see it."""

    name: str
    module: str
    right: str
    wrong: str
    test: str


FAULTS = [
    Fault(
        "smoothing coefficient of the wrong sign",
        "system.mixture",
        "-n * (n + 2) / 8 / x**4",
        "n * (n + 2) / 8 / x**4",
        "test_mixture.py",
    ),
    Fault(
        "curvature of the pair potential a term short",
        "system.mixture",
        " + smoothing + 8.0 * quartic * distance_square",
        " + smoothing",
        "test_mixture.py",
    ),
    Fault(
        "tilt ignored in the minimum image",
        "system.cell",
        "x = displacement[..., 0] - row * self.tilt",
        "x = displacement[..., 0]",
        "test_cell.py",
    ),
    Fault(
        "tilt ignored in the neighbour list",
        "system.neighbours",
        "near_x = x[i] - turn_x * length - turn_y * tilt",
        "near_x = x[i] - turn_x * length",
        "test_neighbours.py",
    ),
    Fault(
        "Ctrl-C not caught",
        "study.checkpoint",
        "STOPPING = (signal.SIGTERM, signal.SIGINT)",
        "STOPPING = (signal.SIGTERM,)",
        "test_failures.py::test_ctrl_c_in_a_terminal_keeps_the_state",
    ),
    Fault(
        "a negative temperature let through",
        "system.velocities",
        "if not 0.0 <= temperature < np.inf:",
        "if temperature == np.inf:",
        "test_isoconfigurational.py::test_a_negative_temperature_is_named_as_the_cause",
    ),
    Fault(
        "a key given twice taken by its last value",
        "study.config",
        "if key.value in lines:",
        "if False:",
        "test_config.py",
    ),
    Fault(
        "species taken into a configuration as they come",
        "system.configuration",
        "if species.shape != positions.shape[:1] or not np.isin(species, (SMALL, LARGE)).all():",
        "if species.shape != positions.shape[:1]:",
        "test_configuration.py",
    ),
    Fault(
        "a sheared configuration in the cell before",
        "system.configuration",
        "return replace(self, positions=positions, cell=self.cell.sheared(gamma))",
        "return replace(self, positions=positions)",
        "test_configuration.py",
    ),
    Fault(
        "replicas that parted keep the pairs of the start",
        "dynamics.replicas",
        "radii = table.cutoff + (WIDE_SKIN + 2.0 * reach)",
        "radii = table.cutoff + WIDE_SKIN",
        "test_isoconfigurational.py",
    ),
    Fault(
        "a GPU's thermostat takes the forces' part for kinetic energy",
        "dynamics.cuda_kernels",
        "math.sqrt((change * shadow - of_force) / kinetic)",
        "math.sqrt(change)",
        "test_cuda.py::test_thermostat_and_barostat_act_as_they_do_on_the_cpu",
    ),
    Fault(
        "a GPU's lists are picked from a wide one of long ago",
        "dynamics.cuda_kernels",
        "moved = not (dx * dx + dy * dy < wide_farthest)",
        "moved = False",
        "test_cuda.py::test_a_fast_system_finds_new_neighbours",
    ),
    Fault(
        "sums over a GPU's threads leave some out",
        "dynamics.cuda_kernels",
        "            width //= 2\n",
        "            width //= 4\n",
        "test_cuda.py::test_systems_move_as_they_do_on_the_cpu",
    ),
    Fault(
        "a GPU's frames are those of the next block",
        "dynamics.cuda",
        "series[points == stop] = frames[frame_blocks == stop] = systems.places",
        "series[points == stop] = frames[frame_blocks == stop - 1] = systems.places",
        "test_cuda.py::test_an_equilibration_is_that_of_the_cpu",
    ),
    Fault(
        "select takes the other value",
        "kernels.simd",
        "builder.select(arguments[0], *values)",
        "builder.select(arguments[0], *values[::-1])",
        "test_simd.py",
    ),
    Fault(
        "vectors of 64 bytes whatever the machine has",
        "kernels.machine",
        'return 64 if "%zmm" in assembly else 32',
        "return 64",
        "test_machine.py",
    ),
    Fault(
        "vectors as wide as this machine's whatever numba compiles for",
        "kernels.machine",
        "create_target_machine(cpu=name, features=features)",
        "create_target_machine(cpu=binding.get_host_cpu_name())",
        "test_machine.py",
    ),
    Fault(
        "checkpoint of a machine with other vectors taken up",
        "study.checkpoint",
        "inputs_read, output.name, vector_bytes()]",
        "inputs_read, output.name]",
        "test_checkpoint.py",
    ),
    Fault(
        "tiles of the row above found with the cell upright",
        "system.tiles",
        "vector_x = turn_x * length + turn_y * tilt",
        "vector_x = turn_x * length",
        "test_tiles.py",
    ),
    Fault(
        "a particle's own tile met on one side only",
        "system.tiles",
        "met = (square < 1.0) & (lane_numbers(near) != float(i - own))",
        "met = (square < 1.0) & (lane_numbers(near) < float(i - own))",
        "test_tiles.py",
    ),
    Fault(
        "list of a row one tile short",
        "system.tiles",
        "to_slot = slots[border - turn_x * n_bins]",
        "to_slot = slots[border - turn_x * n_bins] - width",
        "test_tiles.py",
    ),
    Fault(
        "tiles in single precision left where they were listed",
        "system.tiles",
        "    pair_force = matched(force, near)\n    if near.itemsize < position.itemsize:",
        "    pair_force = matched(force, near)\n    if near.itemsize > position.itemsize:",
        "test_tiles.py",
    ),
    Fault(
        "replicas judged by the first",
        "dynamics.replicas",
        "close = any_lane(dx * dx + dy * dy < repeat(square_of, species[j]))",
        "close = all_lanes(dx * dx + dy * dy < repeat(square_of, species[j]))",
        "test_isoconfigurational.py",
    ),
    Fault(
        "update of a front not passed on",
        "kernels.multifrontal",
        "children[parent].append((k, corner))",
        "children[k].append((k, corner))",
        "test_multifrontal.py",
    ),
    Fault(
        "selected inverse without what comes from the boundary",
        "kernels.multifrontal",
        "upper.T @ (self.sign[begin:end, None] * upper) + lower.T @ below",
        "upper.T @ (self.sign[begin:end, None] * upper)",
        "test_multifrontal.py",
    ),
    Fault(
        "modes of a crystal looked for with three vectors in a block alone",
        "landscape.modes",
        "BLOCK_WIDTHS = (3, 24)",
        "BLOCK_WIDTHS = (3,)",
        "test_modes.py",
    ),
    Fault(
        "equilibria of another pressure taken",
        "study.equilibria",
        "if made_in not in (None, ensemble):",
        "if made_in is ensemble:",
        "test_equilibria.py",
    ),
    Fault(
        "translations left in the harmonic Debye-Waller factor",
        "landscape.modes",
        "[[-0.5 / shift] * 2, ",
        "[[0.0] * 2, ",
        "test_modes.py",
    ),
    Fault(
        "mean of the oscillation subtracted twice",
        "landscape.modes",
        "shift = 3.0 / window**2",
        "shift = 6.0 / window**2",
        "test_modes.py",
    ),
    Fault(
        "shear stress of the wrong sign",
        "system.forces",
        "return -float(evaluation.virial[0, 1]) / cell.area",
        "return float(evaluation.virial[0, 1]) / cell.area",
        "test_forces.py",
    ),
    Fault(
        "pressure as in three dimensions",
        "system.forces",
        "(2.0 * cell.area)",
        "(3.0 * cell.area)",
        "test_forces.py",
    ),
    Fault(
        "list never rebuilt",
        "dynamics.trajectory",
        "        n_far += not all_lanes(dx * dx + dy * dy < 0.25 * skin * skin)",
        "        n_far += not all_lanes(dx * dx + dy * dy < 1e9 * skin)",
        "test_trajectory.py",
    ),
    Fault(
        "half kick forgotten",
        "dynamics.trajectory",
        "            add_scaled(velocity, 0.5 * time_step, force, velocity)",
        "            pass",
        "test_trajectory.py",
    ),
    Fault(
        "thermostat without its noise",
        "dynamics.trajectory",
        "2.0 * first * np.sqrt(decay * fraction)",
        "0.0 * first",
        "test_trajectory.py",
    ),
    Fault(
        "thermostat holds the full-step kinetic energy",
        "dynamics.trajectory",
        "return self.kinetic_energy + self.time_step**2 / 12.0 * float(np.sum(self.forces**2))",
        "return self.kinetic_energy",
        "test_trajectory.py",
    ),
    Fault(
        "barostat noise of three dimensions",
        "dynamics.trajectory",
        "np.sqrt(2.0 * temperature * mobility / self.cell.area)",
        "np.sqrt(3.0 * temperature * mobility / self.cell.area)",
        "test_trajectory.py",
    ),
    Fault(
        "forces not put back where a state was kept",
        "dynamics.trajectory",
        'for name in ("positions", "velocities", "forces"):',
        'for name in ("positions", "velocities"):',
        "test_checkpoint.py",
    ),
    Fault(
        "a checkpoint taken up whatever its key",
        "study.checkpoint",
        'str(state.pop("key", None)) != self._key',
        'state.pop("key", None) is None',
        "test_checkpoint.py",
    ),
    Fault(
        "digest of the code without what the imported modules import",
        "study.code_digest",
        "            todo |= _imports(path, package)\n",
        "",
        "test_code_digest.py",
    ),
    Fault(
        "digest of the code without what relative imports take",
        "study.code_digest",
        'source = resolve_name("." * level + (module or ""), around)',
        'source = module or ""',
        "test_code_digest.py",
    ),
    Fault(
        "digest of the code without the style of figures",
        "study.code_digest",
        'DATA.get(name.removeprefix(f"{package.name}."), ())',
        "()",
        "test_code_digest.py",
    ),
    Fault(
        "kernels cached whatever their sub-packages hold",
        "kernels.compilation",
        'package.rglob("*.py")',
        'package.glob("*.py")',
        "test_compilation.py",
    ),
    Fault(
        "kernels cached beside their source where the user has no folder",
        "kernels.compilation",
        "    _impl_class = _CacheFiles\n",
        "",
        "test_compilation.py",
    ),
    Fault(
        "physics that needs what only the workflow installs",
        "analysis.overlap",
        "import numpy as np\n",
        "import numpy as np\nimport pandas as pd\n",
        "test_package.py",
    ),
    Fault(
        "kernels of other programs cached among this package's",
        "kernels.compilation",
        "tempfile.TemporaryFile(dir=folder).close()\n",
        "numba.config.CACHE_DIR = str(folder)\n",
        "test_compilation.py",
    ),
    Fault(
        "kernels taken from a folder that others can write to",
        "kernels.compilation",
        " or found.st_mode & 0o022",
        "",
        "test_compilation.py",
    ),
    Fault(
        "others' temporary files removed",
        "study.atomic",
        'r"\\d+"',
        'r".*"',
        "test_storage.py",
    ),
    Fault(
        "a temperature that no file name tells to the bit",
        "study.config",
        "value != round(value, 3) or ",
        "",
        "test_config.py",
    ),
    Fault(
        "relaxation functions of different times averaged",
        "study.equilibria",
        "if abs(longest / equilibration_time - 1.0) > SPARE_TIME:",
        "if False:",
        "test_equilibria.py",
    ),
    Fault(
        "a stress that has not fallen yet judged",
        "report.letter",
        "if stress.columns[-1] < FLOOR_START:",
        "if False:",
        "test_letter.py",
    ),
    Fault(
        "a filling for an N in this figure, another in that",
        "report.drawing",
        "every = [*sorted(of_study), *sorted(sizes - of_study)]",
        "every = sorted(of_study | sizes)",
        "test_beyond_figures.py",
    ),
    Fault(
        "a pipe replaced by a file",
        "study.atomic",
        "with _copied(Path(path)) if _is_stream(path) else",
        "with",
        "test_storage.py",
    ),
    Fault(
        "a locked file called damaged",
        "study.storage",
        'if "unable to lock" in str(error):',
        "if False:",
        "test_storage.py",
    ),
    Fault(
        "a notebook's backend asked for",
        "report.drawing",
        'os.environ.pop("MPLBACKEND")',
        'os.environ["MPLBACKEND"]',
        "test_figures.py",
    ),
    Fault(
        "what is printed left to the end of Python",
        "cli",
        "sys.stdout.flush()",
        "pass",
        "test_cli.py::test_a_reader_that_leaves_ends_the_command_quietly",
    ),
    Fault(
        "only the outermost folder tried",
        "cli",
        "atomic.check_folder(options.output / name)",
        "atomic.check_folder(options.output)",
        "test_cli.py::test_a_folder_that_cannot_be_is_told_before_anything_is_computed",
    ),
    Fault(
        "diameters by the order in which they are named",
        "interop.exchange",
        "[float(named[name]) for name in names]",
        "[float(number) for number in named.values()]",
        "test_cli.py::test_diameters_go_to_the_kinds_that_are_named",
    ),
    Fault(
        "images of a tilted cell above each other",
        "report.figures",
        "(x * length + y * maps.tilt, y * length)",
        "(x * length, y * length)",
        "test_figures.py::test_maps_repeat_a_tilted_cell_along_its_vectors",
    ),
    Fault(
        "what looks like a tag left so on a page",
        "report.rendering",
        'select_autoescape(["html"])',
        "False",
        "test_rendering.py",
    ),
    Fault(
        "error bars other than the caption says",
        "report.drawing",
        "grouped.std()",
        "grouped.sem()",
        "test_figures.py::test_figure1_shows_every_temperature_with_standard_deviations",
    ),
    Fault(
        "kinds alike taken for one where their types differ",
        "interop.foreign",
        "next((column for column in columns if len(set(column)) > 1), columns[0])",
        "columns[0]",
        "test_foreign.py::test_kinds_are_named_by_the_file",
    ),
    Fault(
        "kinds that are numbers in the order of their digits",
        "interop.foreign",
        "(int(name) if name.isdigit() else 0, name)",
        "name",
        "test_foreign.py::test_kinds_are_named_by_the_file",
    ),
    Fault(
        "a cell's height between two walls",
        "interop.foreign",
        "apart = apart - height * np.rint(apart / height)",
        "pass",
        "test_foreign.py::test_particles_on_both_sides_of_the_border_in_z_are_in_a_plane",
    ),
    Fault(
        "overlaps of a sheared structure in the cell before",
        "analysis.comparison",
        "thermal.displaced(positions, strain)",
        "thermal.displaced(positions)",
        "test_workflow.py::test_overlaps_agree_with_a_plain_recomputation",
    ),
    Fault(
        "a vector carried as a field",
        "interop.exchange",
        "values.ndim != 1 or ",
        "",
        "test_cli.py::test_a_field_of_that_name_that_is_no_such_field_is_told",
    ),
    Fault(
        "translations printed for the lowest modes",
        "cli",
        "squares[2 : 2 + SHOWN_FREQUENCIES]",
        "squares[:SHOWN_FREQUENCIES]",
        "test_cli.py::test_an_import_tells_its_numbers",
    ),
    Fault(
        "NaN written as a position",
        "study.storage",
        "    _check_finite(path, stage, arrays)\n",
        "",
        "test_storage.py",
    ),
    Fault(
        "momentum left in the velocities",
        "system.velocities",
        "return velocities - velocities.mean(axis=0)",
        "return velocities",
        "test_trajectory.py",
    ),
    Fault(
        "Debye-Waller factor about the start, not the time mean",
        "dynamics.isoconfigurational",
        "total_square / n_samples - ((total / n_samples) ** 2).sum(axis=0)",
        "total_square / n_samples",
        "test_isoconfigurational.py",
    ),
    Fault(
        "both halves from the same runs",
        "dynamics.isoconfigurational",
        "return of_runs.reshape(2, len(of_runs) // 2, -1).mean(axis=1)",
        "return np.stack([of_runs[: len(of_runs) // 2].mean(axis=0)] * 2)",
        "test_isoconfigurational.py",
    ),
    Fault(
        "stiff modes checked for twice the excess that velocity Verlet gives them",
        "report.checks",
        "time_step**2 / 12.0",
        "time_step**2 / 6.0",
        "test_checks.py",
    ),
    Fault(
        "Hessian with the tension of the wrong sign",
        "landscape.hessian",
        "stretch = (curvature - tension) / distance_square",
        "stretch = (curvature + tension) / distance_square",
        "test_modes.py",
    ),
    Fault(
        "a soft mode too few",
        "landscape.modes",
        "modes.eigenvectors[2 : 2 + n_modes]",
        "modes.eigenvectors[1 : 1 + n_modes]",
        "test_modes.py",
    ),
    Fault(
        "affine force along the wrong axis",
        "landscape.shear",
        "change *= displacement[:, 1:]",
        "change *= displacement[:, :1]",
        "test_shear.py",
    ),
    Fault(
        "saddles taken for minima",
        "landscape.quench",
        'f"saddle: negative modes: {n_negative}" if n_negative else CONVERGED',
        "CONVERGED",
        "test_quench.py",
    ),
    Fault(
        "images lost in the quench",
        "landscape.quench",
        "positions=final.positions + cell.offset(image)",
        "positions=final",
        "test_quench.py",
    ),
    Fault(
        "clusters of two kept",
        "analysis.overlap",
        "size[_root(parent, i)] >= minimum_cluster",
        "size[_root(parent, i)] >= minimum_cluster - 1",
        "test_overlap.py",
    ),
    Fault(
        "overlap normalised by one field",
        "analysis.overlap",
        "total = np.count_nonzero(theta_a) + np.count_nonzero(theta_b)",
        "total = 2 * np.count_nonzero(theta_a)",
        "test_overlap.py",
    ),
    Fault(
        "half the runs as reliable as all",
        "analysis.overlap",
        "return 2.0 * half / (1.0 + half)",
        "return half",
        "test_overlap.py",
    ),
    Fault(
        "noise shared by two fields of the same runs",
        "analysis.comparison",
        "overlap(one_first, second) + overlap(one_second, first)",
        "overlap(one_first, first) + overlap(one_second, second)",
        "test_comparison.py",
    ),
    Fault(
        "shuffles across species",
        "analysis.overlap",
        "groups = [np.flatnonzero(group_of == group) for group in np.unique(group_of)]",
        "groups = [np.arange(len(field_b))]",
        "test_overlap.py",
    ),
    Fault(
        "cage motion not subtracted",
        "analysis.relaxation",
        "np.linalg.norm(displacement - cage, axis=-1)",
        "np.linalg.norm(displacement, axis=-1)",
        "test_relaxation.py",
    ),
    Fault(
        "a lag from every frame's own origin",
        "analysis.relaxation",
        "ends = times[origin] + lags",
        "ends = times[0] + lags",
        "test_relaxation.py",
    ),
    Fault(
        "both halves of the run in each half's scattering",
        "analysis.relaxation",
        "ends[reached] <= middle,",
        "ends[reached] > 0,",
        "test_relaxation.py",
    ),
    Fault(
        "frames before a kill forgotten",
        "dynamics.equilibration",
        '        frames[: len(kept["frames"])] = kept["frames"]\n',
        "",
        "test_checkpoint.py",
    ),
    Fault(
        "frames a block late",
        "dynamics.equilibration",
        "schedule.frame_blocks == elapsed]",
        "schedule.frame_blocks == elapsed - 1]",
        "test_trajectory.py",
    ),
    Fault(
        "positions with more bits than an archive holds",
        "stages.equilibrations",
        "records.positions_on_grid(whole, length)",
        "end.wrapped().positions",
        "test_equilibrations.py",
    ),
    Fault(
        "the progress of a run by the number of its jobs",
        "study.terminal",
        "fraction * self._tasks[number].seconds for number",
        "fraction * self._seconds / len(self._tasks) for number",
        "test_terminal.py",
    ),
    Fault(
        "equilibria of another model taken",
        "study.equilibria",
        '{"seed": seed, **asdict(Mixture(**model))}',
        '{"seed": seed}',
        "test_equilibria.py",
    ),
    Fault(
        "samples of an archive lost when others are packed",
        "study.equilibria",
        "dict(sorted((given | held).items()))",
        "dict(sorted(given.items()))",
        "test_equilibria.py",
    ),
    Fault(
        "what is unpacked not checked",
        "study.equilibria",
        'if storage.digest(temporary) != record["digest"]:',
        "if False:",
        "test_equilibria.py",
    ),
    Fault(
        "published samples too short taken as they are",
        "study.equilibria",
        "return missing if missing > 1e-6 * equilibration_time else 0.0",
        "return 0.0",
        "test_run_on.py",
    ),
    Fault(
        "the same random numbers whenever a sample is run on",
        "stages.published",
        'records.random_stream(begun, "run on", replica=thousandths)',
        'records.random_stream(begun, "run on")',
        "test_run_on.py",
    ),
    Fault(
        "the commit of whatever repository is around",
        "study.storage",
        '        git("ls-files", "--error-unmatch", here.name)  # not of any repository around\n',
        "",
        "test_wheel.py",
    ),
    Fault(
        "the same velocities for every sample",
        "study.records",
        'stream(seed, "velocities", n_particles, temperature=temperature, sample=sample)',
        'stream(seed, "velocities", n_particles, temperature=temperature, sample=0)',
        "test_equilibrations.py",
    ),
    Fault(
        "τ_e at one half",
        "analysis.relaxation",
        "level: float = 1.0 / math.e",
        "level: float = 0.5",
        "test_relaxation.py",
    ),
    Fault(
        "standard deviation of the population",
        "analysis.statistics",
        "known.std(ddof=1)",
        "known.std(ddof=0)",
        "test_statistics.py",
    ),
    Fault(
        "each test of equilibration at its own level",
        "analysis.stationarity",
        "level = statistics.familywise_level(p_values)",
        "level = 0.05",
        "test_stationarity.py::test_a_whole_study_alarms_falsely_once_in_twenty",
    ),
    Fault(
        "Bonferroni in place of Holm",
        "analysis.statistics",
        "np.arange(len(known), 0, -1)",
        "np.full(len(known), len(known))",
        "test_statistics.py",
    ),
    Fault(
        "γ_c at a tenth of the drop",
        "analysis.critical_strain",
        "new_fraction = expit(new_steep[:, None] * (new_half[:, None] - x))",
        "new_fraction = expit(new_steep[:, None] * (new_half[:, None] - x) + 2.2)",
        "test_critical_strain.py::test_half_drop_of_an_exact_logistic",
    ),
    Fault(
        "draws that no seed fixes",
        "analysis.gamma_c",
        'stream(seed, "critical strain", n_particles, temperature=0.0, sample=0)',
        "np.random.default_rng()",
        "test_gamma_c.py::test_draws_follow_the_seed_and_the_size_alone",
    ),
    Fault(
        "intervals of few samples by the normal distribution",
        "analysis.statistics",
        "half = student(max(n_samples - 1 if degrees is None else degrees, 1)) * error",
        "half = 1.96 * error",
        "test_statistics.py",
    ),
    Fault(
        "laws of slowing down that bend the wrong way",
        "analysis.slowing_down",
        "row[last > 0.0] = left[last > 0.0]",
        "row[:] = left",
        "test_slowing_down.py",
    ),
    Fault(
        "shear along +y is along +x",
        "landscape.shear",
        '"+y": ((0.0, 1.0), (1.0, 0.0))',
        '"+y": ((1.0, 0.0), (0.0, 1.0))',
        "test_shear.py",
    ),
    Fault(
        "linear response held by modes that include the translations",
        "landscape.response",
        'np.einsum("jic,ic->j", lowest.eigenvectors[2:], displacement)',
        'np.einsum("jic,ic->j", lowest.eigenvectors[:-2], displacement)',
        "test_response.py",
    ),
    Fault(
        "random forces answered in proportion to 1/ω",
        "landscape.response",
        "size=(DRAWS, len(squares))) / squares",
        "size=(DRAWS, len(squares))) / np.sqrt(squares)",
        "test_response.py",
    ),
    Fault(
        "random forces without what stiffer modes answer",
        "landscape.response",
        "held[:, -1:] + np.sum(beyond**2)",
        "held[:, -1:]",
        "test_response.py",
    ),
    Fault(
        "linear response of the thermal configuration",
        "stages.linear_response",
        "        found.configuration,\n",
        "        thermal,\n",
        "test_linear_response.py",
    ),
    Fault(
        "variants whose neighbour distances stay",
        "stages.variants",
        "scaled = reference.neighbour_distances * scale",
        "scaled = reference.neighbour_distances * 1.0",
        "test_variants.py",
    ),
    Fault(
        "changes shown at a strain that not every variant has",
        "report.choices",
        "numbers.index[numbers == numbers.max()]",
        "numbers.index",
        "test_summary.py::test_choices_made_otherwise_are_told",
    ),
    Fault(
        "intervals of the samples of one temperature alone",
        "analysis.gamma_c",
        "n_samples, degrees = effective_samples(known, covariance)",
        "n_samples, degrees = float(known.sum(axis=0).min()), None",
        "test_gamma_c.py::test_a_temperature_of_few_samples_does_not_widen_the_mean_of_all",
    ),
    Fault(
        "numbers of samples of a temperature that vary from draw to draw",
        "analysis.statistics",
        "return 1.0 + (counts - counts.mean(axis=1, keepdims=True))",
        "return counts * counts.shape[1] / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)",
        "test_gamma_c.py::test_four_samples_among_twenty_have_the_error_of_four",
    ),
    Fault(
        "degrees of freedom as if each temperature had samples of its own",
        "analysis.statistics",
        "squares = np.sum(of_parts**2)",
        "squares = np.sum(variances**2 / (numbers - 1.0))",
        "test_statistics.py",
    ),
    Fault(
        "samples that would tell, of all sizes together",
        "report.verdicts",
        "n_samples = max(part.n for part, _ in counted)",
        "n_samples = sum(part.n for part, _ in counted)",
        "test_verdicts.py",
    ),
    Fault(
        "means over temperatures that follow the samples there are",
        "report.evidence",
        "return sum_of_means(table, np.ones(table.shape[1]) / max(table.shape[1], 1))",
        "return sum_of_means(table.mean(axis=1).to_frame(), [1.0])",
        "test_letter.py::test_means_over_temperatures_do_not_depend_on_how_many_samples_come_there",
    ),
    Fault(
        "ratios as if the mean they are taken to were exact",
        "analysis.statistics",
        "return ratio + (x - ratio * y) / y.mean()",
        "return x / y.mean()",
        "test_verdicts.py",
    ),
    Fault(
        "the energy of all particles checked against that of one",
        "stages.checks",
        '"energy": found.energy / n,',
        '"energy": found.energy,',
        "test_checks.py::test_energy_and_pressure_are_those_of_the_stored_configuration",
    ),
    Fault(
        "across a border counts as within",
        "report.verdicts",
        "if lowest < self.low and self.high < highest:",
        "if lowest < self.value < highest:",
        "test_verdicts.py",
    ),
    Fault(
        "sizes weigh alike, however many their particles",
        "report.verdicts",
        "[weight / whole for _, weight in counted]",
        "[1.0 / len(counted) for _ in counted]",
        "test_verdicts.py",
    ),
    Fault(
        "a minimum compared with itself counts as a neighbour",
        "report.letter",
        'changed = some[some["switched"].astype(bool)]',
        "changed = some",
        "test_letter.py",
    ),
    Fault(
        "the single lowest mode enters the slopes",
        "report.evidence",
        'rows["mode_fraction"] >= MIN_FRACTION',
        'rows["mode_fraction"] >= 0.0',
        "test_letter.py",
    ),
    Fault(
        "strain from the wrong half of the deformation",
        "analysis.local_strain",
        "twice = uy * xx - ux * xy + vx * yy - vy * xy",
        "twice = 2.0 * (uy * xx - ux * xy)",
        "test_local_strain.py",
    ),
    Fault(
        "rise by the decade of the wrong sign",
        "report.causes",
        "abscissa = pd.Series(-np.log10(times), abscissa)",
        "abscissa = pd.Series(np.log10(times), abscissa)",
        "test_causes.py",
    ),
    Fault(
        "the way to chance taken to the floor",
        "report.causes",
        "if control is None:",
        "if True:",
        "test_causes.py",
    ),
    Fault(
        "cycles that leave out the way to the other side",
        "landscape.cyclic_shear",
        "[up, n - up, -up, up - n, [0]]",
        "[up, n - up, up, n - up, [0]]",
        "test_cyclic_shear.py",
    ),
    Fault(
        "structures said to be back where one particle is not",
        "landscape.cyclic_shear",
        "farthest < RETURNED",
        "farthest < 100.0 * RETURNED",
        "test_cyclic_shear.py",
    ),
    Fault(
        "soft modes of every cycle compared with those of the start",
        "stages.cyclic_shear",
        "map(overlap, selected[:-1], selected[1:])",
        "overlap(selected[0], one) for one in selected[1:]",
        "test_cyclic_stage.py",
    ),
    Fault(
        "structures told apart by their energies alone",
        "landscape.visited",
        "if largest_distance(moved) < SAME_POSITION:",
        "if True:",
        "test_visited.py",
    ),
    Fault(
        "a structure that a cheap quench misses counted as new",
        "landscape.visited",
        "            number = self._number(full)\n",
        "",
        "test_visited.py",
    ),
    Fault(
        "a common shift taken for a displacement",
        "system.distance",
        "return displacement - displacement.mean(axis=-2, keepdims=True)",
        "return displacement",
        "test_distance.py",
    ),
    Fault(
        "a metabasin ends though an earlier structure of it comes back",
        "analysis.metabasins",
        "pending = np.maximum.accumulate(_last_visits(sequence)[sequence])",
        "pending = _last_visits(sequence)[sequence]",
        "test_metabasins.py",
    ),
    Fault(
        "particles that come back to their cage later left it for good",
        "analysis.cages",
        "left=np.logical_and.reduce(out[visit:])",
        "left=now",
        "test_cages.py",
    ),
    Fault(
        "a quenched trajectory goes on with another thermostat",
        "dynamics.inherent_trajectory",
        '        set_generator_state(rng, str(kept["generator"]))\n',
        "",
        "test_checkpoint.py::test_a_quenched_trajectory_goes_on",
    ),
    Fault(
        "pairs of structures by distance with those of one structure",
        "stages.persistence",
        "np.where(different, np.digitize(apart, DISTANCE_EDGES), 0)",
        "np.digitize(apart, DISTANCE_EDGES) + ~different",
        "test_landscape.py",
    ),
    Fault(
        "cycles on the way to a limit cycle counted in it",
        "report.beyond",
        "tail(period or LAST_CYCLES)",
        "tail(LAST_CYCLES)",
        "test_beyond.py",
    ),
    Fault(
        "runs that come back beyond an amplitude at which one did not",
        "report.beyond",
        'int(np.cumprod(own["period"] > 0).sum())',
        'int((own["period"] > 0).sum())',
        "test_beyond.py::test_the_amplitude_lies_between_the_last_that_always_comes_back_and_the_next",
    ),
    Fault(
        "the error of the critical strain left out of what is compared with it",
        "report.beyond",
        "half = math.hypot(seen.high - seen.value, fixed)",
        "half = seen.high - seen.value",
        "test_beyond.py",
    ),
    Fault(
        "time of the overlap in units of its own",
        "report.figures_beyond",
        'time=curves["x"] / curves["temperature"].map(times)',
        'time=curves["x"]',
        "test_beyond_figures.py::test_figure5_has_overlap_against_time_in_relaxation_times",
    ),
]
"""Every room of the library has its own."""


def seen(fault: Fault, copy: Path) -> bool:
    """Plant the fault in a copy of the project, run its test there, and take it out again."""
    module = copy.joinpath("workflow", "softmodes", *fault.module.split(".")).with_suffix(".py")
    source = module.read_text(encoding="utf-8")
    if source.count(fault.right) != 1:
        print(f"STALE   {fault.name}: its source stands {source.count(fault.right)} times")
        return False
    module.write_text(source.replace(fault.right, fault.wrong), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-n0"]
    # the copy comes before any installed softmodes
    environment = {
        **os.environ,
        "PYTHONPATH": str(copy / "workflow"),
        "NUMBA_CACHE_DIR": str(copy / "compiled"),
    }
    outcome = subprocess.run(
        [*command, f"tests/{fault.test}"],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    module.write_text(source, encoding="utf-8")
    red = outcome.returncode == 1
    failed = [line for line in outcome.stdout.splitlines() if line.startswith("FAILED")]
    print(f"{'red' if red else 'UNSEEN':7} {fault.name}: {failed[0] if failed else fault.test}")
    return red


def main(words: list[str]) -> int:
    """Plant the faults whose names hold all words, or so many at random; 1 if any is not seen."""
    match words:
        case [number] if number.isdigit():
            chosen = random.sample(FAULTS, int(number))
        case _:
            chosen = [fault for fault in FAULTS if all(word in fault.name for word in words)]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "softmodes"
        ignored = shutil.ignore_patterns(".*", "results", "__pycache__", "*.egg-info")
        shutil.copytree(ROOT, copy, ignore=ignored)
        n_seen = sum(seen(fault, copy) for fault in chosen)
    print(f"{n_seen} of {len(chosen)} faults seen")
    return int(n_seen < len(chosen))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
