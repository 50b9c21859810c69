#include <workloads/models.h>

#include <workloads/lowering.h>

#include <utility>

namespace cimtlm {

namespace {
layer product(std::string name, std::int64_t m, std::int64_t n, std::int64_t k) {
    layer l;
    l.name = std::move(name);
    l.kind = layer_kind::linear;
    l.m = m;
    l.n = n;
    l.k = k;
    return l;
}

layer attention(std::string name, std::int64_t heads, std::int64_t m, std::int64_t n, std::int64_t k) {
    layer l = product(std::move(name), m, n, k);
    l.kind = layer_kind::matmul;
    l.batch = heads;
    return l;
}

layer rows(std::string name, layer_kind kind, std::int64_t m, std::int64_t n) {
    layer l;
    l.name = std::move(name);
    l.kind = kind;
    l.m = m;
    l.n = n;
    return l;
}

/// A square kernel over a square image, the same zeros on each side.
layer window(std::string name, layer_kind kind, std::int64_t extent, std::int64_t channels, std::int64_t kernel,
             std::int64_t stride, std::int64_t padding) {
    layer l;
    l.name = std::move(name);
    l.kind = kind;
    l.height = l.width = extent;
    l.c_in = channels;
    l.kernel_height = l.kernel_width = kernel;
    l.stride = stride;
    l.padding = {padding, padding, padding, padding};
    return l;
}

layer convolution(std::string name, std::int64_t extent, std::int64_t c_in, std::int64_t kernel, std::int64_t c_out,
                  std::int64_t stride, std::int64_t padding) {
    layer l = window(std::move(name), layer_kind::convolution, extent, c_in, kernel, stride, padding);
    l.c_out = c_out;
    return l;
}

std::string joined(const std::vector<std::int64_t>& widths) {
    std::string text;
    for (const auto width : widths) text += (text.empty() ? "" : "-") + std::to_string(width);
    return text;
}

/// Three convolutions around which the input is added; names as in torchvision.
class resnet_builder {
public:
    explicit resnet_builder(resnet_stride stride)
        : stride_(stride) {}

    void stem() {
        add(convolution("conv1", 224, 3, 7, 64, 2, 3));
        extent_ = 112;
        relu("relu", 64);
        add(window("maxpool", layer_kind::max_pool, extent_, 64, 3, 2, 1));
        extent_ = 56;
        channels_ = 64;
    }

    void stage(int number, int blocks, std::int64_t width) {
        for (int block = 0; block < blocks; ++block)
            bottleneck("layer" + std::to_string(number) + "." + std::to_string(block), width,
                       block == 0 && number > 1 ? 2 : 1, block == 0);
    }

    std::vector<layer> head() {
        add(window("avgpool", layer_kind::average_pool, extent_, channels_, extent_, 1, 0));
        add(product("fc", 1, 1000, channels_));
        return std::move(layers_);
    }

private:
    static constexpr std::int64_t expansion = 4;

    void add(layer l) { layers_.push_back(std::move(l)); }
    void relu(const std::string& name, std::int64_t channels) {
        add(rows(name, layer_kind::relu, extent_ * extent_, channels));
    }

    void bottleneck(const std::string& name, std::int64_t width, std::int64_t stride, bool project) {
        const bool early = stride_ == resnet_stride::in_1x1;
        const auto input = extent_;
        const auto output = extent_ / stride;
        add(convolution(name + ".conv1", input, channels_, 1, width, early ? stride : 1, 0));
        extent_ = early ? output : input;
        relu(name + ".relu1", width);
        add(convolution(name + ".conv2", extent_, width, 3, width, early ? 1 : stride, 1));
        extent_ = output;
        relu(name + ".relu2", width);
        add(convolution(name + ".conv3", extent_, width, 1, expansion * width, 1, 0));
        if (project) add(convolution(name + ".downsample", input, channels_, 1, expansion * width, stride, 0));
        channels_ = expansion * width;
        add(rows(name + ".add", layer_kind::add, extent_ * extent_, channels_));
        relu(name + ".relu3", channels_);
    }

    resnet_stride stride_;
    std::int64_t extent_ = 0;
    std::int64_t channels_ = 0;
    std::vector<layer> layers_;
};
} // namespace

trace make_bert(const bert_config& config) {
    const auto tokens = config.sequence;
    const auto text = [](std::int64_t value) { return std::to_string(value); };
    trace t;
    t.comments = {
        config.title + ", sequence " + text(config.sequence) + ", batch 1: " + text(config.layers) +
            " layers, hidden " + text(config.hidden) + ", " + text(config.heads) + " heads of " +
            text(config.hidden / config.heads) + ", feed-forward " + text(config.feed_forward) + ".",
        "Configuration: Devlin et al., arXiv 1810.04805. The encoder stack; embeddings and task head are left out.",
        "Assumed: no padding mask; 1/sqrt(head width) and biases are folded into the products.",
    };
    for (std::int64_t i = 0; i < config.layers; ++i) {
        const auto name = [&](const char* part) { return "layer" + std::to_string(i) + "." + part; };
        const auto add = [&](layer l) { t.layers.push_back(std::move(l)); };
        const auto head = config.hidden / config.heads;
        for (const char* part : {"query", "key", "value"})
            add(product(name(part), tokens, config.hidden, config.hidden));
        add(attention(name("scores"), config.heads, tokens, tokens, head));
        auto softmax = rows(name("softmax"), layer_kind::softmax, tokens, tokens);
        softmax.batch = config.heads;
        add(softmax);
        add(attention(name("context"), config.heads, tokens, head, tokens));
        add(product(name("output"), tokens, config.hidden, config.hidden));
        add(rows(name("attention_add"), layer_kind::add, tokens, config.hidden));
        add(rows(name("attention_norm"), layer_kind::layer_norm, tokens, config.hidden));
        add(product(name("feed_forward1"), tokens, config.feed_forward, config.hidden));
        add(rows(name("gelu"), layer_kind::gelu, tokens, config.feed_forward));
        add(product(name("feed_forward2"), tokens, config.hidden, config.feed_forward));
        add(rows(name("feed_forward_add"), layer_kind::add, tokens, config.hidden));
        add(rows(name("feed_forward_norm"), layer_kind::layer_norm, tokens, config.hidden));
    }
    return t;
}

trace make_resnet50(resnet_stride stride) {
    resnet_builder net(stride);
    net.stem();
    net.stage(1, 3, 64);
    net.stage(2, 4, 128);
    net.stage(3, 6, 256);
    net.stage(4, 3, 512);
    trace t;
    const bool early = stride == resnet_stride::in_1x1;
    t.comments = {
        std::string("ResNet-50 ") + (early ? "v1: stride 2 in the first 1x1" : "v1.5: stride 2 in the 3x3") +
            " convolution of a stage. Image 224x224x3, batch 1, 1000 classes.",
        "Configuration: He et al., arXiv 1512.03385: bottlenecks 3-4-6-3 of widths 64-128-256-512, expansion 4.",
        "Batch normalisation is folded into the convolutions; the final softmax is left out.",
    };
    t.layers = net.head();
    return t;
}

trace make_lenet5() {
    trace t;
    t.comments = {
        "LeNet-5. Image 32x32x1, batch 1: C1 6@5x5, S2, C3 16@5x5, S4, C5 120@5x5, F6 84, 10 outputs.",
        "Configuration: LeCun et al., Proceedings of the IEEE 86 (1998), with every map of C3 connected to all six of "
        "S2.",
        "Assumed: subsampling is plain averaging, the output layer is linear.",
    };
    t.layers = {
        convolution("c1", 32, 1, 5, 6, 1, 0),
        rows("c1.tanh", layer_kind::tanh, 28 * 28, 6),
        window("s2", layer_kind::average_pool, 28, 6, 2, 2, 0),
        convolution("c3", 14, 6, 5, 16, 1, 0),
        rows("c3.tanh", layer_kind::tanh, 10 * 10, 16),
        window("s4", layer_kind::average_pool, 10, 16, 2, 2, 0),
        convolution("c5", 5, 16, 5, 120, 1, 0),
        rows("c5.tanh", layer_kind::tanh, 1, 120),
        product("f6", 1, 84, 120),
        rows("f6.tanh", layer_kind::tanh, 1, 84),
        product("output", 1, 10, 84),
    };
    return t;
}

trace make_dlrm(const dlrm_config& config) {
    const auto width = config.bottom.back();
    const auto vectors = config.tables + 1; // the result of the bottom stack is one of them
    const auto interaction = width + vectors * (vectors - 1) / 2;
    trace t;
    const auto stack = [&](const std::string& name, const std::vector<std::int64_t>& widths, layer_kind last) {
        for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
            const auto part = name + "." + std::to_string(i);
            t.layers.push_back(product(part, 1, widths[i + 1], widths[i]));
            const auto kind = i + 2 < widths.size() ? layer_kind::relu : last;
            t.layers.push_back(rows(part + "." + info_of(kind).name, kind, 1, widths[i + 1]));
        }
    };
    auto top = config.top;
    top.insert(top.begin(), interaction);
    t.comments = {
        config.title + ", batch 1: bottom " + joined(config.bottom) + ", " + std::to_string(config.tables) +
            " embeddings of " + std::to_string(width) + ", top " + joined(top) + ".",
        "Configuration: Naumov et al., arXiv 1906.00091, sizes of the MLPerf benchmark.",
        "Assumed: one lookup a table with an index of 32 bits; the interaction of " + std::to_string(vectors) +
            " vectors runs as vector work.",
    };
    stack("bottom", config.bottom, layer_kind::relu);
    auto lookup = rows("embeddings", layer_kind::embedding, config.tables, width);
    lookup.bits.a = 32;
    t.layers.push_back(lookup);
    t.layers.push_back(rows("interaction", layer_kind::pairwise_dot, vectors, width));
    stack("top", top, layer_kind::sigmoid);
    return t;
}

const std::vector<named_model>& named_models() {
    static const std::vector<named_model> models = {
        {"bert_large",
         [] {
             return make_bert({"BERT-Large", 24, 1024, 16, 4096, 512});
         }},
        {"resnet50", [] { return make_resnet50(resnet_stride::in_3x3); }},
        {"resnet50_v1", [] { return make_resnet50(resnet_stride::in_1x1); }},
        {"lenet5", make_lenet5},
        {"dlrm",
         [] {
             return make_dlrm({"DLRM", {13, 512, 256, 128}, {1024, 1024, 512, 256, 1}, 26});
         }},
    };
    return models;
}

trace make_trace(const named_model& model) {
    auto t = model.make();
    t.name = model.name;
    const auto sum = totals(lower(t), t.name);
    t.comments.push_back("Matrix products " + std::to_string(sum.gemms) + ", MACs " + std::to_string(sum.macs) +
                         ", weights " + std::to_string(sum.weights) + ", operations of vector work " +
                         std::to_string(sum.vector_operations) + ".");
    t.comments.push_back("Written by cimtlm-traces; columns: docs/traces.md.");
    return t;
}

} // namespace cimtlm
