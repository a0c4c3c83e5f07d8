"""Choices of the analysis made otherwise: each changes what it should, and nothing else."""

import numpy as np
import pandas as pd
import pytest

from softmodes.analysis.overlap import overlap, top_clusters
from softmodes.stages import variants
from softmodes.study import records, storage

NAME = "N120_T0.600_s000"
GAMMA = [0.0001, 0.001, 0.01, 0.04, 0.08, 0.15, 0.5]
DISTANCES = np.array([1.45, 1.67, 1.91])
SCALES = (0.8, 1.3)
ENSEMBLE = {"time_step": 0.005, "n_runs": 8, "debye_waller_time": 2.0, "sampling_interval": 0.1}


def selected(field, bonds):
    return top_clusters(field, bonds, top_fraction=0.25, minimum_cluster=3)


@pytest.fixture(scope="module")
def files(results):
    stages = ("equilibrium", "isoconfigurational", "quench", "modes")
    return {stage: str(results / stage / f"{NAME}.h5") for stage in stages}


@pytest.fixture(scope="module")
def found(files, tmp_path_factory):
    """The table of one state point, its box being too small for the cutoff of the older papers.

    So few particles have the same clusters with neighbours 5 % nearer or farther.
    """
    output = tmp_path_factory.mktemp("variants") / "found.csv"
    done = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(variants, "OLDER_CUTOFF", 4.0)
        patch.setattr(variants, "SCALES", SCALES)
        variants.write_variants(
            files,
            str(output),
            scan_gamma=[0.0001, 0.08],
            ensemble=ENSEMBLE | {"precision": "single"},
            neighbour_distances=DISTANCES,
            top_fraction=0.25,
            minimum_cluster=3,
            update=done.append,
        )
    assert done == sorted(done)
    assert done[-1] == 1.0
    rows = pd.read_csv(output).set_index(["variant", "quantity", "gamma"])
    return rows["value"].sort_index()


def test_the_reference_is_the_studys_own(found, results):
    rows = pd.read_csv(results / "overlap" / "N120_T0.600.csv")
    own = rows[rows["sample"] == 0].set_index(["quantity", "gamma"])["overlap"]
    for quantity, gamma in (("DW_pq", 0.0), ("DW_p", 0.08), ("d_p", 0.01), ("lin_p", 0.5)):
        assert found["reference", quantity, gamma] == pytest.approx(own[quantity, gamma])


def test_neighbour_distances_are_scaled(found, files):
    equilibrium, moved, quench, modes = (storage.read(path) for path in files.values())
    thermal = records.configuration(equilibrium)
    structures = records.inherent_structures(thermal, quench.data)
    for scale in SCALES:
        scaled = found[f"neighbour distances × {scale:g}"]
        mobile = selected(moved["debye_waller"], thermal.bonds(scale * DISTANCES))
        expected = [
            overlap(mobile, selected(field, structure.bonds(scale * DISTANCES)))
            for field, structure in zip(modes["soft_participation"], structures, strict=True)
        ]
        assert scaled["DW_pq", 0.0] == pytest.approx(expected[0])
        assert scaled["DW_p"].to_numpy() == pytest.approx(expected[1:])
    # so few particles may have the same clusters by one of the scales
    reference = found["reference", "DW_p"]
    scaled = [found[f"neighbour distances × {scale:g}", "DW_p"] for scale in SCALES]
    assert not all(np.allclose(one, reference) for one in scaled)


def test_runs_and_windows_leave_the_modes_alone(found):
    for name in ("32 runs", "100 runs", "t_DW = 5 τ", "t_DW = 20 τ"):
        pd.testing.assert_series_equal(
            found[name, "pq_pdq"], found["reference", "pq_pdq"], check_names=False
        )
        assert not found[name, "DW_p"].equals(found["reference", "DW_p"])


def test_two_modes_fewer_are_the_translations(found, files):
    modes = storage.read(files["modes"])
    three = np.sum(modes["eigenvectors"][:3] ** 2, axis=(0, 2))
    thermal = records.configuration(storage.read(files["equilibrium"]))
    quench, moved = (storage.read(files[name]) for name in ("quench", "isoconfigurational"))
    bonds = records.inherent_structures(thermal, quench.data)[0].bonds(DISTANCES)
    soft = selected(three, bonds)
    mobile = selected(moved["debye_waller"], thermal.bonds(DISTANCES))
    value = found["translations among the N_m modes", "DW_pq", 0.0]
    assert value == pytest.approx(overlap(mobile, soft))


def test_another_potential_moves_everything_a_little(found):
    changed = found["unsmoothed, cut off at 4 σ_ab"]
    assert set(changed["DW_p"].index) == {0.0001, 0.08}
    stress, own = (some["shear_stress", 0.08] for some in (changed, found["reference"]))
    assert stress != own
    assert stress == pytest.approx(own, abs=0.1 * abs(own))


def test_shear_along_other_directions_shares_its_start(found):
    for direction in ("-x", "+y"):
        along = found[f"shear along {direction}"]
        assert along["DW_pq", 0.0] == pytest.approx(found["reference", "DW_pq", 0.0])
        assert list(along["DW_p"].index) == GAMMA
        assert not np.allclose(along["DW_p"], found["reference", "DW_p"])
    # what is σ_xy to one is -σ_xy to its mirror image
    stress = found["reference", "shear_stress", 0.0]
    assert found["shear along -x", "shear_stress", 0.0] == pytest.approx(-stress, abs=1e-9)
    assert found["shear along +y", "shear_stress", 0.0] == pytest.approx(stress, abs=1e-9)


def made_up(half):
    """Rows of samples whose overlaps drop at given strains, by direction (S, 3)."""
    gamma = np.geomspace(1e-4, 1.0, 24)
    rows = []
    for sample, strains in enumerate(half):
        names = ("reference", "shear along -x", "shear along +y")
        for variant, strain in zip(names, strains, strict=True):
            drop = 1.0 / (1.0 + (gamma / strain) ** 4)
            curves = {
                "DW_p": 0.2 + 0.25 * drop,
                "normalised_energy": 1.02 - 0.02 * drop,
                "shear_stress": gamma / strain * np.exp(1.0 - gamma / strain),
            }
            for quantity, curve in curves.items():
                key = {"n_particles": 100, "temperature": 0.5, "sample": sample}
                key |= {"variant": variant, "quantity": quantity}
                rows += [key | {"gamma": g, "value": v} for g, v in zip(gamma, curve, strict=True)]
    return pd.DataFrame(rows)


def test_differences_and_critical_strains_are_taken_sample_by_sample(tmp_path):
    half = 0.07 * np.exp(0.2 * np.random.default_rng(1).standard_normal((8, 1)))
    table = made_up(half * [1.0, 1.5, 1.0])
    table.to_csv(tmp_path / "rows.csv", index=False)
    variants.write_comparison(
        [str(tmp_path / "rows.csv")],
        differences=str(tmp_path / "differences.csv"),
        directions=str(tmp_path / "directions.csv"),
        seed=3,
    )
    found = pd.read_csv(tmp_path / "directions.csv").set_index(["estimator", "direction"])
    of_drop = found.loc["overlap_drop"]
    # every sample's ratio is the same, so that the error of the mean's is far below its scatter
    assert of_drop.loc["-x", "log_ratio"] == pytest.approx(np.log(1.5), rel=0.05)
    width = of_drop["log_ratio_upper"] - of_drop["log_ratio_lower"]
    assert width["-x"] < 0.1 * (of_drop["upper"] / of_drop["lower"] - 1.0)["-x"]
    assert of_drop.loc["+y", "log_ratio"] == 0.0
    changes = pd.read_csv(tmp_path / "differences.csv")
    assert set(changes["variant"]) == {"shear along -x", "shear along +y"}
    same = changes[changes["variant"] == "shear along +y"]
    assert (same["difference"] == 0.0).all()
    near = changes[(changes["variant"] == "shear along -x") & (changes["quantity"] == "DW_p")]
    at = near["gamma"].sub(0.07).abs().idxmin()
    values = table[(table["quantity"] == "DW_p") & (table["gamma"] == near.loc[at, "gamma"])]
    by_sample = values.pivot(index="sample", columns="variant", values="value")
    change = by_sample["shear along -x"] - by_sample["reference"]
    assert near.loc[at, "difference"] == pytest.approx(change.mean())
    assert near.loc[at, "upper"] - near.loc[at, "lower"] == pytest.approx(
        2 * 2.3646 * change.std() / np.sqrt(8), rel=1e-3
    )
