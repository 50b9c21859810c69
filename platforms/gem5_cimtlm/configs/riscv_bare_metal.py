"""The firmware of the RISC-V SoC on a core of gem5, with CiM devices: docs/gem5.md.

gem5.opt platforms/gem5_cimtlm/configs/riscv_bare_metal.py --cpu o3 --caches FIRMWARE.elf [ARGUMENT...]
"""

import argparse
import os
import sys

import m5
from m5.objects import *
from m5.util.convert import toMemorySize

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from common import L1, L2, add_options, cpus_of, devices_of, root_of, run, system_of
from soc_map import soc_map

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
add_options(parser)
parser.add_argument("--cores", type=int, default=1, help="harts")
parser.add_argument("--checkpoint", metavar="FOLDER", help="write a checkpoint there, after --at ticks, and go on")
parser.add_argument("--at", type=int, default=0, metavar="TICKS")
parser.add_argument("--restore", metavar="FOLDER", help="begin with the checkpoint there")
parser.add_argument("firmware", help="ELF file")
parser.add_argument("arguments", nargs=argparse.REMAINDER, help="of the firmware's command line")
args = parser.parse_args()

at = soc_map()
system = system_of(args, AddrRange(at["RAM"], size=args.ram))
m5.disableAllListeners()

# SiFive's HiFive: CLINT, PLIC and UART where the address map has them.
system.platform = HiFive()
system.platform.clint.pio_addr = at["CLINT"]
system.platform.plic.pio_addr = at["PLIC"]
system.platform.uart.pio_addr = at["UART"]
system.platform.uart_int_id = at["UART_SOURCE"]
system.platform.rtc = RiscvRTC(frequency="100MHz")
system.platform.clint.int_pin = system.platform.rtc.int_pin
system.platform.setNumCores(args.cores)
# Context 2 * hart + 1, which the firmware uses, raises the machine's interrupt: in machine mode gem5 24.0 takes no
# supervisor's (src/arch/riscv/interrupts.cc, globalMask).
system.platform.plic.hart_config = ",".join(["SM"] * args.cores)
system.platform.attachPlic()
system.platform.plic.n_src = at["CIM_SOURCE"] + args.devices
system.platform.attachOnChipIO(system.membus)

system.iobus = IOXBar()
system.platform.attachOffChipIO(system.iobus)
system.platform.pci_host.pio = system.iobus.mem_side_ports
system.bridge = Bridge(delay="50ns", ranges=system.platform._off_chip_ranges())
system.bridge.cpu_side_port = system.membus.mem_side_ports
system.bridge.mem_side_port = system.iobus.cpu_side_ports

devices = devices_of(system, args, system.membus, platform=system.platform)

system.cpu = cpus_of(args, args.cores)
uncacheable = system.platform._on_chip_ranges() + system.platform._off_chip_ranges()
for device in devices:
    uncacheable += device.ranges()
for cpu in system.cpu:
    cpu.mmu.pma_checker = PMAChecker(uncacheable=uncacheable)
    if args.caches:
        cpu.addTwoLevelCacheHierarchy(L1(), L1(), L2())
    cpu.createInterruptController()
    cpu.connectBus(system.membus)
    cpu.createThreads()

words = [os.path.splitext(os.path.basename(args.firmware))[0]] + args.arguments
words += [f"cores={args.cores}", f"devices={args.devices}", f"memory={toMemorySize(args.ram) >> 20}"]
system.workload = RiscvBareMetal(bootloader=args.firmware, semihosting=RiscvSemihosting(cmd_line=" ".join(words)))

root = root_of(system, full_system=True)
m5.instantiate(args.restore)

if args.checkpoint:
    event = run(args.at)
    if event.getCause() != "simulate() limit reached":
        sys.exit("the firmware ended before the checkpoint")
    m5.checkpoint(args.checkpoint)  # once everything is drained
    print("checkpoint: at", m5.curTick())
    m5.stats.dump()
event = run()

console = os.path.join(m5.options.outdir, "system.platform.terminal")
with open(console, errors="replace") as f:
    print("console:\n" + f.read(), end="")
sys.exit(event.getCode() if event.getCause().startswith("semi") else 1)
