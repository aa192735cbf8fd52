#include "rules.h"

#include <algorithm>
#include <vector>

namespace {

using nlohmann::json;

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
        return char(std::tolower(c));
    });
    return text;
}

std::string field(const Fields & told, const std::string & name) {
    const auto found = told.find(name);
    return found == told.end() ? std::string() : lower(found->second);
}

bool any(const json & words, const std::string & text) {
    return std::any_of(words.begin(), words.end(), [&](const json & word) {
        return text.find(word.get<std::string>()) != std::string::npos;
    });
}

std::string joined(const json & names, const Fields & told, bool empty) {
    std::string all;
    bool first = true;
    for (const std::string name : names) {
        const std::string text = field(told, name);
        if (text.empty() && !empty) continue;
        all += (first ? "" : " ") + text, first = false;
    }
    return all;
}

// The score of each group, in the rules' order.
std::vector<std::pair<std::string, double>> scores(const json & rules, const Fields & told) {
    const std::string all = joined(rules["fields"], told, false);
    const std::string measured = rules["dampened_field"];
    const bool dampened = any(rules["unmeasured"], field(told, measured));
    std::vector<std::pair<std::string, double>> found;
    for (const auto & group : rules["groups"]) {
        const std::string name = group[0];
        double score = 0;
        for (const std::string structure : group[1]) {
            double own = 0;
            for (const auto & weighed : rules["weights"]) {
                const std::string text = field(told, weighed[0]);
                double weight = weighed[1];
                if (dampened && weighed[0] == measured) weight = rules["dampened"];
                if (weight > 0 && any(rules["words"][structure], text)) own += weight;
            }
            score += own;
        }
        if (rules["aliases"].contains(name) && any(rules["aliases"][name], all)) {
            score += rules["alias_score"].get<double>();
        }
        found.emplace_back(name, score);
    }
    return found;
}

// The group with the highest score, with a compatible second one; empty where nothing counts.
std::string by_keywords(const json & rules, const Fields & told) {
    auto ranked = scores(rules, told);
    std::stable_sort(ranked.begin(), ranked.end(), [](const auto & a, const auto & b) {
        return a.second > b.second;
    });
    if (ranked[0].first == "body_full" &&
        any(rules["organs"], joined(rules["fields"], told, false))) {
        const auto organs = std::find_if(ranked.begin(), ranked.end(), [](const auto & group) {
            return group.first == "doppler";
        });
        std::swap(ranked[0], *organs);
    }
    const auto & [first, most] = ranked[0];
    const auto & [second, next] = ranked[1];
    if (most <= 0) return "";
    if (next > 0 && next >= rules["second_share"].get<double>() * most &&
        rules["compatible"].contains(first)) {
        for (const std::string other : rules["compatible"][first]) {
            if (other == second) return first + "+" + second;
        }
    }
    return first;
}

}  // namespace

std::string group_of(const json & rules, const std::string & label, const Fields & told) {
    if (rules["own"].contains(label)) return rules["own"][label];
    if (rules["specific"].contains(label)) return rules["specific"][label];
    const std::string plane = joined(rules["plane_fields"], told, true);
    for (const auto & named : rules["planes"]) {
        if (plane.find(named[0].get<std::string>()) != std::string::npos) return named[1];
    }
    const std::string found = by_keywords(rules, told);
    if (!found.empty()) return found;
    if (rules["labels"].contains(label)) return rules["labels"][label];
    for (const auto & row : rules["label_words"]) {
        if (!label.empty() && any(row[0], lower(label))) return row[1];
    }
    return rules["else"];
}
