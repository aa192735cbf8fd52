#include "confidence.h"

#include <algorithm>
#include <cmath>

using nlohmann::json;

double sigmoid(const json & platt, double logit) {
    const double z = platt["slope"].get<double>() * logit + platt["offset"].get<double>();
    return z >= 0 ? 1 / (1 + std::exp(-z)) : std::exp(z) / (1 + std::exp(z));
}

double probability(const json & rules, const std::string & label, double logit) {
    const json & known = rules["structure_platt"];
    static const json plain = {{"slope", 1.0}, {"offset", 0.0}};
    return sigmoid(known.contains(label) ? known[label] : plain, logit);
}

double of(const json & table, const std::string & label, double otherwise) {
    return table.value(label, otherwise);
}

std::vector<double> softmax(const std::vector<float> & logits, double temperature) {
    std::vector<double> all(logits.begin(), logits.end());
    for (double & v : all) v /= temperature;
    const double most = *std::max_element(all.begin(), all.end());
    double sum = 0;
    for (double & v : all) sum += v = std::exp(v - most);
    for (double & v : all) v /= sum;
    return all;
}
