"""Dynamics of many systems at once on a GPU: twins of `equilibration` and `isoconfigurational`.

Same thermostat, barostat and schedule as there, by the kernels of `cuda_kernels`; a run's bits do
not depend on the runs beside it. Random numbers are drawn on the host from the state points' own
streams. Pair terms are in single precision.

Measured on an NVIDIA H200 with the Letter's mixture. Forces of N = 2000 and 8000 at T = 0.4, with
a loop over all pairs in double precision: 7e-5 ε/σ11 apart at most, of 11 in the mean. Energy per
particle at constant energy, 128 systems of N = 2000, drifts by 6e-6 ± 2e-6 ε in 10⁶ steps of
0.005 τ, by 4e-5 ± 1e-5 in as many of 0.01. Debye-Waller factors of particles from 96 runs with
the same velocities as on the CPU, N = 2000, T = 1.0, 0.6 and 0.46: 6.0, 1.4 and 0.09 % apart
(root mean square over the mean), where the statistical error is 7, 7 and 5 %; propensities 5e-5,
1e-4 (1.5 τ_e at T = 1.0 and 0.6) and, over 45 τ at 0.46, 19 %, as two independent ensembles would
be. 50 samples gone on with by the CPU at T = 1.0, 0.6 and 0.5: pressures differ by (-4 ± 5), (0 ±
3) and (-1 ± 2) 10⁻³ ε/σ11², inherent energies by (-1 ± 2), (1 ± 3) and (-5 ± 4) 10⁻⁴ ε, and τ_e
is 0.818, 2.76 and 6.87 τ on the GPU, 0.822, 2.74 and 6.80 τ on the CPU. The drift, and the forces
of N = 8000, are those of the same arithmetic with one list instead of two.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import config, cuda, typeof
from numpy.typing import NDArray

from softmodes.dynamics.cuda_kernels import (
    FRACTION_BITS,
    MAX_NEIGHBOURS,
    MAX_SHARED_BYTES,
    MAX_WIDE_NEIGHBOURS,
    N_RECORDED,
    SKIN,
    advance_kernel,
    n_threads,
    shared_bytes,
)
from softmodes.dynamics.equilibration import (
    Equilibration,
    Schedule,
    check_coupling,
    inherent_energy_of,
)
from softmodes.dynamics.interruption import Checkpoint, Progress
from softmodes.dynamics.isoconfigurational import Ensemble, ensemble_of, sampling, velocities_of_run
from softmodes.dynamics.replicas import spatial_order
from softmodes.dynamics.trajectory import (
    BAROSTAT_TIME,
    COMPRESSIBILITY,
    THERMOSTAT_TIME,
    PhasePoint,
)
from softmodes.errors import InputError
from softmodes.random_streams import generator_state, set_generator_state
from softmodes.system.cell import Cell
from softmodes.system.configuration import Configuration
from softmodes.system.mixture import SMALL, Mixture
from softmodes.system.velocities import maxwell_boltzmann

DEFAULT_SHARED_BYTES = 48 * 1024
"""Shared memory that a block may have without asking."""

PARTICLE_STEPS_PER_LAUNCH = 40_000_000
"""Of each system, at most; a launch then takes less than a second."""

MAX_BLOCKS = 2000
"""Blocks of steps in a launch, at most."""


@dataclass(frozen=True)
class Coupling:
    """What acts on the systems after every block of steps.

    Attributes:
        interval: length of a block, in τ.
        temperature: in ε.
        pressure: of the barostat, in ε/σ11²; None keeps the box.
    """

    interval: float
    temperature: float
    pressure: float | None = None


class Systems:
    """Systems of one mixture and size moving in time on the device.

    Args:
        starts: where to start, all with the same number of particles.
        mixture: of the particles.
        time_step: in τ.

    Attributes:
        order: (S, N), the particle at each index on the device.

    Raises:
        InputError: if there is no device, a system is too large, or a box too small or tilted.
    """

    def __init__(self, starts: Sequence[PhasePoint], mixture: Mixture, time_step: float) -> None:
        check_device()
        configurations = [start.configuration for start in starts]
        for configuration in configurations:
            _check(configuration, mixture)
        self.n_systems, self.n_particles = len(starts), configurations[0].n_particles
        self.time_step, self.species = time_step, configurations[0].species
        self.order = np.stack([_order(configuration) for configuration in configurations])
        lengths = np.array([configuration.cell.length for configuration in configurations])
        positions = np.stack([configuration.positions for configuration in configurations])
        velocities = np.stack([start.velocities for start in starts])
        places = np.rint(positions / lengths[:, None, None] * 2.0**FRACTION_BITS).astype(np.int64)

        self._stream = cuda.stream()
        self._places = self._to_device(self._in_order(places))
        self._velocities = self._to_device(self._in_order(velocities))
        self._lengths = self._to_device(lengths)
        self._status = self._to_device(np.zeros(self.n_systems, np.int32))
        n, near, wide = self.n_particles, MAX_NEIGHBOURS // 4, MAX_WIDE_NEIGHBOURS // 4
        self._lists = (
            self._on_device((self.n_systems * near * n,), np.uint64),
            self._on_device((self.n_systems * wide * n,), np.uint64),
            self._on_device((self.n_systems, n), np.int64),
        )
        self._noise = self._on_device((MAX_BLOCKS, self.n_systems, 3), np.float64)
        self._record = self._on_device((MAX_BLOCKS, self.n_systems, N_RECORDED), np.float64)
        self._start, self._moments = self._places, self._to_device(np.zeros((1, 3, 1)))
        n_small = int(np.count_nonzero(self.species == SMALL))
        self._kernel = advance_kernel(mixture, n, n_small)
        _allow_shared(self._kernel, self._arguments(0, 0, None, False), shared_bytes(n))

    def blocks_per_launch(self, n_steps: int) -> int:
        """Blocks of so many steps that `advance` may be asked for at a time."""
        return min(MAX_BLOCKS, max(1, PARTICLE_STEPS_PER_LAUNCH // (self.n_particles * n_steps)))

    def advance(
        self,
        n_blocks: int,
        n_steps: int,
        coupling: Coupling | None = None,
        *,
        noise: NDArray[np.float64] | None = None,
        counted: bool = False,
    ) -> NDArray[np.float64]:
        """Advance by blocks of steps, each followed by the action of the coupling.

        Every call begins with lists made afresh, so that the bits of what follows depend on
        positions, velocities and box lengths alone.

        Args:
            n_blocks: at most `blocks_per_launch`.
            n_steps: of each block.
            coupling: None conserves the energy.
            noise: (n_blocks, S, 3) random numbers of the coupling, as the kernel takes them.
            counted: whether displacements since `follow` are added to `moments` after each block.

        Returns:
            (n_blocks, S, 4): potential energy per particle, in ε; pressure, in ε/σ11²; box length
            afterwards, in σ11; kinetic energy of the shadow Hamiltonian, in ε.

        Raises:
            InputError: if a particle is nowhere or has too many neighbours.
        """
        if noise is not None:
            self._noise[:n_blocks].copy_to_device(noise, stream=self._stream)
        self._kernel[
            self.n_systems,
            n_threads(self.n_particles),
            self._stream,
            shared_bytes(self.n_particles),
        ](*self._arguments(n_blocks, n_steps, coupling, counted))
        record = self._to_host(self._record[:n_blocks])
        if self._to_host(self._status).any():
            raise InputError(f"a particle has more than {MAX_NEIGHBOURS} neighbours; is it frozen?")
        if not np.isfinite(record).all():
            raise InputError("positions: a particle is nowhere; is the time step too long?")
        return record

    def follow(self) -> None:
        """Take displacements from here, and begin `moments` anew."""
        self._start = self._to_device(self.places)
        self._moments = self._to_device(np.zeros((self.n_systems, 3, self.n_particles)))

    @property
    def moments(self) -> NDArray[np.float64]:
        """Σ dx, Σ dy and Σ (dx² + dy²) over the counted blocks since `follow`: (S, N, 3)."""
        return _of_particles(self._to_host(self._moments), self.order)

    @property
    def lengths(self) -> NDArray[np.float64]:
        """Box lengths (S,), in σ11."""
        return self._to_host(self._lengths)

    @property
    def places(self) -> NDArray[np.int64]:
        """Positions (S, 2, N), in the order of the device, as whole numbers."""
        return self._to_host(self._places)

    @property
    def positions(self) -> NDArray[np.float64]:
        """Positions (S, N, 2), continuous in time, in σ11."""
        return _positions(self.places, self.order, self.lengths[:, None, None])

    @property
    def velocities(self) -> NDArray[np.float64]:
        """Velocities (S, N, 2), in σ11/τ."""
        return _of_particles(self._to_host(self._velocities), self.order)

    def rescale(self, lengths: NDArray[np.float64]) -> None:
        """Scale boxes to these lengths (S,), positions with them, velocities by the inverse."""
        factor = lengths / self.lengths
        velocities = self._to_host(self._velocities) / factor[:, None, None]
        self._velocities, self._lengths = self._to_device(velocities), self._to_device(lengths)

    def state(self) -> dict[str, NDArray]:
        """What a checkpoint holds of the systems.

        Returns:
            `order`, `places`, `velocities` (S, 2, N) in σ11/τ, in the order of the device, and
            `lengths`.
        """
        velocities = self._to_host(self._velocities)
        return {
            "order": self.order,
            "places": self.places,
            "velocities": velocities,
            "lengths": self.lengths,
        }

    def restore(self, state: Mapping[str, NDArray]) -> None:
        """Go on from there.

        Args:
            state: as `state` gives it, of as many systems of the same size.
        """
        self.order = state["order"]
        self._places = self._to_device(state["places"])
        self._velocities = self._to_device(state["velocities"])
        self._lengths = self._to_device(state["lengths"])

    def _arguments(
        self, n_blocks: int, n_steps: int, coupling: Coupling | None, counted: bool
    ) -> tuple:
        """Of the kernel."""
        decay, temperature, pressure, mobility = 1.0, 1.0, 0.0, 0.0
        if coupling is not None:
            temperature = coupling.temperature
            decay = math.exp(-coupling.interval / THERMOSTAT_TIME)
            if coupling.pressure is not None:
                pressure = coupling.pressure
                mobility = COMPRESSIBILITY / BAROSTAT_TIME * coupling.interval
        state = self._places, self._velocities, self._lengths, *self._lists
        motion = n_blocks, n_steps, self.time_step, temperature, decay, pressure, mobility
        samples = counted, self._start, self._moments
        return *state, *motion, self._noise, self._record, *samples, self._status

    def _in_order(self, values: NDArray) -> NDArray:
        """(S, N, 2) by particle as (S, 2, N) in the order of the device."""
        in_order = np.take_along_axis(values, self.order[:, :, None], axis=1)
        return np.ascontiguousarray(in_order.transpose(0, 2, 1))

    def _on_device(self, shape: tuple[int, ...], kind: type) -> Any:
        return cuda.device_array(shape, kind, stream=self._stream)

    def _to_device(self, values: NDArray) -> Any:
        return cuda.to_device(np.ascontiguousarray(values), stream=self._stream)

    def _to_host(self, values: Any) -> NDArray:
        result = values.copy_to_host(stream=self._stream)
        self._stream.synchronize()
        return result


@dataclass(frozen=True)
class Run:
    """What one system left on its way to equilibrium, before any quench.

    Attributes:
        end: where it ended.
        order: (N,), the particle at each index on the device.
        series_places: (E, 2, N), positions at the points of the series, as whole numbers of
            2^-40 box lengths.
        energy, pressures: (E,), means over the intervals of the series, as in
            `equilibration.Equilibration`.
        frame_places: (F, 2, N), at the schedule's blocks.
    """

    end: PhasePoint
    order: NDArray[np.int64]
    series_places: NDArray[np.int64]
    energy: NDArray[np.float64]
    pressures: NDArray[np.float64]
    frame_places: NDArray[np.int64]

    def equilibration(self, mixture: Mixture, schedule: Schedule) -> Equilibration:
        """The run with the energies of its inherent structures, found on the CPU."""
        species, cell = self.end.configuration.species, self.end.configuration.cell
        series = _positions(self.series_places, self.order, cell.length)
        inherent = [
            inherent_energy_of(Configuration(frame, species, cell), mixture) for frame in series
        ]
        points = np.arange(1.0, schedule.n_points + 1)
        return Equilibration(
            end=self.end,
            pressure=float(self.pressures.mean()),
            time=points * (schedule.blocks_per_point * schedule.interval),
            energy=self.energy,
            pressures=self.pressures,
            inherent_energy=np.array(inherent),
            frames=_positions(self.frame_places, self.order, cell.length),
            frame_time=schedule.frame_blocks.astype(np.float64) * schedule.interval,
        )


def equilibrate(
    starts: Sequence[Configuration],
    mixture: Mixture,
    temperature: float,
    *,
    schedule: Schedule,
    generators: Sequence[np.random.Generator],
    pressure: float | None = None,
    progress: Progress = lambda _: None,
    checkpoint: Checkpoint | None = None,
) -> list[Run]:
    """Bring configurations to a temperature, as `equilibration.equilibrate` does with one.

    Args:
        starts: of one mixture and size.
        temperature: in ε.
        schedule: as `equilibration.schedule` gives it.
        generators: of the random numbers of each system.
        pressure: of the barostat stage, in ε/σ11²; None if the schedule has none.
        progress: called with the fraction done.
        checkpoint: where to go on from and what to keep the state in.

    Raises:
        InputError: if a barostat stage has no pressure, or a pressure no barostat stage.
    """
    check_coupling(schedule, pressure)
    n_systems, n_particles = len(starts), starts[0].n_particles
    thermal = [
        PhasePoint(start, maxwell_boltzmann(n_particles, temperature, rng))
        for start, rng in zip(starts, generators, strict=True)
    ]
    systems = Systems(thermal, mixture, schedule.time_step)
    n_barostat, first = schedule.n_barostat, schedule.n_barostat
    points = first + schedule.blocks_per_point * np.arange(1, schedule.n_points + 1)
    frame_blocks = first + schedule.frame_blocks
    per_launch = systems.blocks_per_launch(schedule.steps_per_block)
    stops = np.unique(
        [*points, *frame_blocks[1:], *range(per_launch, schedule.n_blocks, per_launch), first]
    )
    areas, sums = np.zeros((n_barostat, n_systems)), np.zeros((schedule.n_points, n_systems, 2))
    series = np.zeros((schedule.n_points, n_systems, 2, n_particles), np.int64)
    frames = np.zeros((len(frame_blocks), n_systems, 2, n_particles), np.int64)
    done = 0
    if checkpoint is not None and (kept := checkpoint.load()) is not None:
        systems.restore(kept)
        done = int(kept["done"])
        for rng, text in zip(generators, kept["generators"].tolist(), strict=True):
            set_generator_state(rng, text)
        for array, name in ((areas, "areas"), (sums, "sums"), (series, "series")):
            array[:] = kept[name]
        frames[: len(kept["frames"])] = kept["frames"]
    if done == 0 == first:
        frames[0] = systems.places
    for stop in stops[stops > done].tolist():
        held = pressure if stop <= n_barostat else None
        noise = np.stack([_noise(rng, stop - done, n_particles) for rng in generators], axis=1)
        coupling = Coupling(schedule.interval, temperature, held)
        record = systems.advance(stop - done, schedule.steps_per_block, coupling, noise=noise)
        if stop <= n_barostat:
            areas[done:stop] = record[:, :, 2] ** 2
            if stop == n_barostat:
                systems.rescale(np.sqrt(areas[n_barostat // 2 :].mean(axis=0)))
        else:
            sums[(done - first) // schedule.blocks_per_point] += record[:, :, :2].sum(axis=0)
        done = stop
        if stop in points or stop in frame_blocks:
            series[points == stop] = frames[frame_blocks == stop] = systems.places
        progress(done / schedule.n_blocks)
        if checkpoint is not None and checkpoint.due():
            checkpoint.save(
                done=done,
                generators=[generator_state(rng) for rng in generators],
                areas=areas,
                sums=sums,
                series=series,
                frames=frames[: np.searchsorted(frame_blocks, done, "right")],
                **systems.state(),
            )

    positions, velocities, lengths = systems.positions, systems.velocities, systems.lengths
    means = sums / schedule.blocks_per_point
    return [
        Run(
            PhasePoint(
                Configuration(positions[s], systems.species, Cell(float(lengths[s]))),
                velocities[s],
            ),
            systems.order[s],
            series_places=series[:, s],
            energy=means[:, s, 0],
            pressures=means[:, s, 1],
            frame_places=frames[:, s],
        )
        for s in range(n_systems)
    ]


def run_ensemble(
    configuration: Configuration,
    mixture: Mixture,
    temperature: float,
    *,
    time_step: float,
    n_runs: int,
    debye_waller_time: float,
    sampling_interval: float,
    random_stream: Callable[[int], np.random.Generator],
    propensity_time: float | None = None,
    progress: Progress = lambda _: None,
) -> Ensemble:
    """Debye-Waller factor and dynamic propensity, as `isoconfigurational.run_ensemble` has them.

    Raises:
        InputError: as there; or there is no device.
    """
    n_sampling, n_samples, n_propensity = sampling(
        n_runs,
        time_step=time_step,
        debye_waller_time=debye_waller_time,
        sampling_interval=sampling_interval,
        propensity_time=propensity_time,
    )
    starts = [
        PhasePoint(
            configuration,
            velocities_of_run(configuration.n_particles, temperature, random_stream, run=run),
        )
        for run in range(n_runs)
    ]
    systems = Systems(starts, mixture, time_step)
    before = systems.positions

    def advance(n_steps: int, counted: bool) -> None:
        """Whole sampling intervals, then what is left."""
        n_blocks, rest = divmod(n_steps, n_sampling)
        per_launch = systems.blocks_per_launch(n_sampling)
        for done in range(0, n_blocks, per_launch):
            systems.advance(min(per_launch, n_blocks - done), n_sampling, counted=counted)
        if rest:
            systems.advance(1, rest)

    # the propensity's time may lie within the Debye-Waller time or beyond, between two samples
    n_debye_waller = n_samples * n_sampling
    n_first = min(n_propensity, n_debye_waller)
    systems.follow()
    advance(n_first, counted=True)
    if n_propensity <= n_debye_waller:
        square = np.sum((systems.positions - before) ** 2, axis=2)
        to_next = -n_first % n_sampling
        if to_next:
            systems.advance(1, to_next, counted=True)
        advance(n_debye_waller - n_first - to_next, counted=True)
    else:
        advance(n_propensity - n_debye_waller, counted=False)
        square = np.sum((systems.positions - before) ** 2, axis=2)
    progress(1.0)
    x, y, squares = np.moveaxis(systems.moments / n_samples, 2, 0)
    return ensemble_of(squares - x**2 - y**2, None if propensity_time is None else square)


def check_device() -> None:
    """Refuse to go on without a device.

    Raises:
        InputError: if there is none that numba can use.
    """
    if not cuda.is_available():
        raise InputError(
            'backend: cuda given, but numba finds no CUDA device; pip install "softmodes[cuda]" on '
            "a machine with an NVIDIA GPU and its driver, or choose cpu"
        )


def device_name() -> str:
    """Of the device in use, for the provenance."""
    if config.ENABLE_CUDASIM:
        return "simulator"
    name = cuda.get_current_device().name
    return name.decode() if isinstance(name, bytes) else name


def _check(configuration: Configuration, mixture: Mixture) -> None:
    """Refuse what the kernels would take wrongly."""
    cell, n_particles = configuration.cell, configuration.n_particles
    # lists are filled up with sites that were L/√8 away when they were made
    reach = math.sqrt(2.0) * (mixture.largest_cutoff + 0.5 * SKIN)
    cell.check_range(reach)
    if cell.tilt != 0.0:
        raise InputError(f"cell tilt: {cell.tilt} given, 0 expected by the backend cuda")
    if shared_bytes(n_particles) > MAX_SHARED_BYTES:
        raise InputError(
            f"n_particles: {n_particles} given, which is more than the memory of a GPU's "
            "multiprocessor holds (some 18000)"
        )


def _order(configuration: Configuration) -> NDArray[np.int64]:
    """Particles in the order of the device: small ones first, neighbours near each other."""
    nearby = spatial_order(configuration)
    return nearby[np.argsort(configuration.species[nearby], kind="stable")]


def _noise(rng: np.random.Generator, n_blocks: int, n_particles: int) -> NDArray[np.float64]:
    """Random numbers (n_blocks, 3) of one system's thermostat and barostat."""
    thermostat, barostat = rng.standard_normal((2, n_blocks))
    return np.stack([thermostat, rng.chisquare(2 * n_particles - 3, n_blocks), barostat], axis=1)


def _positions(
    places: NDArray[np.int64], order: NDArray[np.int64], length: float | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Positions (..., N, 2), in σ11, of places (..., 2, N) in the order of the device."""
    return _of_particles(places, order) * (length * 2.0**-FRACTION_BITS)


def _of_particles(values: NDArray, order: NDArray[np.int64]) -> NDArray:
    """(..., C, N) in the order of the device as (..., N, C) by particle."""
    index = np.argsort(order, axis=-1)[..., None]
    in_order = np.swapaxes(values, -1, -2)
    return np.take_along_axis(in_order, np.broadcast_to(index, (*in_order.shape[:-1], 1)), axis=-2)


def _allow_shared(kernel: Any, arguments: tuple, n_bytes: int) -> None:
    """Let a kernel have more shared memory to a block than it has without asking."""
    if n_bytes <= DEFAULT_SHARED_BYTES or config.ENABLE_CUDASIM:
        return
    from numba.cuda.cudadrv.driver import binding, driver

    compiled = kernel.compile(tuple(typeof(argument) for argument in arguments))
    function = compiled._codelibrary.get_cufunc()
    attribute = binding.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
    driver.cuKernelSetAttribute(attribute, n_bytes, function.handle, function.device.id)
