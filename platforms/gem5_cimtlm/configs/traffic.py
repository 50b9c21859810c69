"""How many requests the data window takes: back-to-back requests of a traffic generator, and the same against a plain
memory of gem5 for comparison: docs/gem5.md.

gem5.opt platforms/gem5_cimtlm/configs/traffic.py [--period 10ns] [--latency 20] [--size 64] [--read 100]
"""

import argparse
import os
import sys

import m5
from m5.objects import *
from m5.util.convert import toLatency

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from common import root_of
from soc_map import soc_map

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--period", default="10ns", help="between two requests")
parser.add_argument("--latency", type=int, default=20, help="of both memories, ns")
parser.add_argument("--requests", type=int, default=1000)
parser.add_argument("--size", type=int, default=64, help="bytes of a request")
parser.add_argument("--read", type=int, default=100, help="percent of reads")
parser.add_argument("--machine", default="soc/cim_device", help="machine of cimtlm")
parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a key of the machine")
args = parser.parse_args()

BYTES = 32 * 1024  # of either memory that requests go to
at = soc_map()
window = AddrRange(at["CIM_WINDOW"], size=at["CIM_WINDOW_STRIDE"])
plain = AddrRange(at["RAM"], size=BYTES)

system = System(mem_mode="timing", mem_ranges=[plain, window], cache_line_size=64)
system.voltage_domain = VoltageDomain()
system.clk_domain = SrcClockDomain(clock="1GHz", voltage_domain=system.voltage_domain)

# Latencies in cycles of 1 GHz: ns.
sets = ["technology.clock_mhz=1000", f"device.activation_memory.latency_cycles={args.latency}"] + args.set
system.cim = CimDevice(
    machine=args.machine,
    sets=sets,
    dma_on=False,
    control_address=at["CIM_CONTROL"],
    window_address=at["CIM_WINDOW"],
    window_size=at["CIM_WINDOW_STRIDE"],
)
system.registers = IOXBar()  # somebody has to be there
system.system_port = system.registers.cpu_side_ports
system.cim.ctrl_bridge = Gem5ToTlmBridge32(addr_ranges=[system.cim.control_range()])
system.cim.ctrl_bridge.gem5 = system.registers.mem_side_ports
system.cim.ctrl_bridge.tlm = system.cim.ctrl
system.cim.window_bridge = Gem5ToTlmBridge32(addr_ranges=[system.cim.window_range()])
system.cim.window_bridge.tlm = system.cim.window
# The generator drops packets that lead to no memory of the system.
system.window_is_memory = SimpleMemory(range=window, null=True)

system.memory = SimpleMemory(range=plain, latency=f"{args.latency}ns", bandwidth="0B/s")

system.to_window = PyTrafficGen()
system.to_window.port = system.cim.window_bridge.gem5
system.to_memory = PyTrafficGen()
system.to_memory.port = system.memory.port

root = root_of(system, full_system=False)
m5.instantiate()

period = round(toLatency(args.period) * 1e12)
duration = args.requests * period


def requests(generator, begin):
    yield generator.createLinear(duration, begin, begin + BYTES, args.size, period, period, args.read, 0)
    yield generator.createIdle(0)


system.to_window.start(requests(system.to_window, at["CIM_WINDOW"]))
system.to_memory.start(requests(system.to_memory, at["RAM"]))
m5.simulate(duration)
m5.stats.dump()

for name, generator in ("data window", system.to_window), ("plain memory", system.to_memory):
    figure = lambda stat: generator.resolveStat(stat).total
    done = figure("totalReads") + figure("totalWrites")
    ticks = figure("totalReadLatency") + figure("totalWriteLatency")
    print(
        f"{name}: {done:.0f} of {args.requests} requests answered, share {done / args.requests:.3f}, "
        f"mean latency {ticks / max(done, 1) / 1000:.1f} ns"
    )
