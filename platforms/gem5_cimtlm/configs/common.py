"""What the configurations share: the address map, CPUs, caches, memory and the CiM devices."""

import m5
from m5.objects import *
from m5.proxy import Self

from soc_map import soc_map

CPUS = {
    "atomic": "RiscvAtomicSimpleCPU",
    "timing": "RiscvTimingSimpleCPU",
    "o3": "RiscvO3CPU",
}


class SystemBus(SystemXBar):
    """What leads nowhere is answered with a bus error."""

    nowhere = BadAddr()
    default = Self.nowhere.pio


class DmaBus(IOXBar):
    nowhere = BadAddr()
    default = Self.nowhere.pio


class L1(Cache):
    size = "32KiB"
    assoc = 4
    tag_latency = data_latency = response_latency = 2
    mshrs = 8
    tgts_per_mshr = 16


class L2(Cache):
    size = "256KiB"
    assoc = 8
    tag_latency = data_latency = response_latency = 10
    mshrs = 16
    tgts_per_mshr = 16


class DmaCache(Cache):
    """Between DMA and the coherent bus: without it writes of the DMA would not reach the CPU's caches."""

    size = "1KiB"
    assoc = 4
    tag_latency = data_latency = response_latency = 2
    mshrs = 16
    tgts_per_mshr = 16


def add_options(parser):
    """Options of all configurations with a CPU."""
    parser.add_argument("--cpu", choices=CPUS, default="timing", help="model of the CPU")
    parser.add_argument("--caches", action="store_true", help="L1, L2 and a cache for the DMA")
    parser.add_argument("--clock", default="1GHz", help="of CPU and buses")
    parser.add_argument("--ram", default="64MiB", help="bytes of memory")
    parser.add_argument("--devices", type=int, default=1, help="CiM devices")
    parser.add_argument("--machine", default="soc/cim_device", help="machine of cimtlm, a name or a file")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a key of the machine")
    parser.add_argument("--no-data", action="store_true", help="time and energy alone, results are 0")


def system_of(args, ram, **more):
    """A system with a coherent bus and the memory `ram`, without CPUs."""
    cpu_class = getattr(m5.objects, CPUS[args.cpu])
    system = System(mem_mode=cpu_class.memory_mode(), mem_ranges=[ram], cache_line_size=64, **more)
    system.voltage_domain = VoltageDomain()
    system.clk_domain = SrcClockDomain(clock=args.clock, voltage_domain=system.voltage_domain)
    system.membus = SystemBus()
    system.system_port = system.membus.cpu_side_ports
    system.memory = SimpleMemory(range=ram, latency="30ns", bandwidth="12.8GiB/s")
    system.memory.port = system.membus.mem_side_ports
    return system


def cpus_of(args, count):
    cpu_class = getattr(m5.objects, CPUS[args.cpu])
    return [cpu_class(cpu_id=i) for i in range(count)]


def dma_bus_of(system, args):
    """Where the DMA begins: the bus itself, or a bus of its own behind whose cache the coherent one lies."""
    if not args.caches:
        return system.membus
    system.dma_bus = DmaBus()
    system.dma_cache = DmaCache(addr_ranges=system.mem_ranges)
    system.dma_cache.cpu_side = system.dma_bus.mem_side_ports
    system.dma_cache.mem_side = system.membus.cpu_side_ports
    return system.dma_bus


def devices_of(system, args, bus, **more):
    """The CiM devices of the address map, joined to `bus`."""
    at = soc_map()
    dma_bus = dma_bus_of(system, args)
    system.cim = [
        CimDevice(
            machine=args.machine,
            sets=args.set,
            data=not args.no_data,
            control_address=at["CIM_CONTROL"] + i * at["CIM_CONTROL_STRIDE"],
            window_address=at["CIM_WINDOW"] + i * at["CIM_WINDOW_STRIDE"],
            window_size=at["CIM_WINDOW_STRIDE"],
            interrupt_id=at["CIM_SOURCE"] + i,
            **more,
        )
        for i in range(args.devices)
    ]
    for device in system.cim:
        device.attach(bus, dma_bus)
    return system.cim


def root_of(system, full_system):
    """The root, with the one SystemC kernel that a simulation has."""
    return Root(full_system=full_system, systemc_kernel=SystemC_Kernel(), system=system)


def run(ticks=None):
    """Runs until the simulation ends (or for some ticks); prints and returns why."""
    event = m5.simulate(ticks) if ticks else m5.simulate()
    print("exit:", event.getCause(), event.getCode(), "at", m5.curTick())
    return event
