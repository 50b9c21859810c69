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
TEST(models, resnet_images_fit_together) {
    for (const char* network : {"resnet50", "resnet50_v1"}) {
        const auto t = read_trace(trace_path(network));
        std::int64_t extent = 224, channels = 3, block_extent = 0, block_channels = 0;
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
                EXPECT_EQ(extent, 1);
                EXPECT_EQ(l.k, channels) << l.name;
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

} // namespace
} // namespace cimtlm
