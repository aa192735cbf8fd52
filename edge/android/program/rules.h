// Phase 3 by the hub's own rules (services/domain/mapping.py); the words come from phases.json.
#pragma once

#include <map>
#include <string>

#include "nlohmann/json.hpp"

using Fields = std::map<std::string, std::string>;

// The group of structures to look for, by class label and interpretation; either may be empty.
std::string group_of(const nlohmann::json & rules, const std::string & label, const Fields & told);
