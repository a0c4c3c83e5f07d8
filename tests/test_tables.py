"""Tables out of small made-up files: right numbers, tidy rows, independent of the files' order."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from softmodes.analysis import gamma_c
from softmodes.errors import InputError
from softmodes.report import tables
from softmodes.study import storage

N = 16
GAMMA = np.array([0.0, 1e-4, 1e-3, 1e-2, 0.03, 0.06, 0.12, 0.5, 1.0])
G = len(GAMMA)
TIMES = np.geomspace(0.1, 100, 40)
DISTANCES = (1.45, 1.67, 1.91)
POINTS = [(temperature, sample) for temperature in (0.5, 1.0) for sample in (0, 1, 2)]
STRAIN_OF_DROP = 0.05


def attributes(temperature: float, sample: int) -> dict:
    return {
        "study": "made-up",
        "n_particles": N,
        "temperature": temperature,
        "sample": sample,
        "seed": 7,
        "density": 0.8,
        "sigma_small": 1.0,
        "sigma_mixed": 1.2,
        "sigma_large": 1.4,
        "exponent": 12,
        "cutoff": 2.5,
        "smoothed": True,
        "small_fraction": 0.5,
        "backend": "cpu",
    }


def relaxation_time(temperature: float, sample: int) -> float:
    return (1.0 if temperature == 1.0 else 10.0) * (1 + 0.1 * sample)


def inherent_energy(temperature: float, sample: int) -> np.ndarray:
    level = 2.0 + 0.1 * temperature + 0.01 * sample
    return level * (1 + 0.02 / (1 + (STRAIN_OF_DROP / np.maximum(GAMMA, 1e-9)) ** 3))


def drop_curve(temperature: float, sample: int) -> np.ndarray:
    height = 0.2 if temperature == 0.5 else 0.0
    return 0.22 + 0.01 * sample + height / (1 + (GAMMA / STRAIN_OF_DROP) ** 3)


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, list[Path]]:
    folder = tmp_path_factory.mktemp("made-up")
    paths: dict[str, list[Path]] = {}
    for temperature, sample in POINTS:
        stages = {
            "equilibrium": equilibrium(temperature, sample),
            "relaxation": relaxation(temperature, sample),
            "isoconfigurational": isoconfigurational(temperature, sample),
            "quench": quench(temperature, sample),
            "modes": modes(),
        }
        for stage, (datasets, extra) in stages.items():
            path = folder / stage / f"T{temperature}_{sample}.h5"
            carried = {"soft_participation": {"n_modes": 3, "splits_degenerate": sample == 2}}
            storage.write(
                path,
                stage,
                datasets,
                attributes=attributes(temperature, sample) | extra,
                provenance={},
                dataset_attributes=carried if stage == "modes" else None,
            )
            paths.setdefault(stage, []).append(path)
        path = folder / f"T{temperature}_{sample}.csv"
        tables.write_csv(overlaps(temperature, sample), path)
        paths.setdefault("overlap", []).append(path)
    return paths


def equilibrium(temperature: float, sample: int) -> tuple[dict, dict]:
    rng = np.random.default_rng(sample)
    time = np.arange(12.0)
    wobble = np.where(np.arange(12) % 2, 1.0, -1.0) + rng.normal(0.0, 0.1, 12)
    drift = 0.1 if (temperature, sample) == (0.5, 1) else 0.0
    datasets = {
        "positions": rng.random((N, 2)),
        "velocities": rng.normal(size=(N, 2)),
        "species": np.repeat(np.array([0, 1], dtype=np.int8), N // 2),
        "series/time": time,
        "series/energy": wobble,
        "series/pressure": 13.5 + 0.1 * wobble,
        "series/inherent_energy": 2.0 + 0.001 * wobble + drift * time,
    }
    length = math.sqrt(N / 0.8)
    return datasets, {"box_length": length, "pressure": 13.4 + 0.1 * sample, "time": 60.0}


def decay_of(temperature: float, sample: int) -> np.ndarray:
    return np.exp(-TIMES / relaxation_time(temperature, sample))


def relaxation(temperature: float, sample: int) -> tuple[dict, dict]:
    decay = decay_of(temperature, sample)
    radius = np.arange(0.5, 3.0, 0.02)
    peaked = 1 + np.cos(2 * np.pi * (radius - 1.1)) * np.exp(-radius / 2)
    datasets = {
        "time": TIMES,
        "self_intermediate_scattering": np.stack([decay, decay**2, decay**0.5]),
        "cage_relative_scattering": np.stack([decay, decay, decay]) ** 0.5,
        "mean_squared_displacement": np.stack([TIMES, 2 * TIMES, 0.5 * TIMES]),
        "self_intermediate_scattering_halves": np.stack([decay, (0.9 + 0.1 * sample) * decay]),
        "cage_relative_scattering_halves": np.stack([decay, decay]),
        "wavenumber": np.linspace(1, 10, 5),
        "structure_factor": np.ones((3, 5)),
        "radius": radius,
        "radial_distribution": np.stack([peaked] * 3),
    }
    return datasets, {"peak_wavenumber": 5.5}


def isoconfigurational(temperature: float, sample: int) -> tuple[dict, dict]:
    field = 0.01 * np.arange(1.0, N + 1)
    datasets = {"debye_waller": field, "debye_waller_halves": np.stack([field, 2 * field])}
    if temperature == 1.0:
        datasets |= {"propensity": field + 1, "propensity_halves": np.stack([field, field])}
    return datasets, {
        "n_runs": 10,
        "precision": "single",
        "t_dw": 10.0,
        "t_alpha": 1.5,
        "relaxation_time": 1.0,
    }


def quench(temperature: float, sample: int) -> tuple[dict, dict]:
    rng = np.random.default_rng(10 + sample)
    length = math.sqrt(N / 0.8)
    converged = np.ones(G, dtype=bool)
    converged[3] = sample != 0
    negative = np.zeros(G, dtype=np.int64)
    negative[4] = 1 if sample == 1 else 0
    switched = np.zeros(G, dtype=bool)
    switched[1] = sample == 2
    switched[5] = sample == 1
    datasets = {
        "gamma": GAMMA,
        "positions": rng.uniform(0, length, (G, N, 2)),
        "energy": inherent_energy(temperature, sample),
        "shear_stress": 10 * GAMMA * np.exp(-GAMMA / 0.06) + 0.001 * sample,
        "pressure": np.full(G, 12.0),
        "max_force": np.full(G, 1e-12),
        "nonaffine": np.repeat((np.outer(GAMMA, [3.0, 4.0]))[:, None, :], N, axis=1),
        "linear_response": np.zeros((N, 2)),
        "converged": converged,
        "switched": switched,
        "n_negative": negative,
    }
    return datasets, {"translation_switched": sample == 0}


def modes() -> tuple[dict, dict]:
    datasets = {
        "gamma": GAMMA,
        "eigenvalues": np.ones((G, 5)),
        "soft_participation": np.ones((G, N)),
        "scan/gamma": np.array([1e-4, 0.06]),
        "scan/n_modes": np.array([1, 4]),
        "scan/soft_participation": np.ones((2, 2, N)),
        "eigenvectors": np.ones((16, N, 2)),
    }
    return datasets, {}


def overlaps(temperature: float, sample: int) -> pd.DataFrame:
    key = {"n_particles": N, "temperature": temperature, "sample": sample}
    controls = {"random": 0.2, "within_species": 0.22, "rank_correlation": 0.1, "corrected": 0.5}
    strained = [
        {"quantity": quantity, "gamma": gamma, "n_modes": 3, "overlap": value}
        for gamma, value in zip(GAMMA, drop_curve(temperature, sample), strict=True)
        for quantity in ("DW_p", "DW_d", "d_p", "lin_p", "pq_pdq", "DP_p")
    ]
    unstrained = [
        {"quantity": quantity, "gamma": 0.0, "n_modes": 3, "overlap": 0.4}
        for quantity in (
            "DP_pq",
            "DW_pq",
            "DW_DP",
            "DW_lin",
            "DW_harmonic",
            "DW_small",
            "DW_equal_size",
            "DW_attainable",
            "DP_attainable",
        )
    ]
    scan = [
        {"quantity": quantity, "gamma": 0.06, "n_modes": number, "overlap": 0.3}
        for quantity in ("scan_DW_p", "scan_d_p", "scan_lin_p")
        for number in (1, 4)
    ]
    rows = strained + unstrained + scan
    return pd.DataFrame([key | row | controls for row in rows])[tables.OVERLAP_COLUMNS]


def state_table(files: dict[str, list[Path]], minimum: float = 5.0) -> pd.DataFrame:
    return tables.state_points(
        files,
        minimum_relaxation_times=minimum,
        minimum_cage_relative_times=1.0,
        neighbour_distances=DISTANCES,
    )


def test_csv_gives_every_bit_back(tmp_path):
    frame = pd.DataFrame({"x": [1 / 3, 0.1 + 0.2, 1e-300, np.nan], "n": [1, 2, 3, 4]})
    tables.write_csv(frame, tmp_path / "folder" / "table.csv")
    pd.testing.assert_frame_equal(tables.read_csv(tmp_path / "folder" / "table.csv"), frame)
    assert list((tmp_path / "folder").iterdir()) == [tmp_path / "folder" / "table.csv"]


def test_missing_and_incomplete_tables_are_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.csv: no such table"):
        tables.read_csv(tmp_path / "none.csv")
    (tmp_path / "odd.csv").write_text("n_particles,temperature\n1,2\n")
    with pytest.raises(InputError, match=r"odd\.csv: lacks the columns sample, quantity"):
        tables.collect_overlaps([tmp_path / "odd.csv"])


def test_rows_do_not_depend_on_the_order_of_the_files(files, tmp_path):
    for name, order in (("forward", 1), ("backward", -1)):
        found = tables.collect_overlaps(files["overlap"][::order])
        strained = tables.overlap_vs_gamma(found, files["quench"][::order])
        energy = tables.energy_stress(files["quench"][::order])
        for table, frame in {
            "strained": strained,
            "temperature": tables.overlap_vs_temperature(found, energy),
            "modes": tables.overlap_vs_modes(found, energy),
            "energy": energy,
            "critical": gamma_c.table(gamma_c.estimates(strained, energy, 7)),
            "relaxation": tables.relaxation(files["relaxation"][::order]),
            "states": state_table({stage: paths[::order] for stage, paths in files.items()}),
        }.items():
            tables.write_csv(frame, tmp_path / name / f"{table}.csv")
    for path in (tmp_path / "forward").iterdir():
        assert path.read_bytes() == (tmp_path / "backward" / path.name).read_bytes(), path.name


def test_overlap_vs_gamma_carries_the_distance(files):
    table = tables.overlap_vs_gamma(tables.collect_overlaps(files["overlap"]), files["quench"])
    assert len(table) == len(POINTS) * 6 * G
    np.testing.assert_allclose(table["rms_distance"], 5 * table["gamma"])
    assert not table["quantity"].str.startswith("scan").any()


def test_overlap_vs_temperature_takes_the_smallest_strain(files):
    table = tables.overlap_vs_temperature(
        tables.collect_overlaps(files["overlap"]), tables.energy_stress(files["quench"])
    )
    assert len(table) == len(POINTS) * 15
    strained = table[table["quantity"] == "DP_pdq"]
    assert set(strained["gamma"]) == {1e-4}
    expected = [drop_curve(temperature, sample)[1] for temperature, sample in POINTS]
    np.testing.assert_allclose(strained["overlap"], expected)
    assert set(table["quantity"]) == {
        *("DP_pq", "DW_pq", "DW_DP", "DW_lin", "DW_harmonic", "DW_small", "DW_equal_size"),
        *("DW_attainable", "DP_attainable"),
        *("DP_pdq", "DW_pdq", "DW_d", "d_pdq", "lin_pdq", "pq_pdq"),
    }
    assert {"rank_correlation", "corrected"} <= set(table.columns)
    assert table["switched"].dtype == bool
    pd.testing.assert_series_equal(
        table["switched"], (table["sample"] == 2) & (table["gamma"] > 0), check_names=False
    )


def test_overlap_vs_modes_counts_in_shares_of_all_modes(files):
    table = tables.overlap_vs_modes(
        tables.collect_overlaps(files["overlap"]), tables.energy_stress(files["quench"])
    )
    assert set(table["quantity"]) == {"DW_p", "d_p", "lin_p"}
    assert set(table["mode_fraction"]) == {1 / 32, 4 / 32}
    assert list(table["switched"]) == list(table["sample"] == 1)  # at γ = 0.06


def test_energy_stress_normalises_and_differentiates(files):
    table = tables.energy_stress(files["quench"])
    rows = table[(table["temperature"] == 0.5) & (table["sample"] == 1)]
    energy = inherent_energy(0.5, 1)
    np.testing.assert_allclose(rows["normalised_energy"], energy / energy[0])
    # quadratic through three neighbours, differentiated at the middle one
    around = np.polynomial.Polynomial.fit(GAMMA[4:7], energy[4:7], 2).deriv()(GAMMA[5])
    np.testing.assert_allclose(rows["energy_slope"].iloc[5], 0.8 * around, rtol=1e-9)
    np.testing.assert_allclose(rows["mean_nonaffine"], 5 * GAMMA)
    assert list(table.loc[~table["converged"], "sample"]) == [0, 0]


def test_gamma_c_finds_the_drop_and_says_where_there_is_none(files):
    overlap = tables.overlap_vs_gamma(tables.collect_overlaps(files["overlap"]), files["quench"])
    found = gamma_c.estimates(overlap, tables.energy_stress(files["quench"]), 7)
    table = gamma_c.table(found)
    drop = table[table["estimator"] == "overlap_drop"].set_index(["temperature", "what"])
    cold, hot = drop.loc[(0.5, "ensemble")], drop.loc[(1.0, "ensemble")]
    assert cold["value"] == pytest.approx(STRAIN_OF_DROP, rel=0.03)
    assert cold["lower"] <= cold["value"] <= cold["upper"]
    assert cold["defined"]
    assert cold["n_samples"] == 3
    assert cold["n_failed"] == 0
    np.testing.assert_allclose(drop.loc[(0.5, "sample"), "value"], STRAIN_OF_DROP, rtol=0.03)
    assert math.isnan(hot["value"])
    assert not hot["defined"]
    assert hot["reason"]
    assert not drop.loc[(1.0, "sample"), "defined"].any()
    stress = table[(table["estimator"] == "stress_maximum") & (table["what"] == "ensemble")]
    assert stress["value"].between(0.04, 0.1).all()


def test_relaxation_is_averaged_over_samples(files):
    table = tables.relaxation(files["relaxation"])
    assert len(table) == 2 * 3 * len(TIMES)
    curves = [np.exp(-TIMES / relaxation_time(0.5, sample)) for sample in range(3)]
    rows = table[(table["temperature"] == 0.5) & (table["group"] == "all")]
    np.testing.assert_allclose(rows["self_intermediate_scattering"], np.mean(curves, axis=0))
    np.testing.assert_allclose(
        rows["self_intermediate_scattering_sd"], np.std(curves, axis=0, ddof=1)
    )
    assert set(table["n_samples"]) == {3}


def test_state_points_tell_how_long_and_how_steady(files):
    table = state_table(files).set_index(["temperature", "sample"])
    # the mean of exponentials of 10, 11 and 12 falls to 1/e close to 11
    np.testing.assert_allclose(table.loc[0.5, "relaxation_time"], 11.0, rtol=0.02)
    np.testing.assert_allclose(
        table.loc[0.5, "sample_relaxation_time"], [10.0, 11.0, 12.0], rtol=0.01
    )
    np.testing.assert_allclose(
        table["relaxation_times"], 60.0 / table["relaxation_time"], rtol=1e-12
    )
    np.testing.assert_allclose(
        table["cage_relative_times"], 60.0 / table["cage_relative_relaxation_time"], rtol=1e-12
    )
    # a rise by 0.1 per τ over 11 τ, of which the halves' middles lie 6 τ apart
    assert table.loc[(0.5, 1), "inherent_energy_drift"] == pytest.approx(0.1, rel=0.01)
    assert table.loc[(0.5, 1), "inherent_energy_halves"] == pytest.approx(0.6, rel=0.01)
    steady = table.drop(index=(0.5, 1))
    np.testing.assert_allclose(steady["inherent_energy_halves"], 0.0, atol=1e-3)
    at_time = [
        0.1 * (point[1] - 1) * np.interp(np.log(clock), np.log(TIMES), decay_of(*point))
        for clock, point in zip(table["relaxation_time"], table.index, strict=True)
    ]
    np.testing.assert_allclose(table["scattering_halves"], at_time, rtol=1e-9, atol=1e-12)
    # all samples together: one that drifts by itself is no drift of the mean
    assert table["equilibrated"].all()
    table = state_table(files, minimum=10.0).set_index(["temperature", "sample"])
    assert table["equilibrated"].tolist() == [False] * 3 + [True] * 3
    assert table.loc[(0.5, 0), "unequilibrated_because"] == "5.47 τ_e of 10"


def test_state_points_count_what_went_wrong(files):
    table = state_table(files).set_index(["temperature", "sample"]).loc[0.5]
    assert list(table["n_unconverged"]) == [1, 0, 0]
    assert list(table["n_saddles"]) == [0, 1, 0]
    assert list(table["switched"]) == [False, False, True]
    assert list(table["translation_switched"]) == [True, False, False]
    assert list(table["n_split_degeneracies"]) == [0, 0, 1]
    assert set(table["n_quenches"]) == {G}
    np.testing.assert_allclose(table["debye_waller"], 0.01 * (N + 1) / 2)
    np.testing.assert_allclose(table["debye_waller_reliability"], 1.0)
    assert table[["propensity", "propensity_reliability"]].isna().all(axis=None)
    assert not table["ordered"].any()


def test_means_are_those_of_samples(files):
    points = state_table(files)
    vs_temperature = tables.overlap_vs_temperature(
        tables.collect_overlaps(files["overlap"]), tables.energy_stress(files["quench"])
    )
    keys = ["n_particles", "temperature", "quantity", "measure", "basins"]
    found = tables.means(points, vs_temperature).set_index(keys).sort_index()
    assert found.index.is_unique

    own = points.loc[points["temperature"] == 0.5, "inherent_energy"]
    row = found.loc[(N, 0.5, "inherent_energy", "value", "all")]
    assert row["n_samples"] == 3
    assert row["value"] == pytest.approx(own.mean())
    assert row["sem"] == pytest.approx(own.std() / math.sqrt(3))
    # Student's t with two degrees of freedom
    assert row["upper"] - row["value"] == pytest.approx(4.302653 * row["sem"])
    # measured at the higher temperature alone
    assert (N, 0.5, "propensity", "value", "all") not in found.index
    assert found.loc[(N, 1.0, "propensity", "value", "all"), "n_samples"] == 3

    # the smallest strain changed the basin of sample 2
    pdq = vs_temperature[vs_temperature["quantity"] == "DW_pdq"].set_index(
        ["temperature", "sample"]
    )
    for basins, samples in (("all", [0, 1, 2]), ("kept", [0, 1]), ("changed", [2])):
        row = found.loc[(N, 0.5, "DW_pdq", "overlap", basins)]
        assert row["n_samples"] == len(samples)
        assert row["value"] == pytest.approx(pdq.loc[0.5, "overlap"][samples].mean())
    assert math.isnan(found.loc[(N, 0.5, "DW_pdq", "overlap", "changed"), "upper"])
    unstrained = found.loc[(N, 0.5, "DW_pq")].reset_index()
    assert set(unstrained["basins"]) == {"all"}
    assert set(unstrained["measure"]) == set(tables.COMPARED)


def test_samples_with_other_times_are_refused(files, tmp_path):
    datasets, extra = relaxation(0.5, 3)
    path = tmp_path / "other.h5"
    storage.write(
        path,
        "relaxation",
        datasets | {"time": 2 * TIMES},
        attributes=attributes(0.5, 3) | extra,
        provenance={},
    )
    with pytest.raises(InputError, match=r"other\.h5: its times"):
        tables.relaxation([*files["relaxation"], path])
