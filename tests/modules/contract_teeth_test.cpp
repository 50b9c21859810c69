/// Does the contract of an initiator notice those who break it?
#include <tests/tlm/initiator_contract.h>

namespace {

using namespace contract;

enum class flaw {
    none,
    no_data,
    streaming_width,
    byte_enables,
    status,
    hint,
    unaligned,
    odd_length,
    stride,
    ahead,
    reuse,
    unmanaged
};

/// Two transfers of 16 bytes, with a flaw in the second.
template <flaw Flaw> struct naughty {
    static constexpr unsigned width = 32;
    testkit::initiator<32> host{"host"};
    testkit::counting_manager manager;
    bool done = false;
    testkit::process thread{"thread",
                            [this] {
                                auto* p = new tlm::tlm_generic_payload(&manager);
                                p->acquire();
                                unsigned char data[16] = {}, enable = 0xff;
                                for (const bool second : {false, true}) {
                                    const auto is = [&](flaw f) { return second && Flaw == f; };
                                    const bool hint = p->is_dmi_allowed();
                                    testkit::fill(*p, tlm::TLM_READ_COMMAND, 0x1000, data, 16);
                                    cimtlm::transfer_extension extension;
                                    if (is(flaw::no_data)) p->set_data_ptr(nullptr);
                                    if (is(flaw::streaming_width)) p->set_streaming_width(0);
                                    if (is(flaw::byte_enables)) p->set_byte_enable_ptr(&enable);
                                    if (is(flaw::status)) p->set_response_status(tlm::TLM_OK_RESPONSE);
                                    if (is(flaw::hint)) p->set_dmi_allowed(hint);
                                    if (is(flaw::unaligned)) p->set_address(0x1004);
                                    if (is(flaw::odd_length)) p->set_data_length(12), p->set_streaming_width(12);
                                    if (is(flaw::reuse)) p->set_address(0x2000);
                                    extension.segment_bytes = 4;
                                    extension.stride_bytes = 8;
                                    if (is(flaw::stride)) p->set_extension(&extension);
                                    if (is(flaw::unmanaged)) {
                                        tlm::tlm_generic_payload own;
                                        testkit::fill(own, tlm::TLM_READ_COMMAND, 0, data, 16);
                                        tlm::tlm_phase phase = tlm::BEGIN_REQ;
                                        sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
                                        host.out->nb_transport_fw(own, phase, delay);
                                        testkit::wait_ps(1000000);
                                    } else {
                                        host.transport(*p, is(flaw::ahead) ? 5 : 0);
                                    }
                                    p->clear_extension(&extension);
                                }
                                testkit::wait_ps(2000000);
                                p->release();
                                done = true;
                            },
                            true};
    initiator_traits traits() const {
        initiator_traits t;
        t.aligned_pow2 = true;
        return t;
    }
    tlm::tlm_initiator_socket<32>& socket() { return host.out; }
    bool finished() const { return done; }
    std::string errors() const { return ""; }
};

template <flaw Flaw> void expect_complaint(const std::string& about, bool holds = false) {
    initiator_bench_of<naughty<Flaw>> bench;
    bench.memory.holds = holds;
    sc_core::sc_start();
    EXPECT_TRUE(bench.finished());
    if (about.empty()) {
        EXPECT_TRUE(bench.seen.complaints.empty()) << bench.seen.complaints[0];
        EXPECT_TRUE(bench.violations_of("initiator").empty());
        return;
    }
    ASSERT_FALSE(bench.seen.complaints.empty());
    EXPECT_NE(bench.seen.complaints[0].find(about), std::string::npos) << bench.seen.complaints[0];
}

TEST(contract_teeth, none_where_nothing_is_wrong) { expect_complaint<flaw::none>(""); }
TEST(contract_teeth, no_data) { expect_complaint<flaw::no_data>("no data pointer"); }
TEST(contract_teeth, streaming_width) { expect_complaint<flaw::streaming_width>("streaming width"); }
TEST(contract_teeth, byte_enables) { expect_complaint<flaw::byte_enables>("byte enables"); }
TEST(contract_teeth, status) { expect_complaint<flaw::status>("INCOMPLETE"); }
TEST(contract_teeth, hint) { expect_complaint<flaw::hint>("direct memory access"); }
TEST(contract_teeth, unaligned) { expect_complaint<flaw::unaligned>("aligned"); }
TEST(contract_teeth, odd_length) { expect_complaint<flaw::odd_length>("power of two"); }
TEST(contract_teeth, stride) { expect_complaint<flaw::stride>("strided"); }
TEST(contract_teeth, ahead) { expect_complaint<flaw::ahead>("delay"); }
TEST(contract_teeth, reuse) { expect_complaint<flaw::reuse>("used again", true); }
TEST(contract_teeth, unmanaged) { expect_complaint<flaw::unmanaged>("without memory manager"); }

} // namespace
