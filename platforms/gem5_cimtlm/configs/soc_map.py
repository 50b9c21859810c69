"""The address map that firmware, the stand-alone RISC-V SoC and gem5 share, from its C header."""

import os
import re

SOC_MAP_H = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../riscv_soc/firmware/soc_map.h")


def soc_map(file=SOC_MAP_H):
    """Its constants: {"RAM": 0x80000000, ...}."""
    with open(file) as f:
        found = re.findall(r"^#define SOC_(\w+) (0x[0-9a-fA-F]+|\d+)u\b", f.read(), re.MULTILINE)
    return {name: int(value, 0) for name, value in found}
