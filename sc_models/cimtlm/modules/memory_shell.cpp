#include <cimtlm/modules/memory_shell.h>

#include <cimtlm/base/error.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace cimtlm {

namespace {

constexpr const char* kind_names[] = {"read", "update", "fill"};
constexpr const char* operand_names[operand_tags] = {"A", "B", "Z", "other"};

std::unique_ptr<storage> make_storage(data_kept data, const memory_level& level, const std::string& part) {
    if (data == data_kept::none) return nullptr;
    if (data == data_kept::pages) return std::make_unique<storage>();
    if (level.capacity_bytes <= 0) throw input_error(part + ": contiguous data need a capacity");
    return std::make_unique<storage>(static_cast<std::uint64_t>(level.capacity_bytes));
}

} // namespace

template <unsigned BUSWIDTH>
memory_shell<BUSWIDTH>::memory_shell(const sc_core::sc_module_name& name, const memory_level& level, double cycle_ps,
                                     ledger& energy, data_kept data, std::uint64_t base_address)
    : sc_core::sc_module(name)
    , in("in")
    , part_(name)
    , ledger_(energy)
    , accounts_{energy.open(part_, kind_names[0], "byte", level.read_energy_pj_per_byte),
                energy.open(part_, kind_names[1], "byte", level.update_energy_pj_per_byte),
                energy.open(part_, kind_names[2], "byte", level.fill_energy_pj_per_byte)}
    , storage_(make_storage(data, level, part_))
    , frontend_(
          "frontend", [this](tlm::tlm_generic_payload& p, sc_core::sc_time& d) { b_transport(p, d); },
          [this](tlm::tlm_generic_payload& p, tlm::tlm_phase& phase, sc_core::sc_time& d) {
              return in->nb_transport_bw(p, phase, d);
          },
          std::llround(cycle_ps)) {
    rules_.base_address = base_address;
    rules_.size_bytes = static_cast<std::uint64_t>(level.capacity_bytes);
    rules_.needs_data = storage_ != nullptr;
    in.register_b_transport(this, &memory_shell::b_transport);
    in.register_nb_transport_fw(this, &memory_shell::nb_transport_fw);
    in.register_get_direct_mem_ptr(this, &memory_shell::get_direct_mem_ptr);
    in.register_transport_dbg(this, &memory_shell::transport_dbg);
}

template <unsigned BUSWIDTH>
void memory_shell<BUSWIDTH>::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
    const auto status = check_access(payload, rules_);
    const bool moves = payload.get_command() != tlm::TLM_IGNORE_COMMAND;
    payload.set_response_status(status);
    if (status != tlm::TLM_OK_RESPONSE) ++errors_;
    if (status != tlm::TLM_OK_RESPONSE || !moves) return;

    transfer_extension* extension = nullptr;
    payload.get_extension(extension);
    burst b;
    b.write = payload.is_write();
    b.address = payload.get_address() - rules_.base_address;
    b.bytes = payload.get_data_length();
    transfer_kind kind = b.write ? transfer_kind::update : transfer_kind::read;
    int operand = operand_none;
    if (extension != nullptr) {
        if (extension->stride_bytes > extension->segment_bytes) {
            b.segment_bytes = static_cast<std::int64_t>(extension->segment_bytes);
            b.stride_bytes = static_cast<std::int64_t>(extension->stride_bytes);
        }
        if (b.write && extension->kind == transfer_kind::fill) kind = transfer_kind::fill;
        if (extension->operand >= operand_a && extension->operand <= operand_z) operand = extension->operand;
    }

    const std::int64_t now_ps = times_.now_ps();
    const std::int64_t arrival_ps = now_ps + times_.ps(delay);
    const burst_timing t = access(b, arrival_ps, now_ps);
    delay += times_.time(t.end_ps - arrival_ps);
    if (extension != nullptr) {
        extension->queue_ps = t.queue_ps;
        extension->row_ps = t.row_ps;
        extension->refresh_ps = t.refresh_ps;
        extension->service_ps = t.service_ps;
        extension->stretch_ps = t.stretch_ps;
    }
    lost_.queue_ps += t.queue_ps;
    lost_.row_ps += t.row_ps;
    lost_.refresh_ps += t.refresh_ps;

    const int k = index(kind);
    ++accesses_[k];
    bytes_[k][operand] += static_cast<std::uint64_t>(b.bytes);
    ledger_.charge(accounts_[k], static_cast<double>(b.bytes));
    if (storage_) {
        move_data(payload, b);
        payload.set_dmi_allowed(true);
    }
}

template <unsigned BUSWIDTH>
tlm::tlm_sync_enum memory_shell<BUSWIDTH>::nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                                           sc_core::sc_time& delay) {
    return frontend_.nb_transport_fw(payload, phase, delay);
}

template <unsigned BUSWIDTH> void memory_shell<BUSWIDTH>::move_data(tlm::tlm_generic_payload& payload, const burst& b) {
    unsigned char* data = payload.get_data_ptr();
    const unsigned char* enable = payload.get_byte_enable_ptr();
    const std::uint64_t enables = payload.get_byte_enable_length();
    const auto total = static_cast<std::uint64_t>(b.bytes);
    const std::uint64_t segment = b.segment_bytes ? static_cast<std::uint64_t>(b.segment_bytes) : total;
    const std::uint64_t stride = b.segment_bytes ? static_cast<std::uint64_t>(b.stride_bytes) : total;
    std::uint64_t address = b.address;
    for (std::uint64_t done = 0; done < total; done += segment, address += stride) {
        const std::uint64_t n = std::min(segment, total - done);
        if (enable == nullptr) {
            if (b.write)
                storage_->write(address, data + done, n);
            else
                storage_->read(address, data + done, n);
            continue;
        }
        for (std::uint64_t i = 0; i < n; ++i) {
            if (enable[(done + i) % enables] != TLM_BYTE_ENABLED) continue;
            if (b.write)
                storage_->write(address + i, data + done + i, 1);
            else
                storage_->read(address + i, data + done + i, 1);
        }
    }
}

template <unsigned BUSWIDTH>
bool memory_shell<BUSWIDTH>::get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) {
    dmi.init();             // the whole address space
    dmi.allow_read_write(); // where access is denied, this is what is denied
    if (!storage_) return false;
    const std::uint64_t address = payload.get_address();
    if (!in_range(address, 1, rules_.base_address, rules_.size_bytes)) {
        dmi.set_start_address(address);
        dmi.set_end_address(address);
        return false;
    }
    const std::uint64_t offset = address - rules_.base_address;
    const bool whole = storage_->block() != nullptr;
    const std::uint64_t first = whole ? 0 : offset - offset % storage::page_bytes;
    std::uint64_t last = whole ? rules_.size_bytes - 1 : first + storage::page_bytes - 1;
    if (rules_.size_bytes != 0) last = std::min(last, rules_.size_bytes - 1);
    last = std::min(last, ~std::uint64_t{0} - rules_.base_address);
    dmi.set_dmi_ptr(storage_->page(first));
    dmi.set_start_address(rules_.base_address + first);
    dmi.set_end_address(rules_.base_address + last);
    dmi.set_read_latency(times_.time(access_latency_ps()));
    dmi.set_write_latency(times_.time(access_latency_ps()));
    return true;
}

template <unsigned BUSWIDTH> unsigned memory_shell<BUSWIDTH>::transport_dbg(tlm::tlm_generic_payload& payload) {
    const std::uint64_t length = payload.get_data_length();
    if (payload.get_data_ptr() == nullptr ||
        !in_range(payload.get_address(), length, rules_.base_address, rules_.size_bytes))
        return 0;
    const std::uint64_t offset = payload.get_address() - rules_.base_address;
    if (payload.is_read() && storage_)
        storage_->read(offset, payload.get_data_ptr(), length);
    else if (payload.is_read())
        std::memset(payload.get_data_ptr(), 0, length);
    else if (payload.is_write() && storage_)
        storage_->write(offset, payload.get_data_ptr(), length);
    return static_cast<unsigned>(length);
}

template <unsigned BUSWIDTH> std::uint64_t memory_shell<BUSWIDTH>::bytes(transfer_kind kind) const {
    std::uint64_t sum = 0;
    for (const std::uint64_t b : bytes_[index(kind)]) sum += b;
    return sum;
}

template <unsigned BUSWIDTH> void memory_shell<BUSWIDTH>::report(statistics& s) const {
    const std::string prefix = part_ + ".";
    const transfer_kind kinds[] = {transfer_kind::read, transfer_kind::update, transfer_kind::fill};
    for (const transfer_kind kind : kinds) {
        const int k = index(kind);
        const std::string name = kind_names[k];
        s.add(prefix + "accesses_" + name, static_cast<double>(accesses_[k]), "count", name + " transactions");
        s.add(prefix + "bytes_" + name, static_cast<double>(bytes(kind)), "byte", "bytes of all " + name + "s");
        for (int o = 0; o < operand_tags; ++o)
            s.add(prefix + "bytes_" + name + "." + operand_names[o], static_cast<double>(bytes_[k][o]), "byte",
                  std::string("bytes of operand ") + operand_names[o]);
    }
    s.add(prefix + "errors", static_cast<double>(errors_), "count", "requests refused with an error response");
    s.add(prefix + "queue_ps", static_cast<double>(lost_.queue_ps), "ps", "time requests waited for a taken port");
    report_model(s, prefix);
}

template <unsigned BUSWIDTH> std::string memory_shell<BUSWIDTH>::waiting_for() const { return frontend_.waiting_for(); }

template class memory_shell<32>;
template class memory_shell<64>;

} // namespace cimtlm
