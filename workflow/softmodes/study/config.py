"""The configuration of a study: read, checked, and asked.

A configuration is the plain mapping of its YAML file. `validate` checks it against the schema
(`config.schema.yaml`: types, units, ranges, unknown keys) and then what one key
demands of another; the first fault found is raised as an `InputError` that names the key, the
value and what was expected. The other functions here expect a validated configuration.
"""

from __future__ import annotations

import contextlib
import difflib
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from softmodes.errors import InputError

SCHEMA = resources.files(__package__) / "config.schema.yaml"

OTHER_WINDOWS = (5.0, 20.0)
"""t_DW of the variants, in τ."""

OLDER_CUTOFF = 4.5
"""x_c of the older papers, where the potential ends in a step: one of the variants."""

BLOCKS = ("landscape", "cyclic", "linear_response")
"""Keys of what goes beyond the Letter, each with ensembles and a figure of its own."""

QUENCH_GRID = 0.1
"""Interval in τ of which, in whole steps, those between the quenches of a trajectory are multiples:
its thermostat acts so often."""

_WHOLE = 1e-6
"""How far from a whole number a ratio of two decimal numbers may come out."""


def load(path: str | Path) -> dict[str, Any]:
    """The validated configuration of a YAML file.

    Raises:
        InputError: the file is unreadable or no YAML, or the configuration is wrong.
    """
    config = read(path)
    validate(config)
    return config


def read(path: str | Path) -> Any:
    """What a YAML file holds.

    Raises:
        InputError: the file is unreadable, no text, no YAML, or gives a key twice.
    """
    try:
        return yaml.load(Path(path).read_text(encoding="utf-8"), _Loader)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}, a readable YAML file expected") from error
    except yaml.YAMLError as error:
        detail = " ".join(str(error).split())
        raise InputError(f"{path}: no valid YAML: {detail}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: no text in UTF-8, a YAML file expected") from error


def from_command_line(value: Any) -> Any:
    """A value of --config; within lists and mappings Snakemake hands numbers over as texts."""
    if isinstance(value, list):
        return [from_command_line(entry) for entry in value]
    if isinstance(value, dict):
        return {key: from_command_line(entry) for key, entry in value.items()}
    if not isinstance(value, str):
        return value
    # as Snakemake reads what is in no list
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(value)
    return {"true": True, "false": False}.get(value.lower(), value)


def validate(config: Any) -> None:
    """Check a configuration, schema first, then what one key demands of another.

    Raises:
        InputError: with the first fault.
    """
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    errors = sorted(
        _Validator(schema).iter_errors(config), key=lambda error: list(map(str, error.path))
    )
    if errors:
        raise InputError(_schema_message(errors[0]))
    _check_ensemble(config)
    _check_temperatures(config)
    _check_samples(config)
    _check_times(config)
    _check_strains(config)
    _check_variants(config)
    for block in BLOCKS:
        _check_ensembles(config, block)
    _check_amplitudes(config)
    for n_particles in config["n_particles"]:
        _check_composition(config, n_particles)
        _check_box(config, n_particles)
        _check_clusters(config, n_particles)
        _check_modes(config, n_particles)


def state_point(n_particles: int, temperature: float, sample: int) -> str:
    """Name of a state point in file names; samples count from 0."""
    return f"N{n_particles}_T{temperature:.3f}_s{sample:03d}"


def at_temperature(config: Mapping[str, Any], temperature: float) -> dict[str, Any]:
    """The entry of `temperatures` for a temperature.

    Args:
        config: a validated configuration.
        temperature: in ε, equal to the entry's to a thousandth.

    Raises:
        InputError: if no entry has it.
    """
    for entry in config["temperatures"]:
        if round(1000 * entry["temperature"]) == round(1000 * temperature):
            return entry
    raise InputError(
        f"temperature: {temperature} given, one of {_listed(temperatures(config))} expected"
    )


def backend(config: Mapping[str, Any], stage: str) -> str:
    """What a stage runs on: cpu or cuda."""
    return config.get("backend", {}).get(stage, "cpu")


def equilibrated(config: Mapping[str, Any]) -> dict[str, float]:
    """What counts as equilibrated; the schema's default where a key lacks."""
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    keys = schema["properties"]["equilibrated"]["properties"]
    defaults = {name: key["default"] for name, key in keys.items() if "default" in key}
    return defaults | config["equilibrated"]


def n_samples(config: Mapping[str, Any], n_particles: int, temperature: float) -> int:
    """Samples of an N that come to a temperature, the first ones."""
    given = at_temperature(config, temperature).get("samples", config["samples"])
    return _of_size(config, given, n_particles)


def n_propensities(config: Mapping[str, Any], n_particles: int, temperature: float) -> int:
    """Samples, the first ones, whose propensity is measured."""
    given = at_temperature(config, temperature)["propensity"]
    if n_particles not in config["n_particles"]:
        return 0
    if isinstance(given, bool):
        return n_samples(config, n_particles, temperature) if given else 0
    return _of_size(config, given, n_particles)


def all_samples(config: Mapping[str, Any]) -> Iterator[tuple[int, float, int]]:
    """N, T and number of all samples, by N and temperature in the order of cooling."""
    for n_particles, temperature in itertools.product(config["n_particles"], temperatures(config)):
        for sample in range(n_samples(config, n_particles, temperature)):
            yield n_particles, temperature, sample


def n_varied(config: Mapping[str, Any], n_particles: int, temperature: float) -> int:
    """Samples, the first ones, at which choices of the analysis are made otherwise."""
    wanted = config.get("variants")
    if wanted is None or n_particles not in wanted["n_particles"]:
        return 0
    return wanted["samples"] if temperature in wanted["temperatures"] else 0


def ensembles(config: Mapping[str, Any], block: str) -> list[dict[str, Any]]:
    """The ensembles of one of the BLOCKS; none where the study lacks it."""
    return config.get(block, {}).get("ensembles", [])


def ensemble(
    config: Mapping[str, Any], block: str, *, n_particles: int, temperature: float
) -> dict[str, Any]:
    """The ensemble at an N and T of one of the BLOCKS that has it."""
    (found,) = (
        one
        for one in ensembles(config, block)
        if one["n_particles"] == n_particles and one["temperature"] == temperature
    )
    return found


def cyclic_runs(config: Mapping[str, Any], one: Mapping[str, Any]) -> dict[str, float]:
    """Amplitudes of all runs of an ensemble of `cyclic`, by their name in file names."""
    return {
        f"{state_point(one['n_particles'], one['temperature'], sample)}_A{amplitude:.3f}": amplitude
        for sample in range(one["samples"])
        for amplitude in config["cyclic"]["amplitudes"]
    }


def equilibrated_sizes(config: Mapping[str, Any]) -> list[int]:
    """Every N of which samples are equilibrated: the study's own, then those of its ensembles."""
    others = (one["n_particles"] for block in BLOCKS for one in ensembles(config, block))
    return list(dict.fromkeys([*config["n_particles"], *others]))


def n_equilibria(config: Mapping[str, Any], n_particles: int, temperature: float) -> int:
    """Samples of an N, the first ones, that are equilibrated at a temperature.

    Those of an ensemble of the BLOCKS come there on the way to its own temperature.
    """
    numbers = [
        one["samples"]
        for block in BLOCKS
        for one in ensembles(config, block)
        if one["n_particles"] == n_particles and one["temperature"] <= temperature
    ]
    if n_particles in config["n_particles"]:
        numbers.append(n_samples(config, n_particles, temperature))
    return max(numbers, default=0)


def all_equilibria(config: Mapping[str, Any]) -> Iterator[tuple[int, float, int]]:
    """N, T and number of all samples that are equilibrated, by N and in the order of cooling."""
    for n_particles, temperature in itertools.product(
        equilibrated_sizes(config), temperatures(config)
    ):
        for sample in range(n_equilibria(config, n_particles, temperature)):
            yield n_particles, temperature, sample


def figure_numbers(config: Mapping[str, Any]) -> list[int]:
    """Figures that a study has: those of the Letter, then those of the BLOCKS that it has."""
    beyond = enumerate(BLOCKS, start=5)
    return [1, 2, 3, 4, *(number for number, block in beyond if block in config)]


def temperatures(config: Mapping[str, Any]) -> list[float]:
    """The temperatures in the order of cooling."""
    return [entry["temperature"] for entry in config["temperatures"]]


def mode_number(fraction: float, n_particles: int) -> int:
    """N_m that a share of the 2N modes comes to, rounded half up, at least 1."""
    return max(1, math.floor(fraction * 2 * n_particles + 0.5 + _WHOLE))


class _Loader(yaml.SafeLoader):
    """PyYAML's, but of a key given twice it doesn't take the last in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        lines: dict[str, int] = {}
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                line = key.start_mark.line + 1
                if key.value in lines:
                    raise yaml.YAMLError(
                        f"key {key.value} given twice, in lines {lines[key.value]} and {line}"
                    )
                lines[key.value] = line
        return super().construct_mapping(node, deep)


def _is_number(_checker: object, value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_integer(_checker: object, value: object) -> bool:
    # 4.0 is no whole number here: it would not serve as a count
    return isinstance(value, int) and not isinstance(value, bool)


_Validator = extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"number": _is_number, "integer": _is_integer}
    ),
)


def _of_size(config: Mapping[str, Any], given: int | list[int], n_particles: int) -> int:
    """One number for all N, or that of an N in a list of one for each."""
    return given[config["n_particles"].index(n_particles)] if isinstance(given, list) else given


def _schema_message(error: ValidationError) -> str:
    key = _dotted(error.absolute_path)
    match error.validator:
        case "additionalProperties":
            known = list(error.schema["properties"])
            unknown = next(name for name in error.instance if name not in known)
            close = difflib.get_close_matches(str(unknown), known, n=1)
            return _message(
                _dotted([*error.absolute_path, unknown]),
                f"{_shown(error.instance[unknown])} given, but there is no such key",
                f"{close[0]}?" if close else f"one of {', '.join(known)}",
            )
        case "required":
            missing = next(name for name in error.validator_value if name not in error.instance)
            expected = _expectation(error.schema["properties"][missing])
            return _message(_dotted([*error.absolute_path, missing]), "not given", expected)
        case _:
            return _message(key, f"{_shown(error.instance)} given", _expectation(error.schema))


def _message(key: str, given: str, expected: str) -> str:
    return f"config key {key}: {given}; expected: {expected}"


def _expectation(schema: Mapping[str, Any]) -> str:
    """What a part of the schema allows, in words."""
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    what = " or ".join(_allowed(schema, kind) for kind in kinds)
    unit = schema.get("unit", "1")
    return f"{what}{'' if unit == '1' else f' (in {unit})'}. {schema['description']}"


def _allowed(schema: Mapping[str, Any], kind: str) -> str:
    """What it allows of one type."""
    match kind:
        case "object":
            what = f"a mapping of {', '.join(schema['properties'])}"
            if schema.get("maxProperties") == 1:
                what = f"exactly one of {', '.join(schema['properties'])}"
        case "array":
            least, most = schema.get("minItems", 0), schema.get("maxItems")
            count = f"{least}" if least == most else f"at least {least}"
            what = f"a list of {count}"
            what += ", each only once" if schema.get("uniqueItems") else ""
        case "string" if "enum" in schema:
            what = " or ".join(schema["enum"])
        case "string":
            what = f"a text matching {schema['pattern']}"
        case "boolean":
            what = "true or false"
        case "integer" | "number":
            what = "a number" if kind == "number" else "a whole number"
            if schema.get("multipleOf") == 2:
                what = "an even number"
            bounds = [
                f"{sign} {schema[bound]:.16g}"
                for bound, sign in (
                    ("exclusiveMinimum", ">"),
                    ("minimum", ">="),
                    ("exclusiveMaximum", "<"),
                    ("maximum", "<="),
                )
                if bound in schema
            ]
            what = f"{what} {' and '.join(bounds)}"
    return what


def _check_ensemble(config: Mapping[str, Any]) -> None:
    isobaric = "pressure" in config["ensemble"]
    entries = [("start_density", config)] + [
        (f"temperatures[{index}].barostat_time", entry)
        for index, entry in enumerate(config["temperatures"])
    ]
    for key, holder in entries:
        name = key.split(".")[-1]
        if isobaric and name not in holder:
            _refuse(key, "not given", "a number, because ensemble.pressure is set")
        if not isobaric and name in holder:
            _refuse(key, f"{holder[name]} given", "no such key, because ensemble.density is set")


def _check_temperatures(config: Mapping[str, Any]) -> None:
    values = temperatures(config)
    for index, value in enumerate(values):
        _check_thousandths(f"temperatures[{index}].temperature", value)
    _check_order([f"temperatures[{i}].temperature" for i in range(len(values))], values, sign=-1)


def _check_samples(config: Mapping[str, Any]) -> None:
    given = {"samples": config["samples"]}
    for index, entry in enumerate(config["temperatures"]):
        given |= {
            f"temperatures[{index}].{name}": entry[name]
            for name in ("samples", "propensity")
            if name in entry
        }
    batched = [stage for stage in config.get("backend", {}) if backend(config, stage) == "cuda"]
    runs = "isoconfigurational"
    alike = {"samples": batched, "propensity": [runs] if runs in batched else []}
    for key, value in given.items():
        if isinstance(value, list) and len(value) != len(config["n_particles"]):
            expected = f"one number, or one for each of n_particles, {config['n_particles']}"
            _refuse(key, f"{value} given", expected)
        stages = alike[key.split(".")[-1]]
        fits = not isinstance(value, list) if key == "samples" else isinstance(value, bool)
        if stages and not fits:
            expected = "one number" if key == "samples" else "no number"
            expected += f": with backend.{stages[0]} cuda all samples go together"
            _refuse(key, f"{value} given", expected)
    for n_particles in config["n_particles"]:
        _check_samples_of(config, n_particles)


def _check_samples_of(config: Mapping[str, Any], n_particles: int) -> None:
    above = _of_size(config, config["samples"], n_particles)
    for index, entry in enumerate(config["temperatures"]):
        number = n_samples(config, n_particles, entry["temperature"])
        measured = n_propensities(config, n_particles, entry["temperature"])
        for name, value, most in (("samples", number, above), ("propensity", measured, number)):
            if value > most:
                _refuse(
                    f"temperatures[{index}].{name}",
                    f"{entry[name]} given",
                    f"at most the {most} samples there are at n_particles {n_particles}",
                )
        above = number


def _check_times(config: Mapping[str, Any]) -> None:
    runs = config["isoconfigurational"]
    interval, window = runs["sampling_interval"], runs["debye_waller_time"]
    if not _is_multiple(interval, runs["time_step"]):
        _refuse(
            "isoconfigurational.sampling_interval",
            f"{interval} given",
            f"at least one time_step, {runs['time_step']}, and a multiple of it",
        )
    if not _is_multiple(window, interval) or round(window / interval) < 2:
        _refuse(
            "isoconfigurational.debye_waller_time",
            f"{window} given",
            f"at least twice sampling_interval, {interval}, and a multiple of it",
        )
    for index, entry in enumerate(config["temperatures"]):
        where, step = f"temperatures[{index}]", entry["time_step"]
        for name in ("barostat_time", "equilibration_time"):
            if name in entry and not _is_multiple(entry[name], step):
                _refuse(
                    f"{where}.{name}",
                    f"{entry[name]} given",
                    f"at least one time_step, {step}, and a multiple of it",
                )
        if round(entry["equilibration_time"] / step) < config["series_points"]:
            _refuse(
                f"{where}.equilibration_time",
                f"{entry['equilibration_time']} given",
                f"at least series_points, {config['series_points']}, steps of {step}",
            )


def _check_strains(config: Mapping[str, Any]) -> None:
    gamma, scan = config["shear"]["gamma"], config["modes"]["scan_gamma"]
    fractions = config["modes"]["scan_fractions"]
    for name, values in (
        ("shear.gamma", gamma),
        ("modes.scan_gamma", scan),
        ("modes.scan_fractions", fractions),
    ):
        _check_order([f"{name}[{index}]" for index in range(len(values))], values, sign=1)
    for index, value in enumerate(scan):
        if value not in gamma:
            _refuse(
                f"modes.scan_gamma[{index}]",
                f"{value} given",
                f"one of shear.gamma, {_listed(gamma)}",
            )


def _check_variants(config: Mapping[str, Any]) -> None:
    wanted = config.get("variants", {"n_particles": [], "temperatures": []})
    for key, known in (
        ("n_particles", config["n_particles"]),
        ("temperatures", temperatures(config)),
    ):
        for index, value in enumerate(wanted[key]):
            if value not in known:
                _refuse(f"variants.{key}[{index}]", f"{value} given", f"one of {_listed(known)}")
    for n_particles, value in itertools.product(wanted["n_particles"], wanted["temperatures"]):
        number = n_samples(config, n_particles, value)
        if wanted["samples"] > number:
            _refuse(
                "variants.samples",
                f"{wanted['samples']} given",
                f"at most the {number} there are at n_particles {n_particles}, temperature {value}",
            )
    for n_particles in wanted["n_particles"]:
        _check_variants_of(config, n_particles)


def _check_variants_of(config: Mapping[str, Any], n_particles: int) -> None:
    """Room for the longer cutoff, and modes left without two."""
    model = config["model"] | {"cutoff": OLDER_CUTOFF}
    _check_box({**config, "model": model}, n_particles, key="variants.n_particles")
    interval = config["isoconfigurational"]["sampling_interval"]
    for window in OTHER_WINDOWS:
        if not _is_multiple(window, interval) or round(window / interval) < 2:
            _refuse(
                "isoconfigurational.sampling_interval",
                f"{interval} given",
                f"a whole fraction of {window:g}, one of the windows of the variants",
            )
    number = mode_number(config["modes"]["fraction"], n_particles)
    if number < 3:
        _refuse(
            "variants.n_particles",
            f"{n_particles} given, where modes.fraction comes to {number} modes",
            "at least 3 modes, of which two are taken away",
        )


def _check_ensembles(config: Mapping[str, Any], block: str) -> None:
    known = temperatures(config)
    seen: set[tuple[int, float]] = set()
    for index, one in enumerate(ensembles(config, block)):
        where = f"{block}.ensembles[{index}]"
        n_particles, temperature = one["n_particles"], one["temperature"]
        if temperature not in known:
            _refuse(f"{where}.temperature", f"{temperature} given", f"one of {_listed(known)}")
        if (n_particles, temperature) in seen:
            given = f"{n_particles} given at temperature {temperature} a second time"
            _refuse(f"{where}.n_particles", given, "every N and T once")
        seen.add((n_particles, temperature))
        _check_composition(config, n_particles, f"{where}.n_particles")
        _check_box(config, n_particles, f"{where}.n_particles")
        if backend(config, "equilibrate") == "cuda" and (
            n_particles not in config["n_particles"]
            or one["samples"] > n_samples(config, n_particles, temperature)
        ):
            _refuse(
                f"{where}.n_particles",
                f"{n_particles} given with {one['samples']} samples",
                "samples of the study itself: with backend.equilibrate cuda all go together",
            )
        fractions = {
            f"{where}.mode_fractions[{i}]": f for i, f in enumerate(one.get("mode_fractions", []))
        }
        fractions = fractions or {"modes.fraction": config["modes"]["fraction"]}
        if block == "linear_response":
            scan = enumerate(config["modes"]["scan_fractions"])
            fractions |= {f"modes.scan_fractions[{i}]": fraction for i, fraction in scan}
        for key, fraction in fractions.items():
            _check_mode_number(key, fraction, n_particles)
        if "interval" in one:
            _check_interval(config, one, f"{where}.interval")


def _check_interval(config: Mapping[str, Any], one: Mapping[str, Any], key: str) -> None:
    """The thermostat acts after whole steps, about every QUENCH_GRID."""
    step = at_temperature(config, one["temperature"])["time_step"]
    grid = step * max(1, round(QUENCH_GRID / step))
    if not _is_multiple(one["interval"], grid):
        expected = f"a multiple of {grid:g}"
        if grid != QUENCH_GRID:
            expected += f", {QUENCH_GRID} in whole time_steps"
        _refuse(key, f"{one['interval']} given", expected)


def _check_amplitudes(config: Mapping[str, Any]) -> None:
    amplitudes = config.get("cyclic", {}).get("amplitudes", [])
    keys = [f"cyclic.amplitudes[{i}]" for i in range(len(amplitudes))]
    _check_order(keys, amplitudes, sign=1)
    for key, amplitude in zip(keys, amplitudes, strict=True):
        _check_thousandths(key, amplitude)


def _check_composition(
    config: Mapping[str, Any], n_particles: int, key: str = "n_particles"
) -> None:
    fraction = config["model"]["small_fraction"]
    if not _is_whole(n_particles * fraction):
        _refuse(
            key,
            f"{n_particles} given",
            f"a number of which model.small_fraction, {fraction}, is a whole number of particles",
        )


def _check_box(config: Mapping[str, Any], n_particles: int, key: str = "n_particles") -> None:
    model = config["model"]
    sigma = max(model[f"sigma_{pair}"] for pair in ("small", "mixed", "large"))
    reach = model["cutoff"] * sigma
    density = _highest_density(config)
    side = math.sqrt(n_particles / density)
    if side < 2 * reach:
        _refuse(
            key,
            f"{n_particles} given",
            f"at least {math.ceil(density * 4 * reach**2)}, so that the box, at a density of up "
            f"to {density:.3g}, is twice as wide as the potential reaches, {reach:g}",
        )
    for name, distance in config["overlap"]["neighbour_distances"].items():
        if distance > side / 2:
            _refuse(
                f"overlap.neighbour_distances.{name}",
                f"{distance} given",
                f"at most half the box, {side / 2:.3g} at n_particles {n_particles}",
            )


def _highest_density(config: Mapping[str, Any]) -> float:
    """An upper bound, by a few per cent, of the densities that the study goes through.

    Of an isobar: the inherent structures of the inverse power law obey P ∝ ρ^(1 + n/2). With
    diameters scaled to the one-fluid σ² = Σ x_a x_b σ_ab², the Letter's mixture comes to
    ρσ² = 1.09 at Pσ² = 19.7 in its coldest state, and heat only lowers that.
    """
    ensemble, model = config["ensemble"], config["model"]
    if "density" in ensemble:
        return ensemble["density"]
    small, large = model["small_fraction"], 1 - model["small_fraction"]
    one_fluid = (
        small**2 * model["sigma_small"] ** 2
        + 2 * small * large * model["sigma_mixed"] ** 2
        + large**2 * model["sigma_large"] ** 2
    )
    compression = ensemble["pressure"] * one_fluid / 19.7
    coldest = 1.09 / one_fluid * compression ** (1 / (1 + model["exponent"] / 2))
    return max(1.05 * coldest, config["start_density"])


def _check_clusters(config: Mapping[str, Any], n_particles: int) -> None:
    overlap = config["overlap"]
    selected = overlap["top_fraction"] * n_particles
    if overlap["minimum_cluster"] > selected:
        _refuse(
            "overlap.minimum_cluster",
            f"{overlap['minimum_cluster']} given",
            f"no more than overlap.top_fraction takes of n_particles {n_particles}, {selected:g}",
        )


def _check_modes(config: Mapping[str, Any], n_particles: int) -> None:
    modes = config["modes"]
    named = {"modes.fraction": modes["fraction"]} | {
        f"modes.scan_fractions[{index}]": fraction
        for index, fraction in enumerate(modes["scan_fractions"])
    }
    for key, fraction in named.items():
        _check_mode_number(key, fraction, n_particles)
    numbers = [mode_number(fraction, n_particles) for fraction in modes["scan_fractions"]]
    for index, (one, other) in enumerate(itertools.pairwise(numbers), start=1):
        if one == other:
            _refuse(
                f"modes.scan_fractions[{index}]",
                f"{modes['scan_fractions'][index]} given",
                f"more modes than the {one} of the entry before it, at n_particles {n_particles}",
            )


def _check_mode_number(key: str, fraction: float, n_particles: int) -> None:
    number = mode_number(fraction, n_particles)
    if number > 2 * n_particles - 4:
        _refuse(
            key,
            f"{fraction} given, which is {number} modes at n_particles {n_particles}",
            f"at most {2 * n_particles - 4} modes",
        )


def _check_order(keys: Iterable[str], values: Iterable[float], sign: int) -> None:
    for (_, before), (key, value) in itertools.pairwise(zip(keys, values, strict=True)):
        if sign * (value - before) <= 0:
            side = "more" if sign > 0 else "less"
            _refuse(key, f"{value} given", f"{side} than the entry before it, {before}")


def _refuse(key: str, given: str, expected: str) -> None:
    raise InputError(_message(key, given, expected))


def _is_whole(value: float) -> bool:
    return abs(value - round(value)) < _WHOLE


def _check_thousandths(key: str, value: float) -> None:
    # files are named, and jobs find each other, by three decimals
    if value != round(value, 3) or value < 0.001:
        _refuse(key, f"{value} given", "a multiple of 0.001, no more than three decimals")


def _is_multiple(value: float, unit: float) -> bool:
    """Whether `value` is a whole number, at least one, of `unit`."""
    return _is_whole(value / unit) and round(value / unit) >= 1


def _dotted(path: Iterable[str | int]) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".") or "(the whole file)"


def _shown(value: Any) -> str:
    text = repr(value)
    text = text if len(text) <= 60 else f"{text[:57]}..."
    if isinstance(value, str) and _is_float(value):
        text += " (a text"
        text += " to YAML; write 1.0e-4 for 1e-4)" if "e" in value.lower() else ", no number)"
    return text


def _is_float(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _listed(values: Iterable[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)
