/// Traces of known networks: totals as published, files as generated.
#include <workloads/csv.h>
#include <workloads/lowering.h>
#include <workloads/models.h>

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace cimtlm {
namespace {

std::string text_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    EXPECT_TRUE(file) << path;
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string trace_path(const std::string& network) { return CIMTLM_SOURCE_DIR "/traces/" + network + ".csv"; }

const layer& find(const trace& t, const std::string& name) {
    for (const auto& l : t.layers)
        if (l.name == name) return l;
    throw std::out_of_range(name);
}

TEST(models, totals_are_those_of_the_networks) {
    const std::string path = CIMTLM_SOURCE_DIR "/tests/data/workload_totals.csv";
    const auto table = parse_csv(text_of(path), path);
    ASSERT_EQ(table.rows.size(), named_models().size());
    for (const auto& row : table.rows) {
        const auto sum = totals(lower(read_trace(trace_path(row.cells[0]))), row.cells[0]);
        EXPECT_EQ(std::to_string(sum.gemms), row.cells[1]) << row.cells[0];
        EXPECT_EQ(std::to_string(sum.macs), row.cells[2]) << row.cells[0];
        EXPECT_EQ(std::to_string(sum.weights), row.cells[3]) << row.cells[0];
    }
}

TEST(models, committed_files_are_what_the_generator_writes) {
    for (const auto& model : named_models()) {
        const auto t = make_trace(model);
        const auto text = format_trace(t);
        EXPECT_EQ(text, text_of(trace_path(model.name))) << "run cimtlm-traces traces";
        const auto again = parse_trace(text, std::string(model.name) + ".csv");
        EXPECT_EQ(again.name, t.name);
        EXPECT_EQ(again.comments, t.comments);
        EXPECT_EQ(again.layers, t.layers);
    }
}

TEST(models, bert_layer_is_fourteen_steps) {
    const auto t = read_trace(trace_path("bert_large"));
    ASSERT_EQ(t.layers.size(), 24u * 14);
    std::vector<std::string> names;
    for (std::size_t i = 14; i < 28; ++i) names.push_back(t.layers[i].name);
    EXPECT_EQ(names, (std::vector<std::string>{"layer1.query", "layer1.key", "layer1.value", "layer1.scores",
                                               "layer1.softmax", "layer1.context", "layer1.output",
                                               "layer1.attention_add", "layer1.attention_norm", "layer1.feed_forward1",
                                               "layer1.gelu", "layer1.feed_forward2", "layer1.feed_forward_add",
                                               "layer1.feed_forward_norm"}));
    const auto context = std::get<gemm>(lower(find(t, "layer23.context"), "test"));
    EXPECT_EQ(context.m, 512);
    EXPECT_EQ(context.n, 64);
    EXPECT_EQ(context.k, 512);
    EXPECT_EQ(context.batch, 16);
    EXPECT_TRUE(context.b_is_activation);
}

/// Each layer takes in what an earlier one has put out.
TEST(models, images_fit_together) {
    for (const char* network :
         {"resnet18", "resnet20", "resnet50", "resnet50_v1", "vgg11", "vgg11_cifar10", "vgg16", "mobilenet_v2"}) {
        SCOPED_TRACE(network);
        const auto t = read_trace(trace_path(network));
        std::int64_t extent = t.layers.front().height, channels = 3, block_extent = 0, block_channels = 0;
        for (const auto& l : t.layers) {
            const auto& shape = info_of(l.kind).shape;
            if (l.name.find("downsample") != std::string::npos) {
                EXPECT_EQ(l.height, block_extent) << l.name;
                EXPECT_EQ(l.c_in, block_channels) << l.name;
                EXPECT_EQ(l.out_height(), extent) << l.name;
                EXPECT_EQ(l.c_out, channels) << l.name;
            } else if (shape == layer_shape::rows) {
                EXPECT_EQ(l.m, extent * extent) << l.name;
                EXPECT_EQ(l.n, channels) << l.name;
            } else if (shape == layer_shape::product) {
                EXPECT_EQ(l.k, channels * extent * extent) << l.name;
                extent = 1;
                channels = l.n;
            } else {
                EXPECT_EQ(l.height, extent) << l.name;
                EXPECT_EQ(l.c_in, channels) << l.name;
                if (l.name.find(".conv1") != std::string::npos) {
                    block_extent = extent;
                    block_channels = channels;
                }
                extent = l.out_height();
                channels = shape == layer_shape::pooling ? l.c_in : l.c_out;
            }
        }
    }
}

TEST(models, resnet_versions_differ_in_the_place_of_the_stride) {
    const auto late = read_trace(trace_path("resnet50"));
    const auto early = read_trace(trace_path("resnet50_v1"));
    EXPECT_EQ(find(late, "layer2.0.conv1").stride, 1);
    EXPECT_EQ(find(late, "layer2.0.conv2").stride, 2);
    EXPECT_EQ(find(early, "layer2.0.conv1").stride, 2);
    EXPECT_EQ(find(early, "layer2.0.conv2").stride, 1);
}

/// By hand, stage by stage: positions x filters x inputs of a filter.
TEST(models, small_resnets_follow_from_their_stages) {
    const auto block_pair = [](std::int64_t positions, std::int64_t width, std::int64_t input, bool project) {
        // two blocks: the first from `input` channels, the second from `width`
        return positions * (9 * width * input + 3 * 9 * width * width + (project ? width * input : 0));
    };
    const auto resnet18 = 112 * 112 * 64 * 3 * 49 + block_pair(56 * 56, 64, 64, false) +
                          block_pair(28 * 28, 128, 64, true) + block_pair(14 * 14, 256, 128, true) +
                          block_pair(7 * 7, 512, 256, true) + 512 * 1000;
    EXPECT_EQ(totals(lower(read_trace(trace_path("resnet18"))), "test").macs, resnet18);
    const auto weights18 = 64 * 3 * 49 + block_pair(1, 64, 64, false) + block_pair(1, 128, 64, true) +
                           block_pair(1, 256, 128, true) + block_pair(1, 512, 256, true) + 512 * 1000;
    EXPECT_EQ(totals(lower(read_trace(trace_path("resnet18"))), "test").weights, weights18);

    const std::int64_t first = 9 * 16 * 3, stage1 = 6 * 9 * 16 * 16;
    const std::int64_t stage2 = 9 * 32 * 16 + 5 * 9 * 32 * 32, stage3 = 9 * 64 * 32 + 5 * 9 * 64 * 64, last = 64 * 10;
    const auto sum = totals(lower(read_trace(trace_path("resnet20"))), "test");
    EXPECT_EQ(sum.macs, 1024 * (first + stage1) + 256 * stage2 + 64 * stage3 + last);
    EXPECT_EQ(sum.weights, first + stage1 + stage2 + stage3 + last);
}

TEST(models, vgg11_for_small_images_follows_from_its_stages) {
    const std::int64_t conv1 = 9 * 3 * 64, conv2 = 9 * 64 * 128, conv3 = 9 * (128 * 256 + 256 * 256),
                       conv4 = 9 * (256 * 512 + 512 * 512), conv5 = 9 * 2 * 512 * 512, last = 512 * 10;
    const auto sum = totals(lower(read_trace(trace_path("vgg11_cifar10"))), "test");
    EXPECT_EQ(sum.weights - last, 9217728); // the published logs of column sparsity count as many
    EXPECT_EQ(sum.weights, conv1 + conv2 + conv3 + conv4 + conv5 + last);
    EXPECT_EQ(sum.macs, 1024 * conv1 + 256 * conv2 + 64 * conv3 + 16 * conv4 + 4 * conv5 + last);
    // The same convolutions as the large one.
    EXPECT_EQ(49 * (sum.macs - last),
              totals(lower(read_trace(trace_path("vgg11"))), "test").macs - 25088 * 4096 - 4096 * 4096 - 4096 * 1000);
}

TEST(models, mobilenet_has_53_layers_with_weights) {
    const auto t = read_trace(trace_path("mobilenet_v2"));
    std::int64_t layers = 0, depthwise = 0, channels = 0, added = 0;
    for (const auto& l : t.layers) {
        layers += info_of(l.kind).makes_gemm();
        added += l.kind == layer_kind::add;
        if (l.groups == 1) continue;
        EXPECT_EQ(l.groups, l.c_in) << l.name;
        EXPECT_EQ(l.c_out, l.c_in) << l.name;
        ++depthwise;
        channels += l.groups;
    }
    EXPECT_EQ(layers, 53);
    EXPECT_EQ(depthwise, 17);
    EXPECT_EQ(added, 10);
    EXPECT_EQ(totals(lower(t), t.name).gemms, layers - depthwise + channels);
}

/// Layers x (products with weights + two for each head) + the LM head.
TEST(models, decoders_count_each_head) {
    for (const char* phase : {"_prefill", "_decode"}) {
        const auto gemms = [&](const std::string& network) {
            return totals(lower(read_trace(trace_path(network + phase))), network).gemms;
        };
        EXPECT_EQ(gemms("gptj_6b"), 28 * (6 + 2 * 16) + 1);
        EXPECT_EQ(gemms("llama2_7b"), 32 * (7 + 2 * 32) + 1);
        EXPECT_EQ(gemms("llama3_8b"), 32 * (7 + 2 * 32) + 1);
    }
}

/// A token that is decoded meets the weights and the context of the last one of a prompt.
TEST(models, decode_is_one_row_of_prefill) {
    for (const std::string network : {"gptj_6b", "llama2_7b", "llama3_8b"}) {
        const auto prompt = read_trace(trace_path(network + "_prefill"));
        const auto token = read_trace(trace_path(network + "_decode"));
        ASSERT_EQ(prompt.layers.size(), token.layers.size());
        for (std::size_t i = 0; i < token.layers.size(); ++i) {
            auto one_row = prompt.layers[i];
            one_row.m = 1;
            EXPECT_EQ(token.layers[i], one_row) << token.layers[i].name;
            EXPECT_EQ(prompt.layers[i].m, 2048) << token.layers[i].name;
        }
        EXPECT_EQ(totals(lower(prompt), network).macs, 2048 * totals(lower(token), network).macs);
    }
}

TEST(models, heads_of_llama3_share_keys_and_values) {
    const auto t = read_trace(trace_path("llama3_8b_prefill"));
    EXPECT_EQ(find(t, "layer0.query").n, 4096);
    EXPECT_EQ(find(t, "layer0.key").n, 8 * 128);
    EXPECT_EQ(find(t, "layer31.value").n, 8 * 128);
    EXPECT_EQ(find(t, "layer0.query_rotary").batch, 32);
    EXPECT_EQ(find(t, "layer0.key_rotary").batch, 8);
    EXPECT_EQ(find(t, "layer0.scores").batch, 32);
}

} // namespace
} // namespace cimtlm
