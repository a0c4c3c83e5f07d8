"""Laws of slowing down: exact ones are found again, noisy ones within their intervals."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import curve_fit

from softmodes.analysis import slowing_down
from softmodes.analysis.relaxation import relaxation_time
from softmodes.errors import InputError
from softmodes.stages import slowing_down as stage
from softmodes.study import storage
from softmodes.study.storage import StateFile

T = np.array([2.0, 1.5, 1.0, 0.8, 0.6, 0.55, 0.5, 0.46, 0.43, 0.40, 0.38, 0.36])


def fulcher(t, prefactor=0.3, strength=0.9, divergence=0.25):
    return prefactor * np.exp(strength / (t - divergence))


def bent(t, onset, energy=0.6, curvature=2.5):
    return 0.4 * np.exp(energy / t + curvature * np.maximum(1 / t - 1 / onset, 0) ** 2)


def test_an_exact_vogel_fulcher_law_is_found_again():
    found = slowing_down.vogel_fulcher(T, [fulcher(T), fulcher(T, 0.5, 0.5, 0.3)])
    assert found.divergence == pytest.approx([0.25, 0.3], rel=1e-3)
    assert found.strength == pytest.approx([0.9, 0.5], rel=0.01)
    assert found.prefactor == pytest.approx([0.3, 0.5], rel=0.01)


def test_a_noisy_law_is_fitted_as_by_scipy():
    rng = np.random.default_rng(1)
    times = fulcher(T) * np.exp(0.05 * rng.standard_normal(len(T)))
    found = slowing_down.vogel_fulcher(T, times)
    (_, strength, divergence), _ = curve_fit(
        lambda t, log_prefactor, b, t0: log_prefactor + b / (t - t0),
        T, np.log(times), p0=[-1.0, 1.0, 0.2], xtol=1e-14, ftol=1e-14,
    )  # fmt: skip
    assert found.divergence[0] == pytest.approx(divergence, rel=1e-3)
    assert found.strength[0] == pytest.approx(strength, rel=0.01)


@pytest.mark.parametrize("onset", [0.58, 0.7, 0.9])
def test_an_exact_onset_is_found_again(onset):
    found = slowing_down.arrhenius_onset(T, bent(T, onset))
    assert found.temperature[0] == pytest.approx(onset, rel=0.01)
    assert found.activation_energy[0] == pytest.approx(0.6, rel=0.02)
    assert found.curvature[0] == pytest.approx(2.5, rel=0.02)


def test_laws_that_are_not_there_are_not_fitted():
    straight = 0.4 * np.exp(0.6 / T)
    assert math.isnan(slowing_down.vogel_fulcher(T, straight).divergence[0])
    levelling = bent(T, 0.7, energy=3.0, curvature=-0.5)
    assert math.isnan(slowing_down.arrhenius_onset(T, levelling).temperature[0])
    unknown = fulcher(T)
    unknown[3] = math.nan
    found = slowing_down.vogel_fulcher(T, [unknown, fulcher(T)])
    assert np.isnan(found.divergence).tolist() == [True, False]
    with pytest.raises(InputError, match="temperatures: 3 given, at least 4 expected"):
        slowing_down.vogel_fulcher(T[:3], fulcher(T[:3]))


def test_times_of_samples_drawn_anew_are_those_of_their_mean_curve():
    times = np.geomspace(0.01, 100.0, 60)
    curves = np.exp(-times / np.array([[1.0], [2.0], [4.0]]))
    counts = np.array([[3, 0, 0], [1, 1, 1], [0, 0, 0], [0, 1, 2]])
    found = slowing_down.resampled_times(times, curves, counts)
    assert found[0] == found[2] == pytest.approx(relaxation_time(times, curves))
    assert found[1] == pytest.approx(1.0, rel=1e-3)
    assert found[3] == found[0]  # all of them as often as each other
    assert found[4] == pytest.approx(relaxation_time(times, curves[[1, 2, 2]]))


def relaxing(times_of, n_samples, monkeypatch, scatter=0.1):
    """Paths of relaxation files whose F_s are exponentials of τ by T, times a sample's factor."""
    lags = np.geomspace(1e-3, 1e6, 400)
    factors = np.exp(scatter * np.random.default_rng(3).standard_normal(n_samples))
    files = {}
    for temperature, time in times_of.items():
        for sample, factor in enumerate(factors):
            curve = np.tile(np.exp(-lags / (time * factor)), (3, 1))
            attributes = {"n_particles": 100, "temperature": float(temperature), "sample": sample}
            attributes |= {"density": 0.7 + 0.001 * factor}
            data = {"time": lags, "self_intermediate_scattering": curve}
            data |= {"cage_relative_scattering": curve**0.5}
            path = f"{temperature}_{sample}"
            files[path] = StateFile(path, "relaxation", attributes, data, {})
    monkeypatch.setattr(storage, "read", lambda path, *_: files[path])
    monkeypatch.setattr(storage, "write_provenance", lambda *_, **__: None)
    return list(files), factors


def written(paths, tmp_path):
    times, laws = tmp_path / "times.csv", tmp_path / "laws.csv"
    stage.write_slowing_down(paths, times=str(times), laws=str(laws), seed=1)
    return pd.read_csv(times), pd.read_csv(laws)


def test_the_tables_hold_what_the_samples_were_made_of(tmp_path, monkeypatch):
    paths, factors = relaxing({t: bent(t, 0.6) for t in T}, 12, monkeypatch)
    times, laws = written(paths, tmp_path)
    rows = times.set_index(["quantity", "temperature"])
    density = rows.loc[("density", 0.5)]
    assert density["value"] == pytest.approx(0.7 + 0.001 * factors.mean())
    assert density["sem"] == pytest.approx(0.001 * factors.std(ddof=1) / math.sqrt(12))
    clock, slow = (rows.loc[(name, 0.5)] for name in ("relaxation_time", stage.CAGE_RELATIVE))
    assert clock["lower"] < bent(0.5, 0.6) < clock["upper"]
    assert clock["upper"] / clock["lower"] == pytest.approx(
        math.exp(2 * 2.201 * np.log(factors).std(ddof=1) / math.sqrt(12)), rel=0.15
    )
    assert slow["value"] == pytest.approx(2.0 * clock["value"], rel=0.01)
    ends = laws.set_index(["clock", "law", "parameter"]).sort_index()
    ends = ends.loc["relaxation_time", "arrhenius_onset"]
    assert ends.loc["temperature", "value"] == pytest.approx(0.6, rel=0.02)
    assert ends.loc["curvature", "value"] == pytest.approx(2.5, rel=0.05)
    # one draw of the samples serves all T: a sample's factor moves the prefactor alone
    assert ends.loc["temperature", "upper"] - ends.loc["temperature", "lower"] < 0.01
    assert ends.loc["prefactor", "upper"] / ends.loc["prefactor", "lower"] > 1.05


def test_what_has_no_law_has_a_reason(tmp_path, monkeypatch):
    paths, _ = relaxing({2.0: 1.0, 1.0: 2.0, 0.6: 4.0, 0.5: math.inf}, 4, monkeypatch)
    times, laws = written(paths, tmp_path)
    cold = times[times["temperature"] == 0.5].set_index("quantity")["value"]
    assert math.isnan(cold["relaxation_time"])
    assert laws["value"].isna().all()
    assert set(laws["reason"]) == {"fewer than 4 temperatures", "fewer than 6 temperatures"}
    assert set(laws["left_out"]) == {"T = 0.5: F_s stays above 1/e"}


def test_a_bend_that_samples_do_not_share_is_no_onset(tmp_path, monkeypatch):
    """Arrhenius' law, each sample's times scattered about it at each temperature."""
    generator = np.random.default_rng(4)
    paths, _ = relaxing({t: 0.4 * math.exp(0.6 / t) for t in T}, 4, monkeypatch)
    files = {path: storage.read(path) for path in paths}
    lags = files[paths[0]]["time"]
    for file in files.values():
        time = 0.4 * math.exp(0.6 / file.attributes["temperature"] + 0.1 * generator.normal())
        file.data["self_intermediate_scattering"] = np.tile(np.exp(-lags / time), (3, 1))
    _, laws = written(paths, tmp_path)
    laws = laws[(laws["clock"] == "relaxation_time") & (laws["law"] == "arrhenius_onset")]
    assert laws["value"].isna().all()
    assert set(laws["reason"]) <= {"curvature not significant", "fit failed"}
