"""A program in gem5's syscall emulation that uses the CiM device by its driver: docs/gem5.md.

gem5.opt platforms/gem5_cimtlm/configs/riscv_se.py --cpu o3 --caches PROGRAM [ARGUMENT...]
"""

import argparse
import os
import sys

import m5
from m5.objects import *

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from common import L1, L2, add_options, cpus_of, devices_of, root_of, run, system_of

# Memory for operands, at the same address for programs and devices; programs get none of it otherwise.
SHARED = AddrRange(0x60000000, size="4MiB")

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
add_options(parser)
parser.add_argument("program", help="statically linked ELF file")
parser.add_argument("arguments", nargs=argparse.REMAINDER, help="of the program")
args = parser.parse_args()

ram = AddrRange(0, size=args.ram)
system = system_of(args, ram)
system.mem_ranges = [ram, SHARED]
system.shared = SimpleMemory(range=SHARED, latency="30ns", bandwidth="12.8GiB/s", conf_table_reported=False)
system.shared.port = system.membus.mem_side_ports

system.cpu = cpus_of(args, 1)[0]
system.cpu.createInterruptController()
if args.caches:
    # All pages are cacheable here: the way to the devices parts before the caches.
    system.cpu.l1_bus = L2XBar(snoop_filter=NULL, point_of_unification=False)
    system.cpu.icache, system.cpu.dcache, system.cpu.l2cache = L1(), L1(), L2()
    system.cpu.icache.cpu_side = system.cpu.icache_port
    system.cpu.l1_bus.cpu_side_ports = system.cpu.dcache_port
    system.cpu.dcache.cpu_side = system.cpu.l1_bus.mem_side_ports
    system.cpu.dcache.addr_ranges = system.mem_ranges
    system.cpu.l2_bus = L2XBar()
    for cache in system.cpu.icache, system.cpu.dcache:
        cache.mem_side = system.cpu.l2_bus.cpu_side_ports
    system.cpu.mmu.connectWalkerPorts(system.cpu.l2_bus.cpu_side_ports, system.cpu.l2_bus.cpu_side_ports)
    system.cpu.l2cache.cpu_side = system.cpu.l2_bus.mem_side_ports
    system.cpu.l2cache.mem_side = system.membus.cpu_side_ports
    device_bus = system.cpu.l1_bus
else:
    system.cpu.connectBus(system.membus)
    device_bus = system.membus
devices = devices_of(system, args, device_bus)

system.workload = SEWorkload.init_compatible(args.program)
process = Process(cmd=[args.program] + args.arguments)
system.cpu.workload = process
system.cpu.createThreads()

root = root_of(system, full_system=False)
m5.instantiate()
for area in [SHARED] + [r for device in devices for r in device.ranges()]:
    process.map(area.start, area.start, area.size(), cacheable=area is SHARED)
event = run()
sys.exit(event.getCode())
