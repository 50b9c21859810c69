"""The CiM device of cimtlm as a SimObject: docs/gem5.md of cimtlm."""

from m5.objects.IntPin import VectorIntSourcePin
from m5.objects.Tlm import TlmInitiatorSocket, TlmTargetSocket
from m5.objects.TlmBridge import Gem5ToTlmBridge32, TlmToGem5Bridge32
from m5.params import *
from m5.proxy import *
from m5.SimObject import SimObject


class CimDevice(SimObject):
    type = "CimDevice"
    cxx_class = "gem5::CimDevice"
    cxx_header = "gem5_cimtlm/cim_device_object.hh"

    system = Param.System(Parent.any, "System whose memory mode and cache lines the DMA follows")

    machine = Param.String("soc/cim_device", "Machine of cimtlm: a name or a file")
    sets = VectorParam.String([], "Keys of the machine that differ: 'device.queue=8'")
    arrays = Param.Unsigned(0, "CiM arrays (cim.count); 0: as the machine says")

    data = Param.Bool(True, "Carries data; off: time and energy alone")
    dma_on = Param.Bool(True, "Reaches system memory")
    window_on = Param.Bool(True, "Its memories can be reached by the host")

    control_address = Param.Addr("Where the registers begin")
    control_size = Param.Addr("4KiB", "Of the registers")
    window_address = Param.Addr(0, "Where the data window begins")
    window_size = Param.Addr("16MiB", "Addresses that lead to the data window")

    platform = Param.Platform(NULL, "Whose interrupt controller gets interrupts, if any")
    interrupt_id = Param.Int(0, "Source of the interrupt at the platform's controller")

    ctrl = TlmTargetSocket(32, "Registers")
    window = TlmTargetSocket(32, "Activation and weight memory")
    dma = TlmInitiatorSocket(32, "To system memory")
    interrupt = VectorIntSourcePin("Interrupt line, for controllers with pins")

    def control_range(self):
        return AddrRange(self.control_address, size=self.control_size)

    def window_range(self):
        return AddrRange(self.window_address, size=self.window_size)

    def ranges(self):
        """Addresses of the device: uncacheable, and to be passed on by bridges before it."""
        return [self.control_range()] + ([self.window_range()] if self.window_on else [])

    def attach(self, bus, dma_bus=None):
        """Bridges to gem5's ports: registers and data window as targets of `bus`, the DMA as an initiator of `dma_bus`
        (without it of `bus`)."""
        self.ctrl_bridge = Gem5ToTlmBridge32(addr_ranges=[self.control_range()])
        self.ctrl_bridge.gem5 = bus.mem_side_ports
        self.ctrl_bridge.tlm = self.ctrl
        if self.window_on:
            self.window_bridge = Gem5ToTlmBridge32(addr_ranges=[self.window_range()])
            self.window_bridge.gem5 = bus.mem_side_ports
            self.window_bridge.tlm = self.window
        if self.dma_on:
            self.dma_bridge = TlmToGem5Bridge32()
            self.dma_bridge.tlm = self.dma
            self.dma_bridge.gem5 = (dma_bus or bus).cpu_side_ports
