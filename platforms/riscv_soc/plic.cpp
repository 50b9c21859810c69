#include <platforms/riscv_soc/plic.h>

#include <cimtlm/base/error.h>
#include <platforms/riscv_soc/firmware/soc_map.h>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace cimtlm {

namespace {

constexpr unsigned max_sources = 1023;
constexpr unsigned enable_stride = 0x80, context_stride = 0x1000; // bytes a context
constexpr unsigned max_harts = 15872 / 2;

bool get(const std::array<std::uint32_t, 32>& bits, unsigned i) { return bits[i / 32] >> i % 32 & 1; }

void put(std::array<std::uint32_t, 32>& bits, unsigned i, bool to) {
    const std::uint32_t mask = 1u << i % 32;
    bits[i / 32] = to ? bits[i / 32] | mask : bits[i / 32] & ~mask;
}

} // namespace

plic::plic(const sc_core::sc_module_name& name, unsigned sources, unsigned harts, std::int64_t access_ps)
    : peripheral(name, SOC_PLIC_BYTES, access_ps, std::min(harts, max_harts))
    , sources_(sources)
    , priority_(max_sources + 1)
    , contexts_(2 * std::min(harts, max_harts)) {
    if (sources < 1 || sources > max_sources)
        throw input_error(std::string(this->name()) + ": 1 to " + std::to_string(max_sources) + " sources, not " +
                          std::to_string(sources));
    if (harts < 1 || harts > max_harts)
        throw input_error(std::string(this->name()) + ": 1 to " + std::to_string(max_harts) + " harts, not " +
                          std::to_string(harts));
    for (unsigned s = 1; s <= sources; ++s) put(exists_, s, true);
}

void plic::set(unsigned source, bool level) {
    if (source < 1 || source > sources_)
        throw std::out_of_range(std::string(name()) + ": no interrupt source " + std::to_string(source));
    put(level_, source, level);
    forward(source, times().now_ps());
}

// The gateway: one request at a time. It concerns the harts that listen to it, and no others.
void plic::forward(unsigned source, std::int64_t time_ps) {
    if (!get(level_, source) || get(passed_on_, source)) return;
    put(passed_on_, source, true);
    put(pending_, source, true);
    for (unsigned c = 0; c < contexts_.size(); ++c)
        if (get(contexts_[c].enabled, source) && priority_[source] > contexts_[c].threshold) raise(c / 2, time_ps);
}

// What a claim in a context takes, 0: nothing.
unsigned plic::best(const context& c) const {
    unsigned found = 0;
    for (unsigned w = 0; w < words; ++w) {
        std::uint32_t candidates = pending_[w] & c.enabled[w];
        for (unsigned i = 32 * w; candidates != 0; candidates >>= 1, ++i)
            if ((candidates & 1) && priority_[i] > priority_[found]) found = i; // that of source 0 is 0
    }
    return found;
}

bool plic::wants(unsigned hart) const {
    const auto above = [this](const context& c) { return priority_[best(c)] > c.threshold; };
    return above(contexts_[2 * hart]) || above(contexts_[2 * hart + 1]);
}

void plic::lower_idle() {
    for (unsigned hart = 0; hart < contexts_.size() / 2; ++hart)
        if (!wants(hart)) lower(hart);
}

plic::place plic::find(std::uint64_t offset) const {
    const auto at = static_cast<unsigned>(offset);
    if (at < SOC_PLIC_PENDING) return {kind::priority, (at - SOC_PLIC_PRIORITY) / 4, 0};
    if (at < SOC_PLIC_PENDING + 4 * words) return {kind::pending, (at - SOC_PLIC_PENDING) / 4, 0};
    if (at >= SOC_PLIC_THRESHOLD) {
        const unsigned context = (at - SOC_PLIC_THRESHOLD) / context_stride;
        const unsigned within = (at - SOC_PLIC_THRESHOLD) % context_stride / 4 * 4;
        if (context >= contexts_.size() || within > SOC_PLIC_CLAIM - SOC_PLIC_THRESHOLD) return {};
        return {within == 0 ? kind::threshold : kind::claim, 0, context};
    }
    if (at < SOC_PLIC_ENABLE) return {};
    const unsigned context = (at - SOC_PLIC_ENABLE) / enable_stride;
    if (context >= contexts_.size()) return {};
    return {kind::enable, (at - SOC_PLIC_ENABLE) % enable_stride / 4, context};
}

tlm::tlm_response_status plic::check(std::uint64_t offset, unsigned bytes, bool write) const {
    const place p = find(offset);
    if (p.what == kind::none) return tlm::TLM_ADDRESS_ERROR_RESPONSE;
    if (bytes != 4) return tlm::TLM_BURST_ERROR_RESPONSE;
    if (offset % 4 != 0) return tlm::TLM_ADDRESS_ERROR_RESPONSE;
    return p.what == kind::pending && write ? tlm::TLM_COMMAND_ERROR_RESPONSE : tlm::TLM_OK_RESPONSE;
}

std::uint64_t plic::peek(std::uint64_t offset, unsigned, std::int64_t) const {
    const place p = find(offset);
    switch (p.what) {
    case kind::priority:
        return priority_[p.index];
    case kind::pending:
        return pending_[p.index];
    case kind::enable:
        return contexts_[p.context].enabled[p.index];
    case kind::threshold:
        return contexts_[p.context].threshold;
    case kind::claim:
        return best(contexts_[p.context]);
    case kind::none:
        break;
    }
    return 0;
}

std::uint64_t plic::read(std::uint64_t offset, unsigned bytes, std::int64_t time_ps) {
    const auto value = peek(offset, bytes, time_ps);
    if (value != 0 && find(offset).what == kind::claim) {
        put(pending_, static_cast<unsigned>(value), false);
        lower_idle();
    }
    return value;
}

void plic::write(std::uint64_t offset, unsigned, std::uint64_t value, std::int64_t time_ps) {
    const place p = find(offset);
    const auto word = static_cast<std::uint32_t>(value);
    switch (p.what) {
    case kind::priority:
        if (get(exists_, p.index)) priority_[p.index] = word & max_priority;
        break;
    case kind::enable:
        contexts_[p.context].enabled[p.index] = word & exists_[p.index];
        break;
    case kind::threshold:
        contexts_[p.context].threshold = word & max_priority;
        break;
    case kind::claim: // completion
        if (word > max_sources || !get(contexts_[p.context].enabled, word)) return;
        put(passed_on_, word, false);
        forward(word, time_ps);
        return;
    case kind::pending:
    case kind::none:
        return;
    }
    lower_idle();
    for (unsigned hart = 0; hart < contexts_.size() / 2; ++hart)
        if (wants(hart)) raise(hart, time_ps);
}

} // namespace cimtlm
