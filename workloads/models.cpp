#include <workloads/models.h>

#include <workloads/lowering.h>
#include <workloads/model_parts.h>

namespace cimtlm {

namespace {
std::string joined(const std::vector<std::int64_t>& widths) {
    std::string text;
    for (const auto width : widths) text += (text.empty() ? "" : "-") + std::to_string(width);
    return text;
}

constexpr std::int64_t context = 2048; ///< of the language models

template <decoder_phase Phase> trace make_gpt_j_6b() {
    return make_decoder({"GPT-J-6B", "Wang and Komatsuzaki, GPT-J-6B (2021), config.json of EleutherAI/gpt-j-6b.",
                         decoder_block::gpt_j, 28, 4096, 16, 16, 64, 16384, 50400},
                        Phase, context);
}

template <decoder_phase Phase> trace make_llama2_7b() {
    return make_decoder({"Llama-2-7B", "Touvron et al., arXiv 2307.09288, config.json of meta-llama/Llama-2-7b-hf.",
                         decoder_block::llama, 32, 4096, 32, 32, 128, 11008, 32000},
                        Phase, context);
}

template <decoder_phase Phase> trace make_llama3_8b() {
    return make_decoder({"Llama-3-8B",
                         "Grattafiori et al., arXiv 2407.21783, config.json of meta-llama/Meta-Llama-3-8B.",
                         decoder_block::llama, 32, 4096, 32, 8, 128, 14336, 128256},
                        Phase, context);
}

trace make_resnet18() {
    return make_resnet({{"ResNet-18. Image 224x224x3, batch 1, 1000 classes.",
                         "Configuration: He et al., arXiv 1512.03385: basic blocks 2-2-2-2 of widths 64-128-256-512; "
                         "1x1 convolutions where a shortcut changes its size."},
                        resnet_block::basic,
                        {2, 2, 2, 2},
                        64});
}

trace make_resnet20() {
    return make_resnet({{"ResNet-20 for CIFAR-10. Image 32x32x3, batch 1, 10 classes.",
                         "Configuration: He et al., arXiv 1512.03385, section 4.2: basic blocks 3-3-3 of widths "
                         "16-32-64, shortcuts without weights."},
                        resnet_block::basic,
                        {3, 3, 3},
                        16,
                        true});
}

template <resnet_block Block> trace make_resnet50() {
    constexpr bool early = Block == resnet_block::bottleneck_in_first;
    return make_resnet(
        {{std::string("ResNet-50 ") + (early ? "v1: stride 2 in the first 1x1" : "v1.5: stride 2 in the 3x3") +
              " convolution of a stage. Image 224x224x3, batch 1, 1000 classes.",
          "Configuration: He et al., arXiv 1512.03385: bottlenecks 3-4-6-3 of widths 64-128-256-512, expansion 4."},
         Block,
         {3, 4, 6, 3},
         64});
}
} // namespace

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
    t.layers.push_back(lookup("embeddings", config.tables, width));
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
        {"gptj_6b_prefill", make_gpt_j_6b<decoder_phase::prefill>},
        {"gptj_6b_decode", make_gpt_j_6b<decoder_phase::decode>},
        {"llama2_7b_prefill", make_llama2_7b<decoder_phase::prefill>},
        {"llama2_7b_decode", make_llama2_7b<decoder_phase::decode>},
        {"llama3_8b_prefill", make_llama3_8b<decoder_phase::prefill>},
        {"llama3_8b_decode", make_llama3_8b<decoder_phase::decode>},
        {"resnet18", make_resnet18},
        {"resnet20", make_resnet20},
        {"resnet50", make_resnet50<resnet_block::bottleneck>},
        {"resnet50_v1", make_resnet50<resnet_block::bottleneck_in_first>},
        {"vgg11",
         [] {
             return make_vgg("VGG-11 (configuration A)", {1, 1, 2, 2, 2});
         }},
        {"vgg11_cifar10",
         [] {
             return make_vgg("VGG-11 (configuration A) for CIFAR-10", {1, 1, 2, 2, 2}, true);
         }},
        {"vgg16",
         [] {
             return make_vgg("VGG-16 (configuration D)", {2, 2, 3, 3, 3});
         }},
        {"mobilenet_v2", make_mobilenet_v2},
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
