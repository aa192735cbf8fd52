// From the heads' tensors to what FADA reports of a frame (services/reading/judge.py).
#pragma once

#include <optional>
#include <string>

#include "heads.h"
#include "measures.h"
#include "nlohmann/json.hpp"

struct Frame {
    int width, height;
    std::optional<Scale> scale;
};

// The plane with the highest logit: what the text model is asked about.
std::string likeliest(const nlohmann::json & heads, const Tensors & raw);

// A frame's reading in the report's own form, without the names of a DICOM object. ``heads`` is that part of
// phases.json, ``words`` the interpretation, of which nothing is withheld yet. What was not assessed stands under "abstentions", and nothing else is said of it.
nlohmann::ordered_json judge(const nlohmann::json & heads, const Tensors & raw, const Frame & frame,
                             const nlohmann::ordered_json & words);
