/// Does the PLIC agree with a model of its specification over random operations?
#include <platforms/riscv_soc/firmware/soc_map.h>
#include <platforms/riscv_soc/plic.h>

#include <random>
#include <string>
#include <vector>

#include "peripheral_host.h"
#include "plic_model.h"

namespace {

using namespace soc_test;

class plic_against_model {
public:
    plic_against_model(const std::string& name, unsigned sources, unsigned harts, std::mt19937& random)
        : sources_(sources)
        , harts_(harts)
        , random_(random)
        , plic_((name + "plic").c_str(), sources, harts, access_ps)
        , host_((name + "host").c_str(), plic_)
        , model_(sources)
        , lines_(harts) {
        plic_.on_interrupt([this](unsigned hart, bool level) {
            EXPECT_NE(lines_[hart], level) << "a call without a change";
            lines_[hart] = level;
        });
    }

    /// One operation at both; false when they differ. What is expected to happen is checked right after it.
    void step() {
        const unsigned context = below(2 * harts_), word = below(sources_ / 32 + 1), source = below(sources_ + 2);
        switch (below(12)) {
        case 0:
        case 1:
        case 2:
            if (!model_.exists(source)) return;
            what_ = "set " + std::to_string(source);
            {
                const bool level = below(2);
                plic_.set(source, level);
                model_.set(source, level);
            }
            break;
        case 3: {
            const auto value = below(4) == 0 ? random_() : below(4);
            what_ = "priority " + std::to_string(source);
            if (source < 1024) host_.write(SOC_PLIC_PRIORITY + 4 * source, value);
            model_.write_priority(source, static_cast<std::uint32_t>(value));
            break;
        }
        case 4: {
            const auto value = below(3) == 0 ? random_() : ~0u;
            what_ = "enable";
            host_.write(SOC_PLIC_ENABLE + 0x80 * context + 4 * word, value);
            model_.write_enable(context, word, static_cast<std::uint32_t>(value));
            break;
        }
        case 5: {
            const auto value = below(4) == 0 ? random_() : below(3);
            what_ = "threshold";
            host_.write(SOC_PLIC_THRESHOLD + 0x1000 * context, value);
            model_.write_threshold(context, static_cast<std::uint32_t>(value));
            break;
        }
        case 6:
        case 7:
        case 8: {
            what_ = "claim in " + std::to_string(context);
            EXPECT_EQ(host_.peek(SOC_PLIC_CLAIM + 0x1000 * context), model_.claimable(context));
            const unsigned got = model_.claim(context);
            EXPECT_EQ(host_.read(SOC_PLIC_CLAIM + 0x1000 * context), got);
            if (got != 0) claimed_.push_back({context, got});
            break;
        }
        default: {
            // Mostly what was claimed, where it was claimed; else anything.
            unsigned id = source, where = context;
            if (below(5) != 0 && !claimed_.empty()) {
                const auto i = below(static_cast<unsigned>(claimed_.size()));
                id = claimed_[i].source;
                if (below(8) != 0) where = claimed_[i].context;
                claimed_.erase(claimed_.begin() + i);
            } else if (below(4) == 0) {
                id = static_cast<unsigned>(random_());
            }
            what_ = "complete " + std::to_string(id) + " in " + std::to_string(where);
            host_.write(SOC_PLIC_CLAIM + 0x1000 * where, id);
            model_.complete(where, id);
        }
        }
        // Lines fall within the access; after that, they are as they should be.
        for (unsigned hart = 0; hart < harts_; ++hart)
            if (!wanted(hart)) {
                EXPECT_FALSE(lines_[hart]) << what_;
            }
        settle();
        for (unsigned hart = 0; hart < harts_; ++hart) EXPECT_EQ(lines_[hart], wanted(hart)) << what_;
        compare_one(context, word, source);
    }
    void compare_all() {
        for (unsigned context = 0; context < 2 * harts_; ++context)
            for (unsigned i = 0; i <= sources_; ++i) compare_one(context, i / 32, i);
    }

private:
    unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
    bool wanted(unsigned hart) const { return model_.interrupts(2 * hart) || model_.interrupts(2 * hart + 1); }
    void compare_one(unsigned context, unsigned word, unsigned source) {
        EXPECT_EQ(host_.read(SOC_PLIC_PENDING + 4 * word), model_.pending(word)) << what_;
        EXPECT_EQ(host_.read(SOC_PLIC_ENABLE + 0x80 * context + 4 * word), model_.enable(context, word)) << what_;
        EXPECT_EQ(host_.read(SOC_PLIC_THRESHOLD + 0x1000 * context), model_.threshold(context)) << what_;
        if (source < 1024) {
            EXPECT_EQ(host_.read(SOC_PLIC_PRIORITY + 4 * source), model_.priority(source)) << what_;
        }
    }

    struct served {
        unsigned context, source;
    };
    unsigned sources_, harts_;
    std::mt19937& random_;
    cimtlm::plic plic_;
    peripheral_host host_;
    plic_model model_;
    std::vector<bool> lines_;
    std::vector<served> claimed_;
    std::string what_;
};

TEST(plic_model, is_what_the_plic_does) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    plic_against_model one("one", 1, 1, random), word("word", 31, 1, random), two("two", 32, 2, random),
        some("some", 3, 3, random), many("many", 70, 4, random), all("all", 1023, 2, random);
    settle();
    for (int i = 0; i < 6000 && !testing::Test::HasFailure(); ++i)
        for (auto* p : {&one, &word, &two, &some, &many, &all}) p->step();
    for (auto* p : {&one, &word, &two, &some, &many, &all}) p->compare_all();
}

} // namespace
