#include "rules.h"

#include <algorithm>
#include <regex>

namespace {

bool holds(const std::string & text, const std::string & pattern) {
    return std::regex_search(text, std::regex(pattern));
}

// Lower case, without clauses that deny: "no nasal bone seen" is no sign of an NT view.
std::string said(std::string text) {
    static const std::regex denies("^\\s*(?:no|not|none|without)\\b");
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
        return char(std::tolower(c));
    });
    std::string kept;
    for (size_t at = 0; at <= text.size();) {
        const size_t end = std::min(text.find_first_of(".;,", at), text.size());
        const std::string clause = text.substr(at, end - at);
        if (!std::regex_search(clause, denies)) kept += (kept.empty() ? "" : ". ") + clause;
        at = end + 1;
    }
    return kept;
}

}  // namespace

std::string group_of(const nlohmann::json & rules, const std::string & label, const Fields & told) {
    if (rules["specific"].contains(label)) return rules["specific"][label];
    const auto text = [&](const std::string & field) {
        const auto found = told.find(field);
        return found == told.end() ? std::string() : said(found->second);
    };
    const std::string plane = text(rules["plane_field"]);
    for (const auto & named : rules["planes"]) {
        if (holds(plane, named[0])) return named[1];
    }
    std::string best;
    double most = -1;
    for (const auto & group : rules["keywords"]) {
        double score = 0;
        for (const auto & [field, weight] : rules["weights"].items()) {
            const std::string words = text(field);
            for (const auto & word : group[1]) {
                if (holds(words, word)) score += weight.get<double>();
            }
        }
        if (score > most) best = group[0], most = score;
    }
    if (most >= rules["least"]) return best;
    return rules["generic"].value(label, rules["else"].get<std::string>());
}
