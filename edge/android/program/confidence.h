// From logits to calibrated probabilities (services/reading/confidence.py). ``rules`` is a release's calibration.
#pragma once

#include <string>
#include <vector>

#include "nlohmann/json.hpp"

// The probability of a logit by Platt scaling: {"slope", "offset"}.
double sigmoid(const nlohmann::json & platt, double logit);

// That a structure or a point is there.
double probability(const nlohmann::json & rules, const std::string & label, double logit);

// A label's own value of a table, or the one of all others.
double of(const nlohmann::json & table, const std::string & label, double otherwise);

std::vector<double> softmax(const std::vector<float> & logits, double temperature);
