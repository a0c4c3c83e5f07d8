"""What results depend on in the machine: its processor and the width of its vectors.

Both decide how sums are rounded, which chaos makes visible. They are recorded in the provenance,
and count for nothing in the digest of the code.
"""

from __future__ import annotations

import functools
import platform
from pathlib import Path

_SUM = """
define <8 x double> @sum(<8 x double> %a, <8 x double> %b) {
    %c = fadd <8 x double> %a, %b
    ret <8 x double> %c
}
"""


CPUINFO = Path("/proc/cpuinfo")


def processor() -> str:
    """The name of the processor's model."""
    return _described().get("model name", platform.processor())


def processor_identity() -> dict[str, str]:
    """`cpu_family`, `cpu_model` and `cpu_stepping` as the maker of the processor numbers them.

    Where the system doesn't tell, `unknown`. Processors of one name, "AMD EPYC" for one, differ in
    them.
    """
    described = _described()
    keys = {"cpu_family": "cpu family", "cpu_model": "model", "cpu_stepping": "stepping"}
    return {name: described.get(key, "unknown") for name, key in keys.items()}


def _described() -> dict[str, str]:
    """What Linux tells of the first core; nothing elsewhere."""
    try:
        first, *_ = CPUINFO.read_text().split("\n\n")
    except OSError:
        return {}
    parted = (line.partition(":") for line in first.splitlines())
    return {key.strip(): value.strip() for key, _, value in parted}


@functools.cache
def vector_bytes() -> int:
    """Bytes of a vector in compiled code: 64 where the compiler may use AVX-512, else 32.

    LLVM tells, by how it adds vectors of 64 bytes for the processor and the features that numba
    compiles for: those of this machine, or of NUMBA_CPU_NAME and NUMBA_CPU_FEATURES.
    """
    # imported here: slow, and of no use to those who only read files
    from llvmlite import binding
    from numba.core.registry import cpu_target

    triple, name, features = cpu_target.target_context.codegen().magic_tuple()
    target = binding.Target.from_triple(triple)
    compiler = target.create_target_machine(cpu=name, features=features)
    assembly = compiler.emit_assembly(binding.parse_assembly(_SUM))
    return 64 if "%zmm" in assembly else 32
