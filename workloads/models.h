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

/// How a decoder layer is put together.
enum class decoder_block {
    gpt_j, ///< one layer_norm, attention and a feed-forward of two products beside each other
    llama, ///< rms_norm, attention, rms_norm, a feed-forward of three products, gated by silu
};

/// A language model that produces one token after another. The head width is hidden / heads.
struct decoder_config {
    std::string title;
    std::string source; ///< of the configuration
    decoder_block block;
    std::int64_t layers;
    std::int64_t hidden;
    std::int64_t heads;
    std::int64_t key_value_heads; ///< groups of heads share keys and values
    std::int64_t rotary;          ///< elements of a head that are rotated by position
    std::int64_t feed_forward;
    std::int64_t vocabulary;
};

/// What part of a generation a trace holds, both with `context` positions to attend to.
enum class decoder_phase {
    prefill, ///< the whole prompt at once, logits for each position
    decode,  ///< the one token at the end of the context
};

trace make_decoder(const decoder_config& config, decoder_phase phase, std::int64_t context);

/// Of what a stage of a residual network consists.
enum class resnet_block {
    basic,               ///< two 3x3 convolutions
    bottleneck,          ///< 1x1, 3x3, 1x1 to the fourfold width; a step of two in the 3x3 (v1.5)
    bottleneck_in_first, ///< the same with the step of two in the first 1x1 (v1)
};

/// A residual network for images of 224 x 224 and 1000 classes, or of 32 x 32 and 10 classes (CIFAR-10) without
/// pooling at the front and without weights in its shortcuts.
struct resnet_config {
    std::vector<std::string> comments;
    resnet_block block;
    std::vector<int> depths; ///< blocks of each stage; a stage has twice the width of the one before
    std::int64_t width;      ///< of the first stage
    bool cifar = false;
};

trace make_resnet(const resnet_config& config);

/// VGG for images of 224 x 224 and 1000 classes, with so many convolutions in its five stages; for images of 32 x 32
/// and 10 classes (CIFAR-10) one linear layer follows them instead of three.
trace make_vgg(const std::string& title, const std::vector<int>& depths, bool cifar = false);

/// MobileNetV2 of width 1 for images of 224 x 224 and 1000 classes.
trace make_mobilenet_v2();

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
