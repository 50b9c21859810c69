#pragma once
/// The CiM device as a SimObject of gem5: owns the SystemC module and joins it to gem5's ports, interrupts, statistics,
/// drain and checkpoints. This header shows nothing of SystemC: generated sources of gem5 include it.
#include "params/CimDevice.hh"
#include "sim/sim_object.hh"

#include <memory>
#include <string>

namespace gem5 {

class CimDevice : public SimObject {
public:
    PARAMS(CimDevice);
    explicit CimDevice(const Params& p);
    ~CimDevice() override;

    /// ctrl, window, dma: sockets of TLM; interrupt: pins.
    Port& getPort(const std::string& name, PortID index) override;

    void resetStats() override;
    void preDumpStats() override;

    DrainState drain() override;
    void drainResume() override;
    /// The device's state in a file of its own beside the checkpoint.
    void serialize(CheckpointOut& to) const override;
    void unserialize(CheckpointIn& from) override;

private:
    struct Inside;
    std::unique_ptr<Inside> inside;
};

} // namespace gem5
