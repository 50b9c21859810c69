#pragma once
/// The RISC-V platform-level interrupt controller as its specification tells it, without time: sets and scans, no bit
/// tricks, nothing shared with the module.
#include <cstdint>
#include <map>
#include <set>

namespace soc_test {

class plic_model {
public:
    explicit plic_model(unsigned sources)
        : sources_(sources) {}

    bool exists(unsigned source) const { return source >= 1 && source <= sources_; }
    void set(unsigned source, bool level) {
        if (level)
            up_.insert(source);
        else
            up_.erase(source);
        gateway(source);
    }
    void write_priority(unsigned source, std::uint32_t value) {
        if (exists(source)) priority_[source] = value % 8;
    }
    void write_threshold(unsigned context, std::uint32_t value) { threshold_[context] = value % 8; }
    void write_enable(unsigned context, unsigned word, std::uint32_t value) {
        for (unsigned bit = 0; bit < 32; ++bit) {
            const unsigned source = 32 * word + bit;
            enabled_[context].erase(source);
            if (exists(source) && (value >> bit) % 2) enabled_[context].insert(source);
        }
    }
    std::uint32_t priority(unsigned source) const { return value(priority_, source); }
    std::uint32_t threshold(unsigned context) const { return value(threshold_, context); }
    std::uint32_t enable(unsigned context, unsigned word) const { return bits(enabled(context), word); }
    std::uint32_t pending(unsigned word) const { return bits(pending_, word); }

    /// What a claim would return.
    unsigned claimable(unsigned context) const {
        unsigned found = 0;
        for (unsigned source = sources_; source >= 1; --source) { // so that the lowest of equal ones remains
            if (!pending_.count(source) || !enabled(context).count(source) || priority(source) == 0) continue;
            if (found == 0 || priority(source) >= priority(found)) found = source;
        }
        return found;
    }
    unsigned claim(unsigned context) {
        const unsigned source = claimable(context);
        pending_.erase(source);
        return source;
    }
    void complete(unsigned context, std::uint32_t id) {
        if (!enabled(context).count(id)) return;
        in_service_.erase(id);
        gateway(id);
    }
    bool interrupts(unsigned context) const {
        for (const unsigned source : pending_)
            if (enabled(context).count(source) && priority(source) > threshold(context)) return true;
        return false;
    }

private:
    static std::uint32_t value(const std::map<unsigned, std::uint32_t>& of, unsigned index) {
        const auto found = of.find(index);
        return found == of.end() ? 0 : found->second;
    }
    static std::uint32_t bits(const std::set<unsigned>& of, unsigned word) {
        std::uint32_t b = 0;
        for (const unsigned i : of)
            if (i / 32 == word) b |= 1u << i % 32;
        return b;
    }
    const std::set<unsigned>& enabled(unsigned context) const {
        static const std::set<unsigned> none;
        const auto found = enabled_.find(context);
        return found == enabled_.end() ? none : found->second;
    }
    /// From the request to its completion no other passes.
    void gateway(unsigned source) {
        if (!up_.count(source) || in_service_.count(source)) return;
        in_service_.insert(source);
        pending_.insert(source);
    }

    unsigned sources_;
    std::map<unsigned, std::uint32_t> priority_, threshold_;
    std::map<unsigned, std::set<unsigned>> enabled_;
    std::set<unsigned> up_, pending_, in_service_;
};

} // namespace soc_test
