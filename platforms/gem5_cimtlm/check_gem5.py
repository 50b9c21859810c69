#!/usr/bin/env python3
"""Runs the configurations in a gem5 that has the plugin and says what holds: docs/gem5.md.

check_gem5.py --gem5 GEM5/build/RISCV/gem5.opt --build BUILD [--soc cimtlm-soc] --out FOLDER
"""

import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import typing

HERE = os.path.dirname(os.path.abspath(__file__))
CPUS = ["atomic", "timing", "o3"]
CACHES = [False, True]
SHARE = 0.95  # of one request every 10 ns, at 20 ns latency
NO_PLUGIN = 77  # exit code, as test drivers take it for skipped
CPU_DRAINS = 200000  # ticks; what takes longer to drain is the device


class Program(typing.NamedTuple):
    """A program of the firmware."""

    name: str
    arguments: list
    cores: int = 1  # and devices
    counters: bool = True  # depend on nothing but the commands
    alone: str = None  # those of them that are others on cimtlm-soc, as an expression


# Waiting by interrupt and by polling, commands by ring and by registers, operands in memory and in the data window,
# weights held, one device and two.
FIRMWARE = [
    Program("gemm", ["m=24", "n=20", "k=70"]),
    Program("gemm", ["m=24", "n=20", "k=70", "wait=poll", "submit=registers", "held=1", "repeat=2"]),
    # Cores cut their accesses to the window differently: the bytes are the same.
    Program("gemm", ["m=24", "n=20", "k=70", "operands=window"], alone="accesses"),
    Program("gemm", ["m=24", "n=20", "k=70"], cores=2),
    # What a product that is stopped has done before depends on the time: the results tell what is right.
    Program("errors", [], counters=False),
    Program("pipeline", ["blocks=4", "m=16", "n=96"]),
    Program("lenet", ["images=8", "batch=2", "core=0"]),
]
# What the firmware measures with its clock; the rest of its results depends on nothing but the data.
TIMES = re.compile(r"ticks|idle_|host_|speedup|overlap|looks")


class Run:
    """A run of gem5: what it printed, how it ended, its statistics."""

    def __init__(self, options, name, config, arguments):
        self.folder = os.path.join(options.out, name)
        command = [options.gem5, "--outdir=" + self.folder, os.path.join(HERE, "configs", config)] + arguments
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        self.code, self.text = done.returncode, done.stdout
        with open(os.path.join(self.folder, "output.txt"), "w") as f:
            f.write(" ".join(command) + "\n" + self.text)

    def results(self):
        """The results of the firmware that are no times: {"mismatches": "0", ...}."""
        found = re.findall(r"^(\w+) = ([\d.]+)$", self.text, re.MULTILINE)
        return {name: value for name, value in found if not TIMES.match(name)}

    def counters(self, dump=-1):
        """Figures of the devices that are no times, from a dump (from 1 on; the last one): {"cim0.commands": 5, ...}."""
        with open(os.path.join(self.folder, "stats.txt")) as f:
            dumped = f.read().split("Begin Simulation Statistics")[dump]
        found = re.findall(r"^system\.cim(\d*)\.(\S+) +(\S+) +#", dumped, re.MULTILINE)
        return {f"cim{device or 0}.{name}": float(value) for device, name, value in found if not name.endswith("_ps")}


class StandAlone:
    """The same program on cimtlm-soc."""

    def __init__(self, options, elf, program):
        sets = ["--set", f"core.count={program.cores}", "--set", f"cim.count={program.cores}"]
        command = [options.soc, "run", elf] + program.arguments + sets + ["--json"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace")
        self.code, self.text = done.returncode, done.stderr
        self.json = json.loads(done.stdout) if done.stdout else {}

    results = Run.results

    def counters(self):
        counted = self.json["statistics"].items()
        values = {n: v for n, v in counted if n.startswith("cim") and not n.endswith("_ps")}
        # Energy by part; gem5 has it by part and action.
        for part, energy in self.json["energy"].items():
            device, dot, name = part.partition(".")
            if dot:
                values[f"{device}.energy.{name}"] = energy
        return values


def by_part(counters):
    """Energy of the actions of a part in one figure, totals left out."""
    sums = {}
    for name, value in counters.items():
        part = re.match(r"(\w+\.energy\.\w+)", name)
        if not name.endswith(".energy.total"):
            key = part[1] if part else name
            sums[key] = sums.get(key, 0) + value
    return sums


class Report:
    def __init__(self):
        self.failed = 0

    def say(self, holds, what, why=""):
        self.failed += not holds
        print(("ok      " if holds else "FAILED  ") + what + (": " + why if why and not holds else ""), flush=True)
        return holds

    def same(self, a, b, what):
        """The figures of two runs."""
        different = differences(a, b)
        self.say(bool(a) and not different, what, different or "none")


def differences(a, b):
    """What differs by more than the digits of stats.txt."""
    close = lambda x, y: x == y or (isinstance(x, float) and y is not None and abs(x - y) <= 1e-6 * abs(x) + 1e-5)
    names = sorted(set(a) | set(b))
    return ", ".join(f"{n} {a.get(n)} and {b.get(n)}" for n in names if not close(a.get(n), b.get(n)))


def check_traffic(options, report):
    run = Run(options, "traffic", "traffic.py", [])
    found = re.search(r"data window: .* share ([\d.]+)", run.text)
    report.say(bool(found) and float(found[1]) >= SHARE, "traffic: data window takes requests back to back", run.text)
    print("".join("        " + line + "\n" for line in run.text.splitlines() if "share" in line), end="")


def check_group(options, report, pool, name, config, arguments, counters=True):
    """A program on all CPUs, with and without caches: it ends well, with the same results, and the device has counted the
    same. Returns the first run that ended well."""
    kinds = [(cpu, caches) for caches in CACHES for cpu in options.cpus]
    start = lambda cpu, caches: pool.submit(
        Run,
        options,
        f"{name}-{cpu}" + ("-caches" if caches else ""),
        config,
        ["--cpu", cpu] + (["--caches"] if caches else []) + arguments,
    )
    runs = [(kind, start(*kind)) for kind in kinds]
    first = None
    for (cpu, caches), future in runs:
        run = future.result()
        what = f"{name}: {cpu}, {'caches' if caches else 'no caches'}"
        if not report.say(run.code == 0, what, f"ended with {run.code}\n{run.text}"):
            continue
        if first is None:
            first = run
            continue
        report.same(run.results(), first.results(), what + ", results")
        if counters:
            report.same(run.counters(), first.counters(), what + ", counters")
    return first


def check_firmware(options, report, pool, number, program):
    name = f"{number}-{program.name}"
    elf = os.path.join(options.firmware, program.name + ".elf")
    counts = ["--cores", str(program.cores), "--devices", str(program.cores)]
    arguments = counts + [elf] + program.arguments
    run = check_group(options, report, pool, name, "riscv_bare_metal.py", arguments, program.counters)
    if not run or not options.soc:
        return
    alone = StandAlone(options, elf, program)
    if report.say(alone.code == 0, f"{name}: stand-alone", alone.text):
        report.same(run.results(), alone.results(), f"{name}: stand-alone, results")
        if program.counters:
            kept = lambda all: {n: v for n, v in all.items() if not program.alone or not re.search(program.alone, n)}
            report.same(kept(by_part(run.counters())), kept(alone.counters()), f"{name}: stand-alone, counters")


def check_checkpoint(options, report, cpu):
    """Drain, checkpoint and restoring in the middle of products: all is counted once."""
    elf = os.path.join(options.firmware, "gemm.elf")
    program = [elf, "m=128", "n=128", "k=512", "core=0", "repeat=100"]
    folder = os.path.join(options.out, f"checkpoint-{cpu}")
    start = lambda name, arguments: Run(
        options, f"{name}-{cpu}", "riscv_bare_metal.py", ["--cpu", cpu, "--caches"] + arguments + program
    )
    whole = start("whole", [])
    end = re.search(r"exit: .* at (\d+)", whole.text)
    if not report.say(whole.code == 0 and bool(end), f"checkpoint, {cpu}: run without one", whole.text):
        return
    busy = False
    for part in 0.7, 0.6, 0.5, 0.4:  # somewhere the device is at work
        at = int(int(end[1]) * part)
        before = start("before", ["--checkpoint", folder, "--at", str(at)])
        drained = re.search(r"checkpoint: at (\d+)", before.text)
        if not report.say(before.code == 0 and bool(drained), f"checkpoint, {cpu}: written", before.text):
            return
        busy = int(drained[1]) - at > CPU_DRAINS
        if busy:
            break
    report.say(busy, f"checkpoint, {cpu}: the device was busy")
    after = start("after", ["--restore", folder])
    report.say(after.code == 0, f"checkpoint, {cpu}: restored", after.text)
    report.same(after.results(), whole.results(), f"checkpoint, {cpu}: results")
    first, second = before.counters(1), after.counters()
    sums = {name: first.get(name, 0) + second.get(name, 0) for name in first}
    report.same(sums, whole.counters(), f"checkpoint, {cpu}: counters before and behind it")


PARTS = ["traffic", "guest", "firmware", "checkpoint"]


def has_plugin(options):
    script = os.path.join(options.out, "has_plugin.py")
    with open(script, "w") as f:
        f.write("import sys\nimport m5.objects\nsys.exit(not hasattr(m5.objects, 'CimDevice'))\n")
    command = [options.gem5, "--outdir=" + os.path.join(options.out, "has_plugin"), script]
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gem5", required=True, help="gem5.opt with the plugin")
    parser.add_argument("--build", required=True, help="build folder of the libraries, with firmware and guest")
    parser.add_argument("--soc", help="cimtlm-soc, to compare with")
    parser.add_argument("--out", required=True, help="folder for the outputs of all runs")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to check (%(default)s)")
    parser.add_argument("--cpus", nargs="+", choices=CPUS, default=CPUS, help="CPUs to run (%(default)s)")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    options = parser.parse_args()
    options.firmware = os.path.join(options.build, "firmware")
    guest = os.path.join(options.build, "guest", "se_gemm")
    os.makedirs(options.out, exist_ok=True)
    if not has_plugin(options):
        print(f"{options.gem5} is no gem5 with the plugin: it knows no CimDevice")
        return NO_PLUGIN

    report = Report()
    there = {"guest": guest, "firmware": options.firmware, "checkpoint": options.firmware}
    for part, needed in there.items():
        if part in options.parts and not os.path.exists(needed):
            print(f"skipped {part}: no {needed}, which takes riscv64-unknown-elf-gcc and picolibc")
            options.parts = [p for p in options.parts if p != part]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        if "traffic" in options.parts:
            check_traffic(options, report)
        if "guest" in options.parts:
            check_group(options, report, pool, "se_gemm", "riscv_se.py", [guest])
        if "firmware" in options.parts:
            for number, program in enumerate(FIRMWARE):
                check_firmware(options, report, pool, number, program)
        if "checkpoint" in options.parts:
            list(pool.map(lambda cpu: check_checkpoint(options, report, cpu), options.cpus))
    print(f"{report.failed} failed" if report.failed else "all hold")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
