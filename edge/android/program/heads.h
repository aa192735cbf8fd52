// A release's dense heads: the steps that heads.py wrote, as one graph of ggml (services/reading/vision.py).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "image.h"

// Tensors by the contract's names (services/reading/contract.py), of one image, row by row.
using Tensors = std::map<std::string, std::vector<float>>;

class Heads {
  public:
    // FOLDER holds heads.json and heads.bin. Throws std::runtime_error where they are not whole.
    Heads(const std::string & folder, int side, int threads);
    ~Heads();

    // Throws std::runtime_error: a square of another size, or something that is no number comes out.
    Tensors run(const Gray & square);

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
    int side_;
};
