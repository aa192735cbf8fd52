// One image read by one release, in the hub's order (services/reading/phases.py).
#pragma once

#include <optional>
#include <string>

#include "measures.h"
#include "nlohmann/json.hpp"

struct Wanted {
    std::string folder, image;
    std::string plane;           // of a release without heads, where a person knows it
    std::optional<Scale> scale;  // millimetres a pixel, where a person knows them
    int threads = 1;
};

// FOLDER/phases.json. Throws std::runtime_error where there is none.
nlohmann::json phases_of(const std::string & folder);

// What is printed: label, release, width, height, "reading" (with heads) or "phases" (in words), "findings" (the
// line that the words are about, where the text model reads one), "seconds".
nlohmann::ordered_json read_image(const nlohmann::json & phases, const Wanted & wanted);
