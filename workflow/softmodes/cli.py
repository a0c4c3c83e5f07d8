"""The command `softmodes`: state points to and from other programs, and where a file comes from.

    softmodes export results/demo N1200_T0.460_s000 --output glass.xyz
    softmodes import glass.xyz --output glass
    softmodes import others.lammpstrj --output others --sigma 1=1 2=1.4 mixed=1.2
    softmodes provenance results/demo/figures/fig1.pdf

A mistake of the user ends in one message and exit code 1.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from softmodes import __version__
from softmodes.errors import InputError
from softmodes.study import atomic, provenance

if TYPE_CHECKING:
    from softmodes.interop import exchange
    from softmodes.interop.extended_xyz import Frame
    from softmodes.system.mixture import Mixture

GAMMA = [0.0001, 0.001, 0.01, 0.1]
SHOWN_FREQUENCIES = 3

READER_GONE = 141
"""Exit code of a program that SIGPIPE ends, as shells tell it."""

SHORT = 12
"""Characters of a digest that are printed."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command.

    Raises:
        SystemExit: with code 1 after a mistake in files or values, with 2 after one in the
            arguments' form, with that of SIGPIPE when nobody reads what is printed.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # γ on a console that has none
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            options = _parser().parse_args(arguments)
            options.run(options)
        finally:
            sys.stdout.flush()
    except InputError as error:
        print(f"softmodes: {error}", file=sys.stderr)
        raise SystemExit(1) from error
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] == __package__:
            raise
        wanted = f'{error.name} is not installed; pip install "softmodes[workflow]"'
        print(f"softmodes: {wanted}", file=sys.stderr)
        raise SystemExit(1) from error
    except BrokenPipeError as error:
        # Python flushes once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(READER_GONE) from error


def _export(options: argparse.Namespace) -> None:
    from softmodes.interop import exchange  # here: with its kernels, of no use to `provenance`

    printed = options.output == "-"
    lines = exchange.writer("" if printed else options.output)
    frames = [
        frame for name in options.state_points for frame in exchange.frames(options.results, name)
    ]
    if printed:
        sys.stdout.writelines(lines(frames))
    else:
        exchange.write(options.output, frames)
    # not among the frames, which may go to standard output under whatever name
    print(f"{options.output}: {len(frames)} frames", file=sys.stderr)


def _import(options: argparse.Namespace) -> None:
    from softmodes.interop import exchange, foreign

    for name in exchange.FOLDERS:
        atomic.check_folder(options.output / name)
    frame = foreign.read(options.file, options.frame)
    asked = {name: getattr(options, name) for name in ("sigma", "exponent", "cutoff")}
    sigma = options.sigma and exchange.diameters(frame.symbols, options.sigma)
    start, mixture = exchange.reduced(
        frame, sigma, exponent=options.exponent, cutoff=options.cutoff
    )
    print("\n".join(_given(frame, start, mixture)), flush=True)
    rest = {name: getattr(options, name) for name in ("gamma", "mode_fraction", "temperature")}
    found = exchange.analyse(start, mixture, **rest)
    config = json.dumps(asked | rest)
    paths = exchange.save(found, options.file, options.output, config=config, frame=options.frame)
    print("\n".join(_numbers(found)))
    for path in paths:
        print(path)


def _given(frame: Frame, start: Frame, mixture: Mixture) -> Iterator[str]:
    """What a configuration is taken for, and what speaks against it."""
    from softmodes.interop import exchange

    given, cell = start.configuration, start.configuration.cell
    unit = frame.configuration.cell.length / cell.length
    diameters = (mixture.sigma_small, mixture.sigma_large)
    for kind, (size, sigma) in enumerate(zip(("small", "large"), diameters, strict=True)):
        if number := np.count_nonzero(given.species == kind):
            yield (
                f"{size}: {start.symbols[kind]}, sigma {sigma * unit:.6g} in the file, "
                f"{sigma:.6g} below, {number} of {given.n_particles} particles"
            )
    if len(start.symbols) == 2:
        sigma = mixture.sigma_mixed
        yield f"mixed: sigma {sigma * unit:.6g} in the file, {sigma:.6g} below"
    found = exchange.packing(given, mixture)
    yield (
        f"as given: density {found.density:.6g}, energy {found.energy:.6g} per particle, "
        f"pressure {found.pressure:.6g} without kinetic part; in units of sigma11, epsilon and tau"
    )
    if cell.tilt:
        yield (
            f"the cell is tilted by {cell.tilt / cell.length:.6g} of its length; "
            "gamma counts from there"
        )
    if len(start.symbols) == 2 and found.exchanged < found.energy:
        yield f"WARNING: exchanged diameters would have the lower energy, {found.exchanged:.6g}"
    if found.overlapping:
        yield f"WARNING: {found.overlapping} pairs overlap; are the diameters too large?"
    if found.nearest > exchange.LOOSE:
        yield (
            f"WARNING: loose, half of the particles have none within {found.nearest:.3g} diameters;"
            " are the diameters too small?"
        )


def _numbers(found: exchange.Analysis) -> Iterator[str]:
    """What became of a configuration, a line per strain, and its overlaps."""
    yield (
        f"{'gamma':>8} {'energy':>12} {'pressure':>12} {'stress':>12}  "
        "lowest frequencies (imaginary below 0), stationary point"
    )
    columns = ("gamma", "energy", "pressure", "shear_stress", "n_negative", "converged")
    rows = zip(*(getattr(found.quenched, name) for name in columns), strict=True)
    for (gamma, energy, pressure, stress, order, converged), squares in zip(
        rows, found.soft.eigenvalues, strict=True
    ):
        lowest = squares[2 : 2 + SHOWN_FREQUENCIES]  # after the translations
        frequencies = " ".join(f"{np.sign(x) * abs(x) ** 0.5:.4g}" for x in lowest)
        numbers = f"{gamma:8g} {energy:12.7g} {pressure:12.7g} {stress:12.5g}"
        yield f"{numbers}  {frequencies}, {_stationary_point(order, converged)}"
    yield f"{'gamma':>8} {'fields':>12} {'overlap':>8} {'shuffled':>12} {'within species':>15}"
    for row in found.overlaps.itertuples():
        yield (
            f"{row.gamma:8g} {row.quantity:>12} {row.overlap:8.3f} {row.random:12.3f} "
            f"{row.within_species:15.3f}"
        )


def _stationary_point(order: int, converged: bool) -> str:
    if not converged:
        return "not converged"
    return f"saddle of order {order}" if order else "minimum"


def _provenance(options: argparse.Namespace) -> None:
    for link in provenance.chain(options.file):
        print("  " * link.depth + ", ".join([link.name, *_told(link)]))


def _told(link: provenance.Link) -> Iterator[str]:
    """What is printed of one file: its state and, if it is known and new, where it comes from."""
    if link.depth:
        yield link.state
        if link.name.startswith(".."):
            yield "outside this study"
    if link.repeated:
        yield "inputs above"
    elif link.provenance:
        commit, *changed = link.provenance["git_commit"].split("-")
        yield f"written {link.provenance['written']}"
        yield "-".join([f"commit {commit[:SHORT]}", *changed])
        yield f"code {link.provenance['code_digest'][:SHORT] or 'unknown'}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="softmodes", description="State points to and from other programs; provenance."
    )
    parser.add_argument("--version", action="version", version=f"softmodes {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    export = commands.add_parser(
        "export",
        help="write state points for other programs",
        description="Write state points as one trajectory: of each the thermal configuration, with "
        "velocities, then its inherent structure at every strain, with their fields.",
    )
    export.add_argument("results", type=Path, help="folder of the study, results/demo or the like")
    export.add_argument(
        "state_points", nargs="+", metavar="state_point", help="N120_T0.600_s000 or the like"
    )
    export.add_argument(
        "--output",
        "-o",
        required=True,
        help=".xyz or .extxyz (extended XYZ) or .lammpstrj (LAMMPS dump), with .gz after it if to "
        "be compressed; - for stdout",
    )
    export.set_defaults(run=_export)

    take = commands.add_parser(
        "import",
        help="quench a configuration from elsewhere and find its soft modes",
        description="Take a configuration through quenches and modes, and map where it is soft and "
        "where it gives way to shear; at a temperature, also where it is mobile.",
    )
    take.add_argument(
        "file",
        type=Path,
        help="extended XYZ, LAMMPS dump or data, .gro or what else ASE reads, compressed or not: "
        "one or two kinds of particles in a square cell, tilted or not",
    )
    take.add_argument("--output", "-o", type=Path, required=True, help="folder to write to")
    take.add_argument(
        "--sigma",
        nargs="+",
        metavar="KIND=σ",
        help="diameters by kind in the file's unit of length, as in --sigma He=1 Ar=1.4 mixed=1.2; "
        "σ11 σ12 σ22 do for kinds 1 and 2, or A and B (default: what a file of `export` tells)",
    )
    take.add_argument(
        "--frame", type=int, default=0, help="which configuration, from 0 (default: the first)"
    )
    take.add_argument("--exponent", type=int, help="n of (σ/r)^n (default: the file's, or 12)")
    take.add_argument(
        "--cutoff",
        type=float,
        help="where the pair potential ends, in σ (default: the file's, 2.5)",
    )
    take.add_argument(
        "--gamma",
        type=float,
        nargs="+",
        metavar="γ",
        default=GAMMA,
        help="strains from the configuration on, ascending, without 0 (default: %(default)s)",
    )
    take.add_argument(
        "--mode-fraction",
        type=float,
        default=0.01,
        help="number of soft modes, over 2N (default: %(default)s)",
    )
    take.add_argument(
        "--temperature",
        type=float,
        metavar="T",
        help="run it 96 times over 10 τ at this k_B T/ε, for Debye-Waller factors and overlaps",
    )
    take.set_defaults(run=_import)

    chain = commands.add_parser(
        "provenance",
        help="tell where a file comes from",
        description="Print the chain of a file: itself and its inputs with theirs, when, by what "
        "commit and code each was written, and whether it is still what was read.",
    )
    chain.add_argument("file", type=Path, help="HDF5 file, table, figure or summary of a study")
    chain.set_defaults(run=_provenance)
    return parser
