#include "model.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "mtmd-helper.h"

namespace {

constexpr int ANSWER_TOKENS = 4096, PROMPT_TOKENS = 1024, BATCH = 512;
constexpr int CELL = 32;  // pixels of one image token's side
constexpr int DECODER_TOKENS = 2048;  // findings and the longest answer that a release's sentences allow
constexpr size_t MOST_FINDINGS = 1000;  // characters of a line

void quiet(ggml_log_level, const char *, void *) {}

struct Chunks {
    mtmd_input_chunks * all = mtmd_input_chunks_init();
    ~Chunks() { mtmd_input_chunks_free(all); }
    const mtmd_input_chunk * operator[](size_t i) const { return mtmd_input_chunks_get(all, i); }
    size_t size() const { return mtmd_input_chunks_size(all); }
};

struct Bound {
    llama_sampler * sampler;
    ~Bound() { llama_sampler_free(sampler); }
};

// [what stands before, image, what stands after]
void tokenise(mtmd_context * vision, mtmd_bitmap * picture, const std::string & before,
              const std::string & after, Chunks & chunks) {
    const std::string words = before + mtmd_default_marker() + after;
    const mtmd_input_text text{words.c_str(), words.size(), false, true};
    const mtmd_bitmap * pictures[] = {picture};
    if (mtmd_tokenize(vision, chunks.all, &text, pictures, 1) != 0 || chunks.size() < 2) {
        throw std::runtime_error("The text model cannot take this image.");
    }
}

size_t image_of(const Chunks & chunks) {
    size_t i = 0;
    while (mtmd_input_chunk_get_type(chunks[i]) != MTMD_INPUT_CHUNK_TYPE_IMAGE) i++;
    return i;
}

}  // namespace

Model::Model(const std::string & text, const std::string & mmproj, int side, int threads)
    : side_(side) {
    llama_log_set(quiet, nullptr);
    mtmd_helper_log_set(quiet, nullptr);
    llama_backend_init();
    const bool sees = !mmproj.empty();
    const int tokens = (side / CELL) * (side / CELL);
    llama_model_params of_model = llama_model_default_params();
    of_model.n_gpu_layers = 0;
    model_ = llama_model_load_from_file(text.c_str(), of_model);
    if (!model_) throw std::runtime_error("The text model cannot be loaded: " + text);
    llama_context_params of_context = llama_context_default_params();
    of_context.n_ctx = sees ? tokens + PROMPT_TOKENS + ANSWER_TOKENS : DECODER_TOKENS;
    of_context.n_batch = of_context.n_ubatch = BATCH;
    of_context.n_threads = of_context.n_threads_batch = threads;
    context_ = llama_init_from_model(model_, of_context);
    if (!context_) throw std::runtime_error("The text model cannot be loaded: " + text);
    vocab_ = llama_model_get_vocab(model_);
    if (!sees) return;
    mtmd_context_params of_vision = mtmd_context_params_default();
    of_vision.use_gpu = of_vision.print_timings = of_vision.warmup = false;
    of_vision.n_threads = threads;
    of_vision.image_min_tokens = of_vision.image_max_tokens = tokens;
    vision_ = mtmd_init_from_file(mmproj.c_str(), model_, of_vision);
    if (!vision_) throw std::runtime_error("The vision tower cannot be loaded: " + mmproj);
}

Model::~Model() {
    if (picture_) mtmd_bitmap_free(picture_);
    if (vision_) mtmd_free(vision_);
    if (context_) llama_free(context_);
    if (model_) llama_model_free(model_);
}

void Model::look(const Gray & square, const std::string & before) {
    if (square.width != side_ || square.height != side_) {
        throw std::runtime_error("The text model takes squares of " + std::to_string(side_));
    }
    std::vector<uint8_t> rgb;
    for (const uint8_t value : square.pixels) rgb.insert(rgb.end(), 3, value);
    if (picture_) mtmd_bitmap_free(picture_);
    picture_ = mtmd_bitmap_init(side_, side_, rgb.data());
    before_ = before;
    Chunks chunks;
    tokenise(vision_, picture_, before_, "", chunks);
    llama_memory_clear(llama_get_memory(context_), true);
    place_ = 0;
    for (size_t i = 0, image = image_of(chunks); i <= image; i++) evaluate(chunks[i], false);
    after_image_ = place_;
    seen_.resize(llama_state_seq_get_size(context_, 0));
    if (llama_state_seq_get_data(context_, seen_.data(), seen_.size(), 0) == 0) {
        throw std::runtime_error("The state after the image cannot be kept.");
    }
}

void Model::read(const std::string & findings, const std::string & before) {
    if (findings.size() > MOST_FINDINGS) throw std::runtime_error("The findings are too long for the decoder.");
    before_ = before + findings;
}

std::string Model::ask(const std::string & prompt, const std::string & grammar) {
    llama_memory_clear(llama_get_memory(context_), true);
    vision_ ? after_image(prompt) : after_findings(prompt);
    const Bound bound{llama_sampler_init_grammar(vocab_, grammar.c_str(), "root")};
    if (!bound.sampler) throw std::runtime_error("A grammar of the release cannot be read.");
    std::string answer;
    for (int i = 0; i < ANSWER_TOKENS; i++) {
        const llama_token token = best(bound.sampler);
        if (llama_vocab_is_eog(vocab_, token)) return answer;
        char piece[256];
        const int length = llama_token_to_piece(vocab_, token, piece, sizeof piece, 0, false);
        if (length > 0) answer.append(piece, length);
        llama_sampler_accept(bound.sampler, token);
        step(token);
    }
    throw std::runtime_error("The text model did not come to an end.");
}

void Model::after_image(const std::string & prompt) {
    if (llama_state_seq_set_data(context_, seen_.data(), seen_.size(), 0) == 0) {
        throw std::runtime_error("The state after the image cannot be taken up again.");
    }
    place_ = after_image_;
    Chunks chunks;
    tokenise(vision_, picture_, before_, prompt, chunks);
    for (size_t i = image_of(chunks) + 1; i < chunks.size(); i++) {
        evaluate(chunks[i], i + 1 == chunks.size());
    }
}

void Model::after_findings(const std::string & prompt) {
    const std::string words = before_ + prompt;
    std::vector<llama_token> tokens(words.size() + 1);  // no token is less than a byte, but for a first one
    const int count = llama_tokenize(vocab_, words.data(), int(words.size()), tokens.data(), int(tokens.size()),
                                     true, true);
    if (count <= 0) throw std::runtime_error("The text model cannot take these findings.");
    for (int at = 0; at < count; at += BATCH) {
        const llama_batch part = llama_batch_get_one(tokens.data() + at, std::min(BATCH, count - at));
        if (llama_decode(context_, part)) throw std::runtime_error("The text model failed on these findings.");
    }
    place_ = count;
}

void Model::evaluate(const mtmd_input_chunk * chunk, bool logits) {
    if (mtmd_helper_eval_chunk_single(vision_, context_, chunk, place_, 0, BATCH, logits, &place_)) {
        throw std::runtime_error("The text model failed on this image.");
    }
}

void Model::step(llama_token token) {
    // The place is said: after an image it is not the number of tokens before (M-RoPE).
    llama_batch batch = llama_batch_init(1, 0, 1);
    batch.n_tokens = 1;
    batch.token[0] = token;
    batch.pos[0] = place_++;
    batch.n_seq_id[0] = 1;
    batch.seq_id[0][0] = 0;
    batch.logits[0] = true;
    const int failed = llama_decode(context_, batch);
    llama_batch_free(batch);
    if (failed) throw std::runtime_error("The text model failed while it wrote.");
}

llama_token Model::best(llama_sampler * bound) {
    const float * logits = llama_get_logits_ith(context_, -1);
    const int count = llama_vocab_n_tokens(vocab_);
    std::vector<llama_token_data> all(count);
    llama_token first = 0;
    for (llama_token i = 0; i < count; i++) {
        all[i] = {i, logits[i], 0};
        if (logits[i] > logits[first]) first = i;
    }
    // Most often the grammar allows what the model likes best: then nothing else is looked at.
    llama_token_data liked = all[first];
    llama_token_data_array one{&liked, 1, -1, false};
    llama_sampler_apply(bound, &one);
    if (liked.logit > -INFINITY) return first;
    llama_token_data_array every{all.data(), all.size(), -1, false};
    llama_sampler_apply(bound, &every);
    const llama_token_data * found = &every.data[0];
    for (size_t i = 1; i < every.size; i++) {
        if (every.data[i].logit > found->logit) found = &every.data[i];
    }
    return found->id;
}
