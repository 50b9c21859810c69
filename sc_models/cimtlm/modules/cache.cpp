#include <cimtlm/modules/cache.h>

#include <cimtlm/base/error.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace cimtlm {

namespace {

constexpr const char* operand_names[operand_tags] = {"A", "B", "Z", "other"};
constexpr const char* kind_names[] = {"read", "update", "fill"};
constexpr int read_account = 0, update_account = 1, fill_account = 2, write_back_account = 3;
static_assert(cache_model::operands == operand_tags);

} // namespace

template <unsigned BUSWIDTH>
cache<BUSWIDTH>::cache(const sc_core::sc_module_name& name, const memory_level& level, double cycle_ps, ledger& energy,
                       bool data, std::uint64_t size_bytes, unsigned n_in)
    : sc_core::sc_module(name)
    , in("in", n_in ? n_in : static_cast<unsigned>(level.cache ? level.cache->partitions : 1))
    , out("out")
    , part_(name)
    , model_(level, cycle_ps, data)
    , keeps_data_(data)
    , ledger_(energy)
    , accounts_{energy.open(part_, "read", "byte", level.read_energy_pj_per_byte),
                energy.open(part_, "update", "byte", level.update_energy_pj_per_byte),
                energy.open(part_, "fill", "byte", level.fill_energy_pj_per_byte),
                energy.open(part_, "write_back", "byte", level.read_energy_pj_per_byte)} {
    if (size_bytes % model_.line_bytes() != 0) throw input_error(part_ + ": what is cached must end with a whole line");
    rules_.size_bytes = size_bytes;
    rules_.needs_data = keeps_data_;
    request_.set_extension(&request_extension_);
    for (unsigned i = 0; i < in.size(); ++i) {
        const int id = static_cast<int>(i);
        in[i].register_b_transport(this, &cache::b_transport, id);
        in[i].register_nb_transport_fw(this, &cache::nb_transport_fw, id);
        in[i].register_get_direct_mem_ptr(this, &cache::get_direct_mem_ptr, id);
        in[i].register_transport_dbg(this, &cache::transport_dbg, id);
        frontends_.push_back(std::make_unique<at_frontend>(
            ("frontend_" + std::to_string(i)).c_str(),
            [this, id](tlm::tlm_generic_payload& p, sc_core::sc_time& d) { b_transport(id, p, d); },
            [this, i](tlm::tlm_generic_payload& p, tlm::tlm_phase& phase, sc_core::sc_time& d) {
                return in[i]->nb_transport_bw(p, phase, d);
            },
            std::llround(cycle_ps)));
    }
}

template <unsigned BUSWIDTH> cache<BUSWIDTH>::~cache() { request_.clear_extension(&request_extension_); }

template <unsigned BUSWIDTH>
void cache<BUSWIDTH>::b_transport(int id, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
    auto status = check_access(payload, rules_);
    const bool moves = payload.get_command() != tlm::TLM_IGNORE_COMMAND;
    payload.set_response_status(status);
    if (status != tlm::TLM_OK_RESPONSE) ++errors_;
    if (status != tlm::TLM_OK_RESPONSE || !moves) return;

    transfer_extension* extension = nullptr;
    payload.get_extension(extension);
    burst b;
    b.write = payload.is_write();
    b.address = payload.get_address();
    b.bytes = payload.get_data_length();
    int operand = operand_none, kind = b.write ? update_account : read_account;
    if (extension != nullptr) {
        if (extension->stride_bytes > extension->segment_bytes) {
            b.segment_bytes = static_cast<std::int64_t>(extension->segment_bytes);
            b.stride_bytes = static_cast<std::int64_t>(extension->stride_bytes);
        }
        if (b.write && extension->kind == transfer_kind::fill) kind = fill_account;
        if (extension->operand >= operand_a && extension->operand <= operand_z) operand = extension->operand;
    }
    const unsigned char* enable = payload.get_byte_enable_ptr();
    const std::uint64_t enables = payload.get_byte_enable_length();
    const std::int64_t now_ps = times_.now_ps();
    const std::int64_t arrival_ps = now_ps + times_.ps(delay);
    const std::int64_t partition = id * model_.partitions() / static_cast<std::int64_t>(in.size());

    model_.begin(b, operand, partition, arrival_ps, now_ps, enable != nullptr);
    while (status == tlm::TLM_OK_RESPONSE && model_.look_up()) {
        status = fetch(operand, now_ps);
        model_.written_back(write_back(model_.ask_ps(), now_ps).wait_ps);
        if (!keeps_data_ || status != tlm::TLM_OK_RESPONSE) continue;
        if (b.write)
            model_.write_data(payload.get_data_ptr(), enable, enables);
        else
            model_.read_data(payload.get_data_ptr(), enable, enables);
    }
    const burst_timing t = model_.finish();
    delay += times_.time(t.end_ps - arrival_ps);
    payload.set_response_status(status);
    if (status != tlm::TLM_OK_RESPONSE) {
        ++errors_;
        return;
    }
    if (extension != nullptr) {
        extension->queue_ps = t.queue_ps;
        extension->row_ps = t.row_ps;
        extension->refresh_ps = t.refresh_ps;
        extension->service_ps = t.service_ps;
        extension->stretch_ps = t.stretch_ps;
    }
    queue_ps_ += t.queue_ps;
    ++accesses_[kind];
    bytes_[kind][operand] += static_cast<std::uint64_t>(b.bytes);
    ledger_.charge(accounts_[kind], static_cast<double>(b.bytes));
}

/// One transfer from or to the memory behind, asked at `ask_ps`.
template <unsigned BUSWIDTH>
typename cache<BUSWIDTH>::answer cache<BUSWIDTH>::ask(const burst& b, unsigned char* data, int operand,
                                                      std::int64_t ask_ps, std::int64_t now_ps) {
    const auto length = static_cast<unsigned>(b.bytes);
    if (data == nullptr && scratch_.size() < length) scratch_.resize(length);
    request_.set_command(b.write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    request_.set_address(b.address);
    request_.set_data_ptr(data ? data : scratch_.data());
    request_.set_data_length(length);
    request_.set_streaming_width(length);
    request_.set_byte_enable_ptr(nullptr);
    request_.set_dmi_allowed(false);
    request_.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    transfer_extension& e = request_extension_;
    e.operand = operand;
    e.kind = b.write ? transfer_kind::update : transfer_kind::read;
    e.segment_bytes = static_cast<std::uint64_t>(b.segment_bytes);
    e.stride_bytes = static_cast<std::uint64_t>(b.stride_bytes);
    e.clear_times();
    sc_core::sc_time delay = times_.time(ask_ps - now_ps);
    out->b_transport(request_, delay);
    return {{now_ps + times_.ps(delay), e.queue_ps, e.row_ps, e.refresh_ps, e.service_ps, e.stretch_ps},
            request_.get_response_status()};
}

/// Fetches what the present step misses.
template <unsigned BUSWIDTH> tlm::tlm_response_status cache<BUSWIDTH>::fetch(int operand, std::int64_t now_ps) {
    tlm::tlm_response_status status = tlm::TLM_OK_RESPONSE;
    for (const burst& b : model_.step().fetches) {
        if (scratch_.size() < static_cast<std::size_t>(b.bytes)) scratch_.resize(static_cast<std::size_t>(b.bytes));
        const answer a = ask(b, scratch_.data(), operand, model_.ask_ps(), now_ps);
        model_.fetched(a.time);
        if (a.status != tlm::TLM_OK_RESPONSE) {
            model_.discard(b);
            status = a.status;
            continue;
        }
        ledger_.charge(accounts_[fill_account], static_cast<double>(b.bytes));
        if (keeps_data_) model_.fill_data(b, scratch_.data());
    }
    return status;
}

/// Sends away what leaves in the present step.
template <unsigned BUSWIDTH>
typename cache<BUSWIDTH>::departure cache<BUSWIDTH>::write_back(std::int64_t ask_ps, std::int64_t now_ps) {
    departure d;
    const cache_model::traffic& step = model_.step();
    std::size_t offset = 0;
    for (std::size_t i = 0; i < step.write_backs.size(); ++i) {
        const burst& b = step.write_backs[i];
        unsigned char* data = nullptr;
        if (keeps_data_) {
            const auto from = step.data.begin() + static_cast<std::ptrdiff_t>(offset);
            scratch_.assign(from, from + b.bytes);
            data = scratch_.data();
            offset += static_cast<std::size_t>(b.bytes);
        }
        const answer a = ask(b, data, step.write_back_operands[i], ask_ps, now_ps);
        if (a.status != tlm::TLM_OK_RESPONSE) ++write_back_errors_;
        d.end_ps = std::max(d.end_ps, a.time.end_ps);
        // A memory that does not say what it waited for is waited for.
        d.wait_ps = std::max(d.wait_ps, a.time.service_ps > 0 ? a.time.queue_ps : a.time.end_ps - ask_ps);
        ledger_.charge(accounts_[write_back_account], static_cast<double>(b.bytes));
    }
    return d;
}

template <unsigned BUSWIDTH> std::int64_t cache<BUSWIDTH>::set_compute_ways(std::int64_t ways) {
    model_.set_compute_ways(ways);
    ++switches_;
    const std::int64_t now_ps = times_.now_ps();
    return std::max<std::int64_t>(0, write_back(now_ps, now_ps).end_ps - now_ps);
}

template <unsigned BUSWIDTH>
tlm::tlm_sync_enum cache<BUSWIDTH>::nb_transport_fw(int id, tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                                    sc_core::sc_time& delay) {
    return frontends_[static_cast<std::size_t>(id)]->nb_transport_fw(payload, phase, delay);
}

template <unsigned BUSWIDTH>
bool cache<BUSWIDTH>::get_direct_mem_ptr(int, tlm::tlm_generic_payload&, tlm::tlm_dmi& dmi) {
    dmi.init();             // the whole address space
    dmi.allow_read_write(); // is denied: what is here is not all in the memory behind
    return false;
}

template <unsigned BUSWIDTH> unsigned cache<BUSWIDTH>::transport_dbg(int, tlm::tlm_generic_payload& payload) {
    const std::uint64_t length = payload.get_data_length();
    if (payload.get_data_ptr() == nullptr || !in_range(payload.get_address(), length, 0, rules_.size_bytes)) return 0;
    const unsigned n = out->transport_dbg(payload);
    if (keeps_data_ && payload.is_read()) model_.peek(payload.get_address(), payload.get_data_ptr(), n);
    if (keeps_data_ && payload.is_write()) model_.poke(payload.get_address(), payload.get_data_ptr(), n);
    return n;
}

template <unsigned BUSWIDTH> std::uint64_t cache<BUSWIDTH>::bytes(transfer_kind kind) const {
    std::uint64_t sum = 0;
    for (const std::uint64_t b : bytes_[static_cast<int>(kind) - 1]) sum += b;
    return sum;
}

template <unsigned BUSWIDTH> void cache<BUSWIDTH>::report(statistics& s) const {
    const std::string prefix = part_ + ".";
    for (int k = 0; k < 3; ++k) {
        const std::string name = kind_names[k];
        s.add(prefix + "accesses_" + name, static_cast<double>(accesses_[k]), "count", name + " transactions");
        s.add(prefix + "bytes_" + name, static_cast<double>(bytes(static_cast<transfer_kind>(k + 1))), "byte",
              "bytes of all " + name + "s");
        for (int o = 0; o < operand_tags; ++o)
            s.add(prefix + "bytes_" + name + "." + operand_names[o], static_cast<double>(bytes_[k][o]), "byte",
                  std::string("bytes of operand ") + operand_names[o]);
    }
    const cache_model::counters& c = model_.counts();
    const struct {
        const char* name;
        const std::array<std::uint64_t, operand_tags>& bytes;
        const char* meaning;
    } rows[] = {{"hit_bytes", c.hit_bytes, "bytes in lines that were there"},
                {"miss_bytes", c.miss_bytes, "bytes in lines that were not"},
                {"fetched_bytes", c.fetched_bytes, "bytes read from the memory behind"},
                {"written_back_bytes", c.written_back_bytes, "dirty bytes sent to the memory behind"}};
    for (const auto& row : rows) {
        std::uint64_t sum = 0;
        for (const std::uint64_t bytes : row.bytes) sum += bytes;
        s.add(prefix + row.name, static_cast<double>(sum), "byte", row.meaning);
        for (int o = 0; o < operand_tags; ++o)
            s.add(prefix + row.name + "." + operand_names[o],
                  static_cast<double>(row.bytes[static_cast<std::size_t>(o)]), "byte",
                  std::string(row.meaning) + ", operand " + operand_names[o]);
    }
    s.add(prefix + "evictions", static_cast<double>(c.evictions), "count", "regions displaced");
    s.add(prefix + "mode_switches", static_cast<double>(switches_), "count", "changes of the compute ways");
    s.add(prefix + "errors", static_cast<double>(errors_), "count", "requests refused with an error response");
    s.add(prefix + "write_back_errors", static_cast<double>(write_back_errors_), "count",
          "write-backs that the memory behind refused");
    s.add(prefix + "queue_ps", static_cast<double>(queue_ps_), "ps",
          "time requests waited for taken ports and channels");
    s.add(prefix + "busy_read_ps", static_cast<double>(model_.busy_ps(false)), "ps",
          "time the partitions' read ports were taken, all together");
    s.add(prefix + "busy_write_ps", static_cast<double>(model_.busy_ps(true)), "ps",
          "time the partitions' write ports were taken, all together");
}

template <unsigned BUSWIDTH> std::string cache<BUSWIDTH>::waiting_for() const {
    for (std::size_t i = 0; i < frontends_.size(); ++i) {
        const std::string reason = frontends_[i]->waiting_for();
        if (!reason.empty()) return "in_" + std::to_string(i) + ": " + reason;
    }
    return "";
}

template class cache<32>;
template class cache<64>;

} // namespace cimtlm
