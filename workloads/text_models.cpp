/// Networks over text.
#include <workloads/model_parts.h>
#include <workloads/models.h>

#include <utility>

namespace cimtlm {

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
        add(rows_of_heads(name("softmax"), layer_kind::softmax, config.heads, tokens, tokens));
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

namespace {
/// One layer of a decoder. `tokens` are worked on at once, each attends to `context` positions.
class decoder_layer {
public:
    decoder_layer(std::vector<layer>& layers, const decoder_config& config, std::int64_t number, std::int64_t tokens,
                  std::int64_t context)
        : layers_(layers)
        , config_(config)
        , prefix_("layer" + std::to_string(number) + ".")
        , tokens_(tokens)
        , context_(context) {}

    void gpt_j() {
        each("norm", layer_kind::layer_norm, config_.hidden);
        attend();
        multiply("feed_forward1", config_.feed_forward, config_.hidden);
        each("gelu", layer_kind::gelu, config_.feed_forward);
        multiply("feed_forward2", config_.hidden, config_.feed_forward);
        each("attention_add", layer_kind::add, config_.hidden);
        each("feed_forward_add", layer_kind::add, config_.hidden);
    }

    void llama() {
        each("attention_norm", layer_kind::rms_norm, config_.hidden);
        attend();
        each("attention_add", layer_kind::add, config_.hidden);
        each("feed_forward_norm", layer_kind::rms_norm, config_.hidden);
        multiply("gate", config_.feed_forward, config_.hidden);
        each("silu", layer_kind::silu, config_.feed_forward);
        multiply("up", config_.feed_forward, config_.hidden);
        each("gating", layer_kind::multiply, config_.feed_forward);
        multiply("down", config_.hidden, config_.feed_forward);
        each("feed_forward_add", layer_kind::add, config_.hidden);
    }

private:
    void attend() {
        const auto head = config_.hidden / config_.heads;
        const auto shared = head * config_.key_value_heads;
        multiply("query", config_.hidden, config_.hidden);
        multiply("key", shared, config_.hidden);
        multiply("value", shared, config_.hidden);
        each_head("query_rotary", layer_kind::rotary_embedding, config_.heads, config_.rotary);
        each_head("key_rotary", layer_kind::rotary_embedding, config_.key_value_heads, config_.rotary);
        layers_.push_back(attention(prefix_ + "scores", config_.heads, tokens_, context_, head));
        each_head("softmax", layer_kind::softmax, config_.heads, context_);
        layers_.push_back(attention(prefix_ + "context", config_.heads, tokens_, head, context_));
        multiply("output", config_.hidden, config_.hidden);
    }

    void multiply(const char* name, std::int64_t n, std::int64_t k) {
        layers_.push_back(product(prefix_ + name, tokens_, n, k));
    }
    void each(const char* name, layer_kind kind, std::int64_t n) {
        layers_.push_back(rows(prefix_ + name, kind, tokens_, n));
    }
    void each_head(const char* name, layer_kind kind, std::int64_t heads, std::int64_t n) {
        layers_.push_back(rows_of_heads(prefix_ + name, kind, heads, tokens_, n));
    }

    std::vector<layer>& layers_;
    const decoder_config& config_;
    std::string prefix_;
    std::int64_t tokens_;
    std::int64_t context_;
};
} // namespace

trace make_decoder(const decoder_config& config, decoder_phase phase, std::int64_t context) {
    const auto text = [](std::int64_t value) { return std::to_string(value); };
    const bool gpt_j = config.block == decoder_block::gpt_j;
    const bool prefill = phase == decoder_phase::prefill;
    const bool grouped = config.key_value_heads != config.heads;
    const auto tokens = prefill ? context : 1;
    trace t;
    t.comments = {
        config.title + ", " +
            (prefill ? "prefill of " + text(context) + " tokens" : "decode of one token at context " + text(context)) +
            ", batch 1: " + text(config.layers) + " layers, hidden " + text(config.hidden) + ", " + text(config.heads) +
            " heads of " + text(config.hidden / config.heads) +
            (grouped ? ", " + text(config.key_value_heads) + " key-value heads" : "") + ", feed-forward " +
            text(config.feed_forward) + (gpt_j ? "" : " (gated)") + ", vocabulary " + text(config.vocabulary) + ".",
        "Configuration: " + config.source,
        prefill ? "The logits of all positions are computed."
                : "The token itself is the last position of the context; keys and values of the others are there.",
        std::string("Assumed: ") + (prefill ? "the causal mask saves no work; " : "") +
            "1/sqrt(head width) and biases are folded into the products; sampling is left out.",
    };
    if (grouped)
        t.comments.emplace_back("Assumed: each head multiplies its own copy of the keys and values that it shares.");
    t.layers.push_back(lookup("embedding", tokens, config.hidden));
    for (std::int64_t i = 0; i < config.layers; ++i) {
        decoder_layer steps(t.layers, config, i, tokens, context);
        if (gpt_j)
            steps.gpt_j();
        else
            steps.llama();
    }
    t.layers.push_back(
        rows("final_norm", gpt_j ? layer_kind::layer_norm : layer_kind::rms_norm, tokens, config.hidden));
    t.layers.push_back(product("lm_head", tokens, config.vocabulary, config.hidden));
    return t;
}

} // namespace cimtlm
