"""The command `softmodes`: state points to and from other programs, and where a file comes from.

    softmodes export results/demo N1200_T0.460_s000 --output glass.xyz
    softmodes import glass.xyz --output glass
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

from softmodes import extended_xyz, lineage, storage
from softmodes.errors import InputError

if TYPE_CHECKING:
    from softmodes import exchange

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
    except BrokenPipeError as error:
        # Python flushes once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(READER_GONE) from error


def _export(options: argparse.Namespace) -> None:
    from softmodes import exchange  # here: with its kernels, of no use to `provenance`

    frames = exchange.frames(options.results, options.state_point)
    if options.output == "-":
        sys.stdout.writelines(extended_xyz.lines(frames))
    else:
        extended_xyz.write(options.output, frames)
    # not among the frames, which may go to standard output under whatever name
    print(f"{options.output}: {len(frames)} frames", file=sys.stderr)


def _import(options: argparse.Namespace) -> None:
    from softmodes import exchange

    for name in exchange.FOLDERS:
        storage.check_folder(options.output / name)
    frame = extended_xyz.read(options.file)[0]
    asked = {name: getattr(options, name) for name in ("sigma", "exponent", "cutoff")}
    start, mixture = exchange.reduced(frame, **asked)
    asked |= {"gamma": options.gamma, "mode_fraction": options.mode_fraction}
    found = exchange.analyse(start, mixture, options.gamma, options.mode_fraction)
    paths = exchange.save(found, options.file, options.output, json.dumps(asked))
    print("\n".join(_numbers(found)))
    for path in paths:
        print(path)


def _numbers(found: exchange.Analysis) -> Iterator[str]:
    """What became of a configuration, a line per strain."""
    n_particles, density = found.attributes["n_particles"], found.attributes["density"]
    yield f"{n_particles} particles, density {density:.6g}; in units of sigma11, epsilon and tau:"
    yield (
        f"{'gamma':>8} {'energy':>12} {'pressure':>12} {'stress':>12}  "
        "lowest frequencies (imaginary below 0), stationary point"
    )
    columns = ("gamma", "energy", "pressure", "shear_stress", "n_negative", "converged")
    rows = zip(*(found.quenched[name] for name in columns), strict=True)
    for (gamma, energy, pressure, stress, order, converged), squares in zip(
        rows, found.soft["eigenvalues"], strict=True
    ):
        lowest = squares[2 : 2 + SHOWN_FREQUENCIES]  # after the translations
        frequencies = " ".join(f"{np.sign(x) * abs(x) ** 0.5:.4g}" for x in lowest)
        numbers = f"{gamma:8g} {energy:12.7g} {pressure:12.7g} {stress:12.5g}"
        yield f"{numbers}  {frequencies}, {_stationary_point(order, converged)}"


def _stationary_point(order: int, converged: bool) -> str:
    if not converged:
        return "not converged"
    return f"saddle of order {order}" if order else "minimum"


def _provenance(options: argparse.Namespace) -> None:
    for link in lineage.chain(options.file):
        print("  " * link.depth + ", ".join([link.name, *_told(link)]))


def _told(link: lineage.Link) -> Iterator[str]:
    """What is printed of one file: its state and, if it is known and new, where it comes from."""
    if link.depth:
        yield link.state
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
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    export = commands.add_parser(
        "export",
        help="write a state point as extended XYZ",
        description="Write a state point as extended XYZ: the thermal configuration, then its "
        "inherent structure at every strain, with their fields.",
    )
    export.add_argument("results", type=Path, help="folder of the study, results/demo or the like")
    export.add_argument("state_point", help="N120_T0.600_s000 or the like")
    export.add_argument("--output", "-o", required=True, help="file to write, - for stdout")
    export.set_defaults(run=_export)

    take = commands.add_parser(
        "import",
        help="quench a configuration from elsewhere and find its soft modes",
        description="Take the first configuration of an extended XYZ file through quenches and "
        "modes, and map where it is soft and where it gives way to shear.",
    )
    take.add_argument("file", type=Path, help="extended XYZ: species, pos, a square Lattice")
    take.add_argument("--output", "-o", type=Path, required=True, help="folder to write to")
    take.add_argument(
        "--sigma",
        type=float,
        nargs=3,
        metavar=("σ11", "σ12", "σ22"),
        help="diameters in the file's unit of length, 1 and 2 being its species by the order of "
        "their names (default: what a file of `export` tells)",
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
        help="strains, ascending, without 0 (default: %(default)s)",
    )
    take.add_argument(
        "--mode-fraction",
        type=float,
        default=0.01,
        help="number of soft modes, over 2N (default: %(default)s)",
    )
    take.set_defaults(run=_import)

    provenance = commands.add_parser(
        "provenance",
        help="tell where a file comes from",
        description="Print the chain of a file: itself and its inputs with theirs, when, by what "
        "commit and code each was written, and whether it is still what was read.",
    )
    provenance.add_argument(
        "file", type=Path, help="HDF5 file, table, figure or summary of a study"
    )
    provenance.set_defaults(run=_provenance)
    return parser
