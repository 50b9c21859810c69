/// Networks over images.
#include <workloads/model_parts.h>
#include <workloads/models.h>

#include <utility>

namespace cimtlm {

namespace {
/// An image on its way through a network: each step takes in what the step before has put out.
class image_builder {
public:
    image_builder(std::int64_t extent, std::int64_t channels)
        : extent_(extent)
        , channels_(channels) {}

    std::int64_t extent() const { return extent_; }
    std::int64_t channels() const { return channels_; }

    /// Zeros keep the extent where there is no stride.
    void convolve(const std::string& name, std::int64_t kernel, std::int64_t filters, std::int64_t stride = 1,
                  std::int64_t groups = 1) {
        auto l = convolution(name, extent_, channels_, kernel, filters, stride, kernel / 2);
        l.groups = groups;
        channels_ = filters;
        extent_ = l.out_height();
        add(std::move(l));
    }
    void pool(const std::string& name, layer_kind kind, std::int64_t kernel, std::int64_t stride,
              std::int64_t padding) {
        auto l = window(name, kind, extent_, channels_, kernel, stride, padding);
        extent_ = l.out_height();
        add(std::move(l));
    }
    /// The rest of the image becomes one element a channel.
    void pool_all(const std::string& name) { pool(name, layer_kind::average_pool, extent_, 1, 0); }
    void each(const std::string& name, layer_kind kind) { add(rows(name, kind, extent_ * extent_, channels_)); }
    void connect(const std::string& name, std::int64_t results) {
        add(product(name, 1, results, channels_ * extent_ * extent_));
        channels_ = results;
        extent_ = 1;
    }
    void add(layer l) { layers_.push_back(std::move(l)); }

    std::vector<layer> take() { return std::move(layers_); }

private:
    std::int64_t extent_;
    std::int64_t channels_;
    std::vector<layer> layers_;
};

std::string numbered(const std::string& name, int number) { return name + std::to_string(number); }

/// Convolutions around which the input is added; names as in torchvision.
void resnet_step(image_builder& image, const resnet_config& config, const std::string& name, std::int64_t width,
                 std::int64_t stride) {
    const bool basic = config.block == resnet_block::basic;
    const bool early = basic || config.block == resnet_block::bottleneck_in_first;
    const auto input = image.extent();
    const auto channels = image.channels();
    const auto results = basic ? width : 4 * width;
    image.convolve(name + ".conv1", basic ? 3 : 1, width, early ? stride : 1);
    image.each(name + ".relu1", layer_kind::relu);
    image.convolve(name + ".conv2", 3, width, early ? 1 : stride);
    if (!basic) {
        image.each(name + ".relu2", layer_kind::relu);
        image.convolve(name + ".conv3", 1, results);
    }
    if (!config.cifar && (channels != results || stride != 1))
        image.add(convolution(name + ".downsample", input, channels, 1, results, stride, 0));
    image.each(name + ".add", layer_kind::add);
    image.each(name + (basic ? ".relu2" : ".relu3"), layer_kind::relu);
}

/// A block of MobileNetV2: wide inside, narrow outside, the input added where it has the same size.
void inverted_residual(image_builder& image, const std::string& name, std::int64_t expansion, std::int64_t results,
                       std::int64_t stride) {
    const auto channels = image.channels();
    if (expansion != 1) {
        image.convolve(name + ".expand", 1, expansion * channels);
        image.each(name + ".expand.relu6", layer_kind::relu6);
    }
    image.convolve(name + ".depthwise", 3, image.channels(), stride, image.channels());
    image.each(name + ".depthwise.relu6", layer_kind::relu6);
    image.convolve(name + ".project", 1, results);
    if (stride == 1 && channels == results) image.each(name + ".add", layer_kind::add);
}
} // namespace

trace make_resnet(const resnet_config& config) {
    image_builder image(config.cifar ? 32 : 224, 3);
    image.convolve("conv1", config.cifar ? 3 : 7, config.width, config.cifar ? 1 : 2);
    image.each("relu", layer_kind::relu);
    if (!config.cifar) image.pool("maxpool", layer_kind::max_pool, 3, 2, 1);
    auto width = config.width;
    int stage = 0;
    for (const auto depth : config.depths) {
        const auto name = numbered("layer", ++stage) + ".";
        for (int i = 0; i < depth; ++i)
            resnet_step(image, config, numbered(name, i), width, i == 0 && stage > 1 ? 2 : 1);
        width *= 2;
    }
    image.pool_all("avgpool");
    image.connect("fc", config.cifar ? 10 : 1000);
    trace t;
    t.comments = config.comments;
    t.comments.emplace_back("Batch normalisation is folded into the convolutions; the final softmax is left out.");
    t.layers = image.take();
    return t;
}

trace make_vgg(const std::string& title, const std::vector<int>& depths, bool cifar) {
    image_builder image(cifar ? 32 : 224, 3);
    trace t;
    std::string list;
    int stage = 0;
    std::int64_t width = 64;
    for (const auto depth : depths) {
        const auto number = std::to_string(++stage);
        for (int i = 1; i <= depth; ++i) {
            image.convolve(numbered("conv" + number + "_", i), 3, width);
            image.each(numbered("relu" + number + "_", i), layer_kind::relu);
        }
        image.pool("pool" + number, layer_kind::max_pool, 2, 2, 0);
        list += (list.empty() ? "" : "-") + std::to_string(depth);
        if (width < 512) width *= 2;
    }
    for (int i = 1; i <= 2 && !cifar; ++i) {
        image.connect(numbered("fc", i), 4096);
        image.each(numbered("fc", i) + ".relu", layer_kind::relu);
    }
    image.connect(cifar ? "fc" : "fc3", cifar ? 10 : 1000);
    t.comments = {
        title + (cifar ? ". Image 32x32x3, batch 1, 10 classes." : ". Image 224x224x3, batch 1, 1000 classes."),
        "Configuration: Simonyan and Zisserman, arXiv 1409.1556: 3x3 convolutions " + list +
            " of widths 64-128-256-512-512, each stage ends in 2x2 pooling" +
            (cifar ? "; the five poolings leave one position, and one linear layer 512-10 follows, with 9,217,728 "
                     "weights of convolutions as in the logs of github.com/TimurIbrayev/DUB_Sparsity_for_XBars."
                   : "; 4096-4096-1000."),
        cifar ? "Batch normalisation is folded into the convolutions; biases and the final softmax are left out."
              : "Biases and the final softmax are left out.",
    };
    t.layers = image.take();
    return t;
}

trace make_mobilenet_v2() {
    struct stage {
        std::int64_t expansion, channels;
        int depth;
        std::int64_t stride;
    };
    image_builder image(224, 3);
    image.convolve("stem", 3, 32, 2);
    image.each("stem.relu6", layer_kind::relu6);
    int block = 0;
    for (const auto& s : {stage{1, 16, 1, 1}, stage{6, 24, 2, 2}, stage{6, 32, 3, 2}, stage{6, 64, 4, 2},
                          stage{6, 96, 3, 1}, stage{6, 160, 3, 2}, stage{6, 320, 1, 1}})
        for (int i = 0; i < s.depth; ++i)
            inverted_residual(image, numbered("block", ++block), s.expansion, s.channels, i == 0 ? s.stride : 1);
    image.convolve("head", 1, 1280);
    image.each("head.relu6", layer_kind::relu6);
    image.pool_all("avgpool");
    image.connect("classifier", 1000);
    trace t;
    t.comments = {
        "MobileNetV2, width 1. Image 224x224x3, batch 1, 1000 classes.",
        "Configuration: Sandler et al., arXiv 1801.04381, table 2: expansion 1 in the first block, 6 in the others.",
        "Batch normalisation is folded into the convolutions; the final softmax is left out.",
        "A depthwise convolution is one product a channel.",
    };
    t.layers = image.take();
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

} // namespace cimtlm
