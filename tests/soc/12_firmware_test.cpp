// The firmware, on systems of many kinds: products that are right, whatever the way.
#include "guest.h"

#include <platforms/riscv_soc/digits/reference.h>

#include <random>

using namespace cimtlm;
using namespace cimtlm::test;

namespace {

boost::json::object digit_reference() {
    return boost::json::parse(read_file(CIMTLM_SOURCE_DIR "/platforms/riscv_soc/digits/reference.json")).as_object();
}

/// As the firmware makes it of logits in order.
std::uint32_t checksum(const std::vector<digit>& images, std::size_t first, std::size_t count) {
    std::uint32_t sum = 0;
    for (std::size_t i = first; i < first + count; ++i)
        for (const auto logit : recognise(images[i]).logits) sum = sum * 31 + static_cast<std::uint32_t>(logit);
    return sum;
}

} // namespace

TEST(firmware, products_at_random) {
    NEEDS_GUESTS();
    std::mt19937_64 random(random_seed(120));
    const auto between = [&](unsigned low, unsigned high) { return std::to_string(low + random() % (high - low + 1)); };
    const auto one_of = [&](const std::vector<std::string>& all) { return all[random() % all.size()]; };
    for (int i = 0; i < 40; ++i) {
        const unsigned cores = 1 + static_cast<unsigned>(random() % 4);
        const unsigned devices = cores;
        const auto m = between(1, 40), n = between(1, 40), k = between(1, 90), repeat = between(1, 3);
        const bool held = random() % 4 == 0;
        const std::vector<std::string> options{"m=" + m,
                                               "n=" + n,
                                               "k=" + k,
                                               "repeat=" + repeat,
                                               "seed=" + between(0, 1000),
                                               held ? "held=1" : "held=0",
                                               "wait=" + one_of({"poll", "interrupt"}),
                                               "submit=" + one_of({"ring", "registers"}),
                                               "operands=" + one_of({"memory", "memory", "window"}),
                                               "core=" + between(0, 1)};
        const auto system =
            sets({"core.count=" + std::to_string(cores), "cim.count=" + std::to_string(devices),
                  "cim.attachment=" + one_of({"core", "bus", "io_bus"}), "core.quantum_ps=" + one_of(quanta()),
                  "core.clock_mhz=" + one_of({"1000", "1000", "250", "1733"}), "ram.latency_cycles=" + between(0, 60)});
        std::string what;
        for (const auto& o : options + system) what += o + " ";
        SCOPED_TRACE(what);
        const auto r = run_guest("gemm", options + system);
        if (r.child.status != 0) return;
        EXPECT_EQ(r.integer("mismatches"), 0);
        EXPECT_EQ(r.integer("products"), std::stoi(repeat) * static_cast<int>(cores));
        EXPECT_EQ(r.integer("checked"),
                  (options.back() == "core=1" ? std::stoi(m) * std::stoi(n) : 256) * static_cast<int>(cores));
        EXPECT_EQ(r.statistic("cim0.cim.macs"), std::stod(m) * std::stod(n) * std::stod(k) * std::stod(repeat));
    }
}

// Fewer cores than there are, more devices than are used, an analog device that does not compute exactly.
TEST(firmware, products_on_other_systems) {
    NEEDS_GUESTS();
    const std::vector<std::string> shape{"m=12", "n=9", "k=40"};
    EXPECT_EQ(run_guest("gemm", shape + std::vector<std::string>{"cores=2"} + sets({"core.count=5", "cim.count=3"}))
                  .integer("products"),
              2);
    const auto analog = run_guest("gemm", shape + std::vector<std::string>{"--device-set", "cim.macro=analog_6t"});
    EXPECT_GE(analog.integer("mismatches"), 0);
    for (const std::string macro : {"digital_8t", "digital_6t"})
        EXPECT_EQ(run_guest("gemm", shape + std::vector<std::string>{"--device-set", "cim.macro=" + macro})
                      .integer("mismatches"),
                  0);
    const auto refused = run_guest("gemm", shape + sets({"core.count=2"}), 2);
    EXPECT_TRUE(contains(refused.child.err, "error: ")) << refused.child.err;
}

TEST(firmware, errors_of_the_device) {
    NEEDS_GUESTS();
    for (const std::string attachment : {"core", "bus", "io_bus"})
        for (const std::string quantum : {"0", "1 us"}) {
            const auto r = run_guest("errors", sets({"cim.attachment=" + attachment}) + at_quantum(quantum));
            EXPECT_EQ(r.integer("mismatches"), 0) << attachment << ", " << quantum << "\n" << r.child.err;
            EXPECT_GT(r.integer("checks"), 1000);
        }
}

TEST(firmware, faults) {
    NEEDS_GUESTS();
    const auto message = [](const std::string& what) { return run_guest("faults", {"what=" + what}, 125).message(); };
    EXPECT_TRUE(contains(message("load"), "load of 4 B at 0x8000000: TLM_ADDRESS_ERROR_RESPONSE; pc"));
    EXPECT_TRUE(contains(message("store"), "store of 4 B at 0x8000000: TLM_ADDRESS_ERROR_RESPONSE; pc"));
    EXPECT_TRUE(contains(message("load"), "(main + ")) << message("load");
    EXPECT_TRUE(contains(message("jump_device"), "pc 0x2000000"));
    EXPECT_TRUE(contains(message("jump_nowhere"), "pc 0x8000000"));
    const auto illegal = run_guest("faults", {"what=illegal"}, 120);
    EXPECT_TRUE(contains(illegal.child.err, "trap: cause 0x2, mepc 0x")) << illegal.child.err;
    EXPECT_TRUE(contains(illegal.child.err, "mtval 0x0, hart 0")) << illegal.child.err;
    const auto loop = run_guest("faults", {"what=loop", "--max-time", "100us"}, 124);
    EXPECT_TRUE(contains(loop.message(), "core0 is at pc 0x")) << loop.message();
    EXPECT_TRUE(contains(loop.message(), "(main + ")) << loop.message();
}

TEST(firmware, load_for_measuring) {
    NEEDS_GUESTS();
    for (const int every : {0, 83, 830}) {
        const auto r = run_guest("spin", {"millions=2", "every=" + std::to_string(every)});
        // Its own count of instructions leaves out what stands around the loop.
        const auto counted = number(r.results.at("statistics").at("core0.instructions"));
        EXPECT_NEAR(counted, 2e6, every ? 2e5 : 4e4) << every;
        EXPECT_EQ(r.integer("looks"), every ? 2000000 / every : 0);
        EXPECT_EQ(r.integer("mismatches"), 0);
    }
    const auto sum = run_guest("spin", {"millions=1"}).integer("checksum");
    EXPECT_EQ(run_guest("spin", {"millions=1", "every=100"}).integer("checksum"), sum);
}

TEST(firmware, stream_of_blocks) {
    NEEDS_GUESTS();
    const std::vector<std::string> options{"blocks=4", "m=16", "n=96", "k=48"};
    for (const std::string buffers : {"1", "2"}) {
        const auto r = run_guest("pipeline", options + std::vector<std::string>{"buffers=" + buffers});
        EXPECT_EQ(r.integer("mismatches"), 0);
        EXPECT_EQ(r.integer("blocks"), 4);
        EXPECT_GT(r.integer("checked"), 0);
    }
}

// ---- Digits -----------------------------------------------------------------------------------------------------

TEST(digits, reference_in_integers) {
    const auto told = digit_reference();
    const auto images = digit_test_images();
    ASSERT_EQ(images.size(), 450u);
    ASSERT_EQ(number(told.at("test_images")), 450);
    const auto& labels = told.at("labels").as_array();
    int right = 0;
    for (std::size_t i = 0; i < images.size(); ++i) {
        const auto answer = recognise(images[i]);
        EXPECT_EQ(answer.label, number(labels[i])) << "image " << i;
        right += answer.label == images[i].label;
        if (i != 0) continue;
        for (std::size_t j = 0; j < answer.logits.size(); ++j)
            EXPECT_EQ(answer.logits[j], number(told.at("logits_of_first_image").at(j)));
    }
    EXPECT_EQ(right, number(told.at("integer_right")));
    EXPECT_EQ(checksum(images, 0, 450), number(told.at("checksum")));
}

TEST(digits, recognised_by_the_device) {
    NEEDS_GUESTS();
    const auto told = digit_reference();
    const auto r = run_guest("lenet", {"images=450", "batch=30", "core=0"});
    EXPECT_EQ(r.integer("right"), number(told.at("integer_right")));
    EXPECT_EQ(r.integer("checksum"), number(told.at("checksum")));
    EXPECT_NEAR(r.value("accuracy"), number(told.at("integer_right")) / 450, 5e-5);
}

TEST(digits, in_batches_on_both) {
    NEEDS_GUESTS();
    const auto images = digit_test_images();
    struct part {
        std::size_t first, count;
        std::string batch, wait, submit;
    };
    for (const auto& p : {part{0, 3, "2", "interrupt", "ring"}, part{447, 3, "8", "poll", "registers"},
                          part{100, 5, "1", "poll", "ring"}, part{42, 4, "4", "interrupt", "registers"}}) {
        const auto r = run_guest("lenet", {"first=" + std::to_string(p.first), "images=" + std::to_string(p.count),
                                           "batch=" + p.batch, "wait=" + p.wait, "submit=" + p.submit});
        EXPECT_EQ(r.integer("checksum"), checksum(images, p.first, p.count)) << p.first;
        EXPECT_EQ(r.integer("mismatches"), 0);
        EXPECT_EQ(r.integer("right"), r.integer("right_core"));
    }
    run_guest("lenet", {"first=447", "images=4"}, 2);
}

// A row of DRAM is opened for the first access to it: the longer that takes, the later the product; SRAM is never
// later.
TEST(firmware, memory_may_be_dram) {
    NEEDS_GUESTS();
    const std::vector<std::string> product{"m=64", "n=64", "k=128", "core=0", "wait=poll"};
    const auto ticks = [&](const std::vector<std::string>& keys) {
        const auto r = run_guest("gemm", product + sets(keys));
        EXPECT_EQ(r.integer("mismatches"), 0);
        return r.integer("ticks_device");
    };
    const auto sram = ticks({});
    const auto fast = ticks({"ram.dram.t_rcd_ps=10 ns", "ram.dram.t_cl_ps=10 ns"});
    const auto slow = ticks({"ram.dram.t_rcd_ps=110 ns", "ram.dram.t_cl_ps=10 ns"});
    EXPECT_GE(fast, sram);       // a few rows hide behind the arrays
    EXPECT_GE(slow, fast + 100); // at least the first row of an operand that nothing hides
}
