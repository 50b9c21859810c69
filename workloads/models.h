#pragma once
/// Traces of known networks, produced from the configuration of each.
#include <workloads/trace.h>

#include <cstdint>
#include <string>
#include <vector>

namespace cimtlm {

/// The encoder stack of BERT. The head width is hidden / heads.
struct bert_config {
    std::string title;
    std::int64_t layers;
    std::int64_t hidden;
    std::int64_t heads;
    std::int64_t feed_forward;
    std::int64_t sequence;
};

trace make_bert(const bert_config& config);

/// Which convolution of a bottleneck that halves the image takes the step of two.
enum class resnet_stride { in_1x1, in_3x3 };

/// ResNet-50 for images of 224 x 224 and 1000 classes.
trace make_resnet50(resnet_stride stride);

/// LeNet-5 for images of 32 x 32, each filter of C3 over all maps of S2.
trace make_lenet5();

/// A recommendation model: two stacks of linear layers around embeddings and their pairwise products.
struct dlrm_config {
    std::string title;
    std::vector<std::int64_t> bottom; ///< widths, from the dense features to the width of an embedding
    std::vector<std::int64_t> top;    ///< widths after the interaction, to the one result
    std::int64_t tables;              ///< embeddings looked up for one input
};

trace make_dlrm(const dlrm_config& config);

/// A trace that the repository carries as traces/NAME.csv.
struct named_model {
    const char* name;
    trace (*make)();
};

const std::vector<named_model>& named_models();

/// The trace under its name, with its totals among the comments: what traces/NAME.csv holds.
trace make_trace(const named_model& model);

} // namespace cimtlm
