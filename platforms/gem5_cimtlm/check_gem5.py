#!/usr/bin/env python3
"""Runs the configurations in a gem5 that has the plugin and says what holds: docs/gem5.md.

check_gem5.py --gem5 GEM5/build/RISCV/gem5.opt --firmware BUILD/firmware --guest BUILD/guest/se_gemm --out FOLDER
"""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CPUS = ["atomic", "timing", "o3"]
CACHES = [False, True]
SHARE = 0.95  # of one request every 10 ns, at 20 ns latency

# Programs of the firmware and their arguments: waiting by interrupt and by polling, commands by ring and by registers,
# operands in memory and in the data window.
FIRMWARE = [
    ("gemm", ["m=24", "n=20", "k=70"]),
    ("gemm", ["m=24", "n=20", "k=70", "wait=poll", "submit=registers"]),
    ("gemm", ["m=24", "n=20", "k=70", "operands=window"]),
    ("faults", []),
]


class Run:
    """A run of gem5: what it printed, how it ended, its statistics."""

    def __init__(self, options, name, config, arguments):
        self.folder = os.path.join(options.out, name)
        command = [options.gem5, "--outdir=" + self.folder, os.path.join(HERE, "configs", config)] + arguments
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        self.code, self.text = done.returncode, done.stdout
        with open(os.path.join(self.folder, "output.txt"), "w") as f:
            f.write(" ".join(command) + "\n" + self.text)

    def console(self):
        return self.text.partition("console:\n")[2]

    def counters(self):
        """Figures of the devices that are no times, from the last dump: {"commands": 5, ...}."""
        with open(os.path.join(self.folder, "stats.txt")) as f:
            last = f.read().split("Begin Simulation Statistics")[-1]
        found = re.findall(r"^system\.cim(\d*)\.(\S+) +(\S+) +# (.*?) \((\w+)\)$", last, re.MULTILINE)
        return {
            device + ":" + name: float(value)
            for device, name, value, description, unit in found
            if not description.endswith(", ps") and not re.match(r"\w+_bridge", name)
        }


class Report:
    def __init__(self):
        self.failed = 0

    def say(self, holds, what, why=""):
        self.failed += not holds
        print(("ok      " if holds else "FAILED  ") + what + (": " + why if why and not holds else ""), flush=True)
        return holds


def differences(a, b):
    names = sorted(set(a) | set(b))
    return ", ".join(f"{n} {a.get(n)} and {b.get(n)}" for n in names if a.get(n) != b.get(n))


def check_traffic(options, report):
    run = Run(options, "traffic", "traffic.py", [])
    found = re.search(r"data window: .* share ([\d.]+)", run.text)
    report.say(bool(found) and float(found[1]) >= SHARE, "traffic: data window takes requests back to back", run.text)
    print("".join("        " + line + "\n" for line in run.text.splitlines() if "share" in line), end="")


def check_group(options, report, pool, name, config, arguments, program):
    """A program on all CPUs, with and without caches: it ends well, and the device has counted the same."""
    kinds = [(cpu, caches) for caches in CACHES for cpu in options.cpus]
    start = lambda cpu, caches: pool.submit(
        Run,
        options,
        f"{name}-{cpu}" + ("-caches" if caches else ""),
        config,
        ["--cpu", cpu] + (["--caches"] if caches else []) + arguments + program,
    )
    runs = [(kind, start(*kind)) for kind in kinds]
    first = None
    for (cpu, caches), future in runs:
        run = future.result()
        what = f"{name}: {cpu}, {'caches' if caches else 'no caches'}"
        if not report.say(run.code == 0, what, f"ended with {run.code}\n{run.text}"):
            continue
        counters = run.counters()
        if not counters:
            report.say(False, what + ", counters", "none in stats.txt")
        elif first is None:
            first = counters
        else:
            report.say(counters == first, what + ", counters", differences(counters, first))
    return first


def check_checkpoint(options, report):
    """Drain, checkpoint and restoring in the middle of a product."""
    elf = os.path.join(options.firmware, "gemm.elf")
    program = [elf, "m=64", "n=64", "k=256", "core=0"]
    whole = Run(options, "whole", "riscv_bare_metal.py", ["--cpu", "timing"] + program)
    end = re.search(r"exit: .* at (\d+)", whole.text)
    if not report.say(whole.code == 0 and bool(end), "checkpoint: run without one", whole.text):
        return
    folder = os.path.join(options.out, "checkpoint")
    for part in 0.5, 0.9:
        at = str(int(int(end[1]) * part))
        before = Run(
            options, "before", "riscv_bare_metal.py", ["--cpu", "timing", "--checkpoint", folder, "--at", at] + program
        )
        report.say(before.code == 0, f"checkpoint: written after {at} ticks", before.text)
        after = Run(options, "after", "riscv_bare_metal.py", ["--cpu", "timing", "--restore", folder] + program)
        report.say(after.code == 0, "checkpoint: restored", after.text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gem5", required=True, help="gem5.opt with the plugin")
    parser.add_argument("--firmware", help="folder with the ELF files of the RISC-V SoC")
    parser.add_argument("--guest", help="se_gemm for the syscall emulation")
    parser.add_argument("--out", required=True, help="folder for the outputs of all runs")
    parser.add_argument("--cpus", nargs="+", default=CPUS, help="CPUs to run (%(default)s)")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)

    report = Report()
    check_traffic(options, report)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        if options.guest:
            check_group(options, report, pool, "se_gemm", "riscv_se.py", [], [options.guest])
        if options.firmware:
            for i, (name, arguments) in enumerate(FIRMWARE):
                elf = os.path.join(options.firmware, name + ".elf")
                check_group(options, report, pool, f"{name}{i}", "riscv_bare_metal.py", [], [elf] + arguments)
            check_checkpoint(options, report)
    print(f"{report.failed} failed" if report.failed else "all hold")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
