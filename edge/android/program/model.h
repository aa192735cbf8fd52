// A release's text model: one image, encoded once, or the findings of one, then one answer a phase
// (services/reading/text/runtime.py, decoder.py).
#pragma once

#include <string>
#include <vector>

#include "image.h"
#include "llama.h"
#include "mtmd.h"

class Model {
  public:
    // Throws std::runtime_error where llama.cpp cannot load it. Without mmproj it reads findings, and no images.
    Model(const std::string & text, const std::string & mmproj, int side, int threads);
    ~Model();
    Model(const Model &) = delete;
    Model & operator=(const Model &) = delete;

    // Encode a grey square of the release's text side; before stands before the image.
    void look(const Gray & square, const std::string & before);

    // Take up one line of findings; before stands before it. Throws where it is too long.
    void read(const std::string & findings, const std::string & before);

    // What the most likely tokens say after image or findings and the prompt, bound by a GBNF grammar.
    std::string ask(const std::string & prompt, const std::string & grammar);

  private:
    void after_image(const std::string & prompt);
    void after_findings(const std::string & prompt);
    void evaluate(const mtmd_input_chunk * chunk, bool logits);
    void step(llama_token token);
    llama_token best(llama_sampler * bound);

    int side_;
    llama_model * model_ = nullptr;
    llama_context * context_ = nullptr;
    const llama_vocab * vocab_ = nullptr;
    mtmd_context * vision_ = nullptr;
    mtmd_bitmap * picture_ = nullptr;
    std::string before_;  // what stands before the image, or all that stands before the prompt
    llama_pos place_ = 0, after_image_ = 0;
    std::vector<uint8_t> seen_;  // the state after the image: every phase starts from there
};
