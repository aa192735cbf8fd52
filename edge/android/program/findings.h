// The heads' findings as one line, which a decoder reads in place of the image, and the words that they bear out
// (services/reading/text/findings.py, finding_words.py). ``words`` is a release's ``text_model.words``.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "heads.h"
#include "nlohmann/json.hpp"

// Probabilities are in tenths, 0 to 9.
struct Findings {
    std::string plane;
    int sure = 0;
    std::string level;
    int image = 0;
    std::vector<std::pair<std::string, int>> found;
    std::vector<std::string> unclear, cut, missing;
    std::optional<int> axis;  // degrees to the horizontal of the square, whole tens from 0 to 90
    std::string face;         // "left" or "right"; empty where it is not known
};

// The findings of one image. ``heads`` is that part of phases.json. Throws where there are no words for the plane.
Findings findings_of(const nlohmann::json & heads, const Tensors & raw);

// The canonical line; what is empty is left out.
std::string line_of(const Findings & findings);

// The fields of what a decoder said that say what the findings say; the others are left out.
nlohmann::ordered_json borne_out(const nlohmann::ordered_json & said, const Findings & findings,
                                 const nlohmann::json & words);
