"""Configurations: the three of the repository are right, wrong ones are refused in one message."""

import copy
import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from softmodes.errors import InputError
from softmodes.study import config

FOLDER = Path(__file__).parents[1] / "config"
STUDIES = ["config", "letter", "test"]

TRAJECTORY = {
    "n_particles": 120,
    "temperature": 0.6,
    "samples": 2,
    "interval": 0.2,
    "quenches": 10,
    "mode_fractions": [0.02],
}


@pytest.fixture
def study():
    return config.load(FOLDER / "test.yaml")


@pytest.mark.parametrize("name", STUDIES)
def test_the_repositorys_configurations_are_valid(name):
    assert config.load(FOLDER / f"{name}.yaml")["study"] != ""


def test_the_letters_grid_is_the_letters():
    letter = config.load(FOLDER / "letter.yaml")
    assert letter["n_particles"] == [2000, 8000]
    assert [config.n_samples(letter, 2000, t) for t in (2.0, 0.43, 0.40)] == [50, 50, 50]
    assert config.n_propensities(letter, 2000, 0.40) == 10
    assert config.temperatures(letter) == [
        2.0, 1.5, 1.0, 0.8, 0.6, 0.55, 0.5, 0.46, 0.43, 0.40, 0.38, 0.36,
    ]  # fmt: skip
    assert letter["shear"]["gamma"][0] == 1e-4
    assert letter["shear"]["gamma"][-1] == 1.0
    assert config.mode_number(letter["modes"]["fraction"], 2000) == 40
    assert config.mode_number(letter["modes"]["fraction"], 8000) == 160
    assert {0.00175, 0.015} <= set(letter["modes"]["scan_fractions"])
    # either side of where the overlap is largest, and no farther: the cost goes as the square
    assert letter["modes"]["scan_fractions"][-1] == 0.05


def test_samples_may_differ_by_size_and_temperature(study):
    hot, cold = study["temperatures"]
    study |= {"n_particles": [120, 240], "samples": [5, 3]}
    study["temperatures"] = [
        hot | {"propensity": True},
        cold | {"samples": [4, 3], "propensity": [2, 0]},
    ]
    config.validate(study)
    points = list(config.all_samples(study))
    assert points == [
        (n, temperature, sample)
        for n, temperature, number in ((120, 1.0, 5), (120, 0.6, 4), (240, 1.0, 3), (240, 0.6, 3))
        for sample in range(number)
    ]
    measured = [config.n_propensities(study, size, t) for size in (120, 240) for t in (1.0, 0.6)]
    assert measured == [5, 2, 3, 0]
    study["temperatures"][0]["propensity"] = 3
    study["temperatures"][1]["propensity"] = False
    measured = [config.n_propensities(study, size, t) for size in (120, 240) for t in (1.0, 0.6)]
    assert measured == [3, 0, 3, 0]


def test_ensembles_of_any_size_are_equilibrated_down_to_their_temperature(study):
    study["temperatures"][1]["samples"] = 1
    here = {"n_particles": 120, "temperature": 0.6, "samples": 2}
    study["linear_response"] = {
        "ensembles": [here, {"n_particles": 60, "temperature": 1.0, "samples": 3}]
    }
    study["landscape"] = {"ensembles": [TRAJECTORY | {"n_particles": 60, "samples": 1}]}
    config.validate(study)
    numbers = {
        (size, temperature): config.n_equilibria(study, size, temperature)
        for size in config.equilibrated_sizes(study)
        for temperature in (1.0, 0.6)
    }
    assert numbers == {(120, 1.0): 2, (120, 0.6): 2, (60, 1.0): 3, (60, 0.6): 1}
    assert len(list(config.all_equilibria(study))) == sum(numbers.values())
    found = config.ensemble(study, "linear_response", n_particles=120, temperature=0.6)
    assert found == here
    assert config.ensembles(study, "cyclic") == []


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("isoconfigurational", "sampling_interval"), 0.4,
         "sampling_interval: 0.4 given; expected: a whole fraction of 5"),
        (("modes", "fraction"), 0.005, "n_particles: 240 given, where modes.fraction comes to 2"),
    ],
)  # fmt: skip
def test_variants_need_whole_windows_and_modes_to_spare(study, path, value, message):
    study |= {"n_particles": [240]}
    study["variants"] = {"n_particles": [240], "temperatures": [0.6], "samples": 1}
    config.validate(study)
    study[path[0]][path[1]] = value
    with pytest.raises(InputError, match=re.escape(message)):
        config.validate(study)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"samples": [2]}, "samples"),
        ({"temperature": {"samples": 1}}, "temperatures[1].samples"),
        ({"temperature": {"propensity": 1}}, "temperatures[1].propensity"),
    ],
)
def test_a_gpu_takes_all_samples_alike(study, changes, key):
    study["temperatures"][1] |= changes.pop("temperature", {})
    study |= changes | {"backend": {"equilibrate": "cpu", "isoconfigurational": "cuda"}}
    with pytest.raises(InputError, match=rf"^config key {re.escape(key)}: .*isoconfigurational"):
        config.validate(study)


def test_every_key_of_the_schema_is_described_and_every_value_has_a_unit():
    schema = yaml.safe_load(config.SCHEMA.read_text())
    Draft202012Validator.check_schema(schema)

    def check(part, where):
        assert part["description"].endswith("."), where
        kinds = {part["type"]} if isinstance(part["type"], str) else set(part["type"])
        if "object" in kinds:
            assert part["additionalProperties"] is False, where
            for name, inner in part["properties"].items():
                check(inner, f"{where}.{name}")
        if "array" in kinds:
            check(part["items"], f"{where}[]")
        if kinds - {"object", "array"}:
            assert part["unit"], where
            if kinds & {"integer", "number"}:
                assert {"minimum", "exclusiveMinimum"} & set(part), where
                assert {"maximum", "exclusiveMaximum"} & set(part), where

    check(schema, "")


def changed(study, path, value):
    """A copy of a study with one key set, or taken out where the value is `...`."""
    study = copy.deepcopy(study)
    *parents, last = path
    holder = study
    for part in parents:
        holder = holder[part]
    if value is ...:
        del holder[last]
    else:
        holder[last] = value
    return study


def test_quenches_come_after_whole_steps(study):
    """Of the thermostat, which acts after the whole number of steps next to 0.1."""
    study["landscape"] = {"ensembles": [TRAJECTORY]}
    for entry in study["temperatures"]:
        entry |= {"time_step": 0.003, "barostat_time": 6, "equilibration_time": 12}
    with pytest.raises(InputError, match=r"interval: 0\.2 given; expected: a multiple of 0\.099,"):
        config.validate(study)
    study["landscape"]["ensembles"][0] |= {"interval": 0.198}
    config.validate(study)


WRONG = {
    "not a number": (["samples"], "four", "samples", "'four'", "a whole number >= 1"),
    "a fraction of a sample": (["samples"], 2.5, "samples", "2.5", "a whole number"),
    "a float as a count": (["samples"], 2.0, "samples", "2.0", "a whole number"),
    "yes as a number": (["seed"], True, "seed", "True", "a whole number"),
    "below its range": (["samples"], 0, "samples", "0", ">= 1"),
    "samples of sizes that are not there": (["samples"], [3, 2], "samples", "[3, 2]",
                                            "one for each of n_particles, [120]"),
    "no samples of a size": (["samples"], [0], "samples[0]", "0", "a whole number >= 1"),
    "samples from nowhere": (["temperatures", 1, "samples"], 3, "temperatures[1].samples", "3",
                             "at most the 2 samples there are at n_particles 120"),
    "propensities of more samples": (["temperatures", 1, "propensity"], [3],
                                     "temperatures[1].propensity", "[3]",
                                     "at most the 2 samples there are at n_particles 120"),
    "a propensity as a text": (["temperatures", 1, "propensity"], "most",
                               "temperatures[1].propensity", "'most'",
                               "true or false or a whole number >= 0"),
    "variants of another size": (
        ["variants"], {"n_particles": [60], "temperatures": [1.0], "samples": 1},
        "variants.n_particles[0]", "60", "one of 120",
    ),
    "variants at another temperature": (
        ["variants"], {"n_particles": [120], "temperatures": [1.0, 0.7], "samples": 1},
        "variants.temperatures[1]", "0.7", "one of 1, 0.6",
    ),
    "variants of more samples": (
        ["variants"], {"n_particles": [120], "temperatures": [0.6], "samples": 3},
        "variants.samples", "3", "at most the 2 there are at n_particles 120, temperature 0.6",
    ),
    "variants in a box too small": (
        ["variants"], {"n_particles": [120], "temperatures": [0.6], "samples": 2},
        "variants.n_particles", "120", "at least 125",
    ),
    "an ensemble at another temperature": (
        ["linear_response"],
        {"ensembles": [{"n_particles": 120, "temperature": 0.7, "samples": 1}]},
        "linear_response.ensembles[0].temperature", "0.7", "one of 1, 0.6",
    ),
    "an ensemble twice": (
        ["linear_response"],
        {"ensembles": 2 * [{"n_particles": 120, "temperature": 0.6, "samples": 1}]},
        "linear_response.ensembles[1].n_particles", "120", "every N and T once",
    ),
    "an ensemble of another composition": (
        ["linear_response"], {"ensembles": [{"n_particles": 33, "temperature": 0.6, "samples": 1}]},
        "linear_response.ensembles[0].n_particles", "33", "a whole number of particles",
    ),
    "an ensemble without modes": (
        ["landscape"], {"ensembles": [TRAJECTORY | {"mode_fractions": [0.01, 1.0]}]},
        "landscape.ensembles[0].mode_fractions[1]", "240 modes", "at most 236 modes",
    ),
    "quenches between the thermostat's times": (
        ["landscape"], {"ensembles": [TRAJECTORY | {"interval": 0.25}]},
        "landscape.ensembles[0].interval", "0.25", "a multiple of 0.1",
    ),
    "an amplitude that file names cannot tell": (
        ["cyclic"],
        {"ensembles": [{"n_particles": 120, "temperature": 0.6, "samples": 1}],
         "amplitudes": [0.05, 0.0605], "strain_step": 0.002, "cycles": 10},
        "cyclic.amplitudes[1]", "0.0605", "a multiple of 0.001",
    ),
    "an amplitude with the dust of arithmetic": (
        ["cyclic"],
        {"ensembles": [{"n_particles": 120, "temperature": 0.6, "samples": 1}],
         "amplitudes": [0.04, 0.0400000001], "strain_step": 0.002, "cycles": 10},
        "cyclic.amplitudes[1]", "0.0400000001", "a multiple of 0.001, no more than three decimals",
    ),
    "amplitudes out of order": (
        ["cyclic"],
        {"ensembles": [{"n_particles": 120, "temperature": 0.6, "samples": 1}],
         "amplitudes": [0.1, 0.05], "strain_step": 0.002, "cycles": 10},
        "cyclic.amplitudes[1]", "0.05", "more than the entry before it",
    ),
    "infinite": (["ensemble", "pressure"], float("inf"), "ensemble.pressure", "inf", "a number"),
    "no number at all": (["start_density"], float("nan"), "start_density", "nan", "a number"),
    "text to YAML": (
        ["shear", "gamma", 0], "1e-4", "shear.gamma[0]", "1e-4", "write 1.0e-4",
    ),
    "unknown key": (["modes", "fractions"], 0.1, "modes.fractions", "0.1", "fraction?"),
    "unknown key, nothing like it": (["flavour"], 1, "flavour", "1", "one of study, seed"),
    "missing key": (["isoconfigurational", "runs"], ..., "isoconfigurational.runs", "not given",
                    "an even number"),
    "a name with a slash": (["study"], "../x", "study", "'../x'", "a text matching"),
    "an odd exponent": (["model", "exponent"], 11, "model.exponent", "11", "an even number"),
    "no temperatures": (["temperatures"], [], "temperatures", "[]", "a list of at least 1"),
    "two sizes alike": (["n_particles"], [120, 120], "n_particles", "[120, 120]", "only once"),
    "both ensembles": (["ensemble", "density"], 0.7, "ensemble", "'pressure': 13.5",
                       "exactly one of pressure, density"),
    "no ensemble": (["ensemble"], {}, "ensemble", "{}", "exactly one of"),
    "isobar without its start": (["start_density"], ..., "start_density", "not given",
                                 "because ensemble.pressure is set"),
    "isobar without a barostat": (["temperatures", 1, "barostat_time"], ...,
                                  "temperatures[1].barostat_time", "not given", "a number"),
    "isochore with a barostat": (["ensemble"], {"density": 0.7}, "start_density", "0.7",
                                 "because ensemble.density is set"),
    "a temperature twice": (["temperatures", 1, "temperature"], 1.0,
                            "temperatures[1].temperature", "1.0", "less than the entry before"),
    "heating": (["temperatures", 1, "temperature"], 1.2, "temperatures[1].temperature", "1.2",
                "less than the entry before it, 1.0"),
    "too fine a temperature": (["temperatures", 1, "temperature"], 0.6005,
                               "temperatures[1].temperature", "0.6005", "a multiple of 0.001"),
    "a temperature with the dust of arithmetic": (
        ["temperatures", 1, "temperature"], 0.6000000000000001, "temperatures[1].temperature",
        "0.6000000000000001", "a multiple of 0.001, no more than three decimals",
    ),
    "no whole number of steps": (["temperatures", 0, "equilibration_time"], 10.001,
                                 "temperatures[0].equilibration_time", "10.001",
                                 "at least one time_step, 0.005, and a multiple"),
    "shorter than a step": (["temperatures", 0, "barostat_time"], 0.002,
                            "temperatures[0].barostat_time", "0.002", "at least one time_step"),
    "fewer steps than points": (["temperatures", 1, "equilibration_time"], 0.02,
                                "temperatures[1].equilibration_time", "0.02", "series_points, 6"),
    "sampling off the steps": (["isoconfigurational", "time_step"], 0.003,
                               "isoconfigurational.sampling_interval", "0.1",
                               "at least one time_step, 0.003, and a multiple"),
    "no time step of the runs": (["isoconfigurational", "time_step"], ...,
                                 "isoconfigurational.time_step", "not given", "> 0"),
    "a window off the samples": (["isoconfigurational", "debye_waller_time"], 2.05,
                                 "isoconfigurational.debye_waller_time", "2.05",
                                 "a multiple of it"),
    "a window of one sample": (["isoconfigurational", "debye_waller_time"], 0.1,
                               "isoconfigurational.debye_waller_time", "0.1",
                               "at least twice sampling_interval"),
    "an odd number of runs": (["isoconfigurational", "runs"], 7, "isoconfigurational.runs", "7",
                              "an even number"),
    "no strain": (["shear", "gamma", 0], 0.0, "shear.gamma[0]", "0.0", "> 0"),
    "strains out of order": (["shear", "gamma", 2], 0.0005, "shear.gamma[2]", "0.0005",
                             "more than the entry before it, 0.001"),
    "a strain of its own": (["modes", "scan_gamma", 1], 0.07, "modes.scan_gamma[1]", "0.07",
                            "one of shear.gamma, 0.0001"),
    "one strain to scan": (["modes", "scan_gamma"], [0.0001], "modes.scan_gamma", "[0.0001]",
                           "a list of 2"),
    "a cluster larger than what is taken": (
        ["overlap", "minimum_cluster"], 31, "overlap.minimum_cluster", "31",
        "no more than overlap.top_fraction takes of n_particles 120, 30",
    ),
    "more modes than there are": (["modes", "fraction"], 1.0, "modes.fraction",
                                  "240 modes at n_particles 120", "at most 236"),
    "fractions out of order": (["modes", "scan_fractions", 1], 0.0001,
                               "modes.scan_fractions[1]", "0.0001", "more than the entry before"),
    "twice the same modes": (["modes", "scan_fractions", 1], 0.002,
                             "modes.scan_fractions[1]", "0.002", "more modes than the 1"),
    "half a particle": (["n_particles"], [120, 121], "n_particles", "121",
                        "a whole number of particles"),
    "a box smaller than the cutoff": (["model", "cutoff"], 5.0, "n_particles", "120",
                                      "at least 154, so that the box"),
    "neighbours across the box": (["overlap", "neighbour_distances", "large"], 7.0,
                                  "overlap.neighbour_distances.large", "7.0",
                                  "at most half the box"),
    "a precision of its own": (["precision"], "half", "precision", "'half'", "single or double"),
    "a precision that is none": (["precision"], 32, "precision", "32", "single or double"),
    "no precision": (["precision"], ..., "precision", "not given", "single or double"),
    "a start in the void": (["start_density"], 1e-9, "start_density", "1e-09", ">= 0.001"),
    "an isochore in the void": (["ensemble"], {"density": 1e-9}, "ensemble.density", "1e-09",
                                ">= 0.001"),
    "a negative diameter": (["model", "sigma_small"], -1.0, "model.sigma_small", "-1.0", "> 0"),
    "a soft core": (["model", "exponent"], 2, "model.exponent", "2", ">= 4"),
    "smoothed by a number": (["model", "smoothed"], 1, "model.smoothed", "1", "true or false"),
    "too many small": (["model", "small_fraction"], 1.2, "model.small_fraction", "1.2", "<= 1"),
    "an absolute zero": (["temperatures", 1, "temperature"], 0.0, "temperatures[1].temperature",
                         "0.0", ">= 0.001"),
    "no time step": (["temperatures", 0, "time_step"], 0.0, "temperatures[0].time_step", "0.0",
                     "> 0"),
    "a temperature as a number": (["temperatures", 0], 1.0, "temperatures[0]", "1.0",
                                  "a mapping of"),
    "a mapping as a list": (["model"], [1.0, 1.2, 1.4], "model", "[1.0, 1.2, 1.4]",
                            "a mapping of sigma_small"),
    "a number as a list": (["n_particles"], 120, "n_particles", "120", "a list of"),
    "no sizes": (["n_particles"], [], "n_particles", "[]", "a list of at least 1"),
    "no strains": (["shear", "gamma"], [], "shear.gamma", "[]", "a list of at least"),
    "a top fraction above one": (["overlap", "top_fraction"], 1.5, "overlap.top_fraction", "1.5",
                              "<"),
    "no study": (["study"], ..., "study", "not given", "a text matching"),
    "a pressure of zero": (["ensemble", "pressure"], 0, "ensemble.pressure", "0", "> 0"),
    "a negative seed": (["seed"], -1, "seed", "-1", ">= 0"),
}  # fmt: skip


def test_at_least_forty_wrong_configurations_are_tried():
    assert len(WRONG) >= 40


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_configuration_is_refused_by_key_value_and_expectation(study, case):
    path, value, key, given, expected = WRONG[case]
    with pytest.raises(InputError) as refusal:
        config.validate(changed(study, path, value))
    message = str(refusal.value)
    assert message.startswith(f"config key {key}: ")
    assert given in message.split("; expected: ")[0]
    assert expected in message
    assert "\n" not in message


@pytest.fixture
def isochore(study):
    study["ensemble"] = {"density": 0.64}
    del study["start_density"]
    for entry in study["temperatures"]:
        del entry["barostat_time"]
    return study


def test_an_isochore_is_valid(isochore):
    config.validate(isochore)


def test_the_smallest_box_follows_the_density(isochore):
    isochore["modes"]["scan_fractions"] = [0.01, 0.05]
    isochore["model"]["cutoff"] = 4.0
    # twice the longest cutoff is L = 2 * 4.0 * 1.4, and 0.64 L² = 80.3
    config.validate(changed(isochore, ["n_particles"], [82]))
    with pytest.raises(InputError, match="at least 81"):
        config.validate(changed(isochore, ["n_particles"], [80]))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "readable YAML"),
        ("a: [1", "no valid YAML"),
        ("just a word", "a mapping of study"),
        (b"\x89HDF\r\n\x1a\n", r"study\.yaml: no text in UTF-8"),
        ("samples: 2\nseed: 1\nsamples: 3\n", "key samples given twice, in lines 1 and 3"),
        ("model:\n  cutoff: 2\n  cutoff: 3", "key cutoff given twice, in lines 2 and 3"),
    ],
)
def test_a_file_that_is_no_configuration(tmp_path, text, words):
    path = tmp_path / "study.yaml"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=words) as refusal:
        config.load(path)
    assert "\n" not in str(refusal.value)


def test_texts_in_lists_of_the_command_line_are_numbers():
    given = [["120", "200"], {"gamma": ["1e-4", "0.1"], "smoothed": "false"}, "single", 2, None]
    read = config.from_command_line(given)
    assert read == [[120, 200], {"gamma": [1e-4, 0.1], "smoothed": False}, "single", 2, None]
    assert type(read[0][0]) is int


@pytest.mark.parametrize(
    ("text", "hint"),
    [("120", "'120' (a text, no number) given"), ("1e2", "write 1.0e-4 for 1e-4) given")],
)
def test_a_text_that_looks_like_a_number_is_told(study, text, hint):
    with pytest.raises(InputError, match=re.escape(hint)):
        config.validate(changed(study, ["n_particles"], [text]))


def test_names_of_state_points():
    assert config.state_point(2000, 0.36, 7) == "N2000_T0.360_s007"


def test_the_entry_of_a_temperature(study):
    assert config.at_temperature(study, 0.6)["propensity"] is False
    with pytest.raises(InputError, match=r"0\.7 given, one of 1, 0\.6"):
        config.at_temperature(study, 0.7)


@pytest.mark.parametrize(
    ("fraction", "n_particles", "number"),
    [(0.01, 2000, 40), (0.00175, 2000, 7), (0.00175, 1000, 4), (0.015, 1000, 30), (1e-5, 100, 1)],
)
def test_numbers_of_modes_are_rounded_half_up(fraction, n_particles, number):
    assert config.mode_number(fraction, n_particles) == number
