/// Damaged traces: whatever a change of some bytes does, a trace is read or refused with an input_error.
#include <workloads/lowering.h>
#include <workloads/models.h>

#include <cimtlm/base/error.h>

#include <gtest/gtest.h>

#include <random>

namespace cimtlm {
namespace {

/// One change as editors, transfers and scripts make them.
void damage(std::string& text, std::mt19937& random) {
    static const std::vector<std::string> pieces = {",",
                                                    "\n",
                                                    "\"",
                                                    "#",
                                                    "-",
                                                    "0",
                                                    ":",
                                                    "\r",
                                                    "\xff",
                                                    " ",
                                                    "kind",
                                                    "M",
                                                    "99999999999999999999",
                                                    "2147483647",
                                                    "0.25",
                                                    "1e-3",
                                                    ",,,,,,,,,,,,,,,,,,,,,"};
    const auto place = [&] { return random() % (text.size() + 1); };
    switch (random() % 5) {
    case 0:
        text.insert(place(), pieces[random() % pieces.size()]);
        break;
    case 1:
        text.erase(place(), 1 + random() % 12);
        break;
    case 2:
        text.resize(place());
        break;
    case 3:
        if (!text.empty()) text[random() % text.size()] = static_cast<char>(random() % 256);
        break;
    default:
        text.insert(place(), text.substr(place(), random() % 40));
    }
}

TEST(mutation, only_input_errors_are_thrown) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    std::vector<std::string> valid = {
        "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n"
        "Conv1, 224, 224, 7, 7, 3, 64, 2,\nConv2_dw, 112, 112, 3, 3, 1, 1, 1,#dw\n",
        "name,kind,M,N,K,input_density,weight_density,column_sparsity\nx,linear,1,2,3,0.5,1,0.125\n"
        "y,relu,1,2,,,,\nz,matmul,4,5,6,,0.7,\n",
        "Layer,M,N,K,Sparsity,\nQKT,1024,1024,64,1:1,\nFF,1024,4096,1024,,\n",
    };
    for (const auto& model : named_models()) {
        auto t = model.make();
        if (t.layers.size() > 12) t.layers.resize(12);
        valid.push_back(format_trace(t));
    }
    int read = 0, refused = 0;
    for (int i = 0; i < 6000; ++i) {
        auto text = valid[random() % valid.size()];
        for (auto changes = 1 + random() % 4; changes > 0; --changes) damage(text, random);
        trace_options options;
        options.padding = static_cast<scale_sim_padding>(random() % 3);
        try {
            const auto t = parse_trace(text, "damaged.csv", options);
            EXPECT_EQ(parse_trace(format_trace(t), "damaged.csv").layers, t.layers) << text;
            totals(lower(t), t.name);
            ++read;
        } catch (const input_error& error) {
            EXPECT_EQ(std::string(error.what()).rfind("damaged.csv:", 0), 0u) << error.what();
            ++refused;
        } catch (const std::exception& error) {
            FAIL() << error.what() << " for\n" << text;
        }
    }
    EXPECT_GT(read, 100);
    EXPECT_GT(refused, 100);
}

} // namespace
} // namespace cimtlm
