// Words that tell the fetal sex, or may, are never said (services/domain/fetal_sex_filter.py).
#pragma once

#include <string>

#include "nlohmann/json.hpp"

// Whether a text about the fetus tells; ``list`` is that part of phases.json: "words" and "symbols".
bool tells_sex(const std::string & text, const nlohmann::json & list);

// Puts "withheld" in the place of every field that tells; returns whether one did.
bool withhold(nlohmann::ordered_json & fields, const nlohmann::json & list);
