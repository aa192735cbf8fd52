#include "findings.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <map>
#include <stdexcept>

#include "confidence.h"
#include "geometry.h"

using nlohmann::json;
using Labels = std::vector<std::string>;
using Ordered = nlohmann::ordered_json;
using Places = std::map<std::string, double>;  // of structures from left to right, 0 to 1

namespace {

constexpr double EDGE = 0.01;  // of the square's side: a box that comes nearer is cut off by the image's border
constexpr double SEEN = 0.5;   // probability from which the end of an axis is taken as seen
constexpr const char * NO_MEASUREMENT = "No measurement in this plane.";
constexpr double PI = 3.14159265358979323846;

int tenths(double share) { return std::clamp(int(std::floor(share * 10)), 0, 9); }

bool holds(const Labels & labels, const std::string & label) {
    return std::find(labels.begin(), labels.end(), label) != labels.end();
}

// The place of a label in a list of the release's; -1 where it is not in it.
long place_of(const json & labels, const std::string & label) {
    const auto found = std::find(labels.begin(), labels.end(), label);
    return found == labels.end() ? -1 : long(found - labels.begin());
}

bool is_cut(const float * box) {
    const double cx = box[0], cy = box[1], w = box[2], h = box[3];
    return std::min({cx - w / 2, cy - h / 2, 1 - cx - w / 2, 1 - cy - h / 2}) < EDGE;
}

bool has_leaked(const std::string & label, const json & heads, const Tensors & raw) {
    const json & rules = heads["calibration"];
    const double least = of(rules["filling"], label, 0);
    const long mask = place_of(heads["labels"]["masks"], label);
    if (least == 0 || mask < 0) return false;
    const int cells = heads["side"].get<int>() / 2;
    const float * logits = raw.at("MASKS").data() + size_t(mask) * cells * cells;
    const auto traced = outline(logits, cells, cells, of(rules["mask_level"], label, 0));
    return traced && filling(*traced) < least;
}

std::optional<int> axis_of(const json & ends, const json & heads, const Tensors & raw) {
    if (ends.size() != 2) return std::nullopt;
    std::array<const float *, 2> points{};
    for (size_t i = 0; i < 2; i++) {
        const std::string label = ends[i];
        const long place = place_of(heads["labels"]["keypoints"], label);
        if (place < 0) return std::nullopt;
        points[i] = raw.at("KEYPOINTS").data() + 3 * place;
        if (probability(heads["calibration"], label, points[i][2]) < SEEN) return std::nullopt;
    }
    const double across = std::abs(double(points[1][0]) - points[0][0]);
    const double down = std::abs(double(points[1][1]) - points[0][1]);
    return int(std::floor(std::atan2(down, across) * (180 / PI) / 10)) * 10;
}

// The middle of those structures that were found.
std::optional<double> middle(const json & labels, const Places & places) {
    double sum = 0;
    int count = 0;
    for (const std::string label : labels) {
        const auto found = places.find(label);
        if (found != places.end()) sum += found->second, count++;
    }
    return count ? std::optional<double>(sum / count) : std::nullopt;
}

std::string face_of(const json & about, const Places & places) {
    const auto face = middle(about["front"], places), neck = middle(about["back"], places);
    if (!face || !neck) return "";
    return *face < *neck ? "left" : "right";
}

std::string level_of(const json & words, int image) {
    for (const json & level : words["levels"]) {
        if (image >= level[0].get<int>()) return level[1];
    }
    return words["levels"].back()[1];
}

std::string axis_word(int axis) { return axis < 30 ? "horizontal" : axis < 60 ? "oblique" : "vertical"; }

std::string joined(const Labels & names, const char * between) {
    std::string all;
    for (const std::string & name : names) all += (all.empty() ? "" : between) + name;
    return all;
}

std::string sentence(std::string text) {
    text.at(0) = char(std::toupper(static_cast<unsigned char>(text[0])));
    return text + ".";
}

// All eight fields from the findings alone.
class Wording {
  public:
    Wording(const Findings & findings, const json & words)
        : findings_(findings), about_(words.at("planes").at(findings.plane)), names_(words.at("names")) {}

    std::map<std::string, std::string> all() const {
        const std::string main = about_["main"];
        const bool missing = holds(findings_.missing, main), whole = !missing && !holds(findings_.cut, main);
        const std::string advice = is_known() ? about_["advice"].get<std::string>() : NO_MEASUREMENT;
        const std::string again = "Repeat with the whole " + names_.value(main, std::string()) + " in view.";
        return {{"anatomical_structures", structures()},
                {"fetal_orientation", orientation()},
                {"imaging_plane", about_["plane"].get<std::string>()},
                {"biometric_measurements", is_known() && !missing ? about_["measurable"].get<std::string>() : "None."},
                {"gestational_age", "Not stated: needs a calibrated measurement."},
                {"image_quality", quality()},
                {"normality_assessment", "Not assessed. Looked at: " + about_["looked_at"].get<std::string>() + "."},
                {"clinical_recommendations",
                 (whole ? advice : again) + " Review by a trained person."}};
    }

  private:
    // Whether the release looks for the plane's main structure: it was found, or is missing.
    bool is_known() const {
        const std::string main = about_["main"];
        const auto is_main = [&](const auto & one) { return one.first == main; };
        return main.empty() || holds(findings_.missing, main) ||
               std::any_of(findings_.found.begin(), findings_.found.end(), is_main);
    }

    std::string named(const Labels & labels) const {
        Labels names;
        for (const std::string & label : labels) names.push_back(names_.at(label).get<std::string>());
        return joined(names, ", ");
    }

    std::string structures() const {
        const json & listed = about_["listed"];
        Labels names;
        for (const auto & [label, sure] : findings_.found) {
            names.push_back((listed.contains(label) ? listed[label] : names_.at(label)).get<std::string>());
        }
        if (!names.empty()) return sentence(joined(names, ", "));
        if (!is_known()) return "";
        const std::string shown = about_["shown"];
        return shown.empty() ? "No structure found." : shown;
    }

    std::string orientation() const {
        if (findings_.axis) return "Long axis of the head " + axis_word(*findings_.axis) + " in the image.";
        if (!findings_.face.empty()) return "Face towards the " + findings_.face + " of the image.";
        return "Not determined.";
    }

    // The image's sharpness, then what hinders.
    std::string quality() const {
        std::string said = sentence(findings_.level);
        const auto remark = [&](const char * word, const Labels & labels) {
            if (!labels.empty()) said += std::string(" ") + word + ": " + named(labels) + ".";
        };
        remark("Unclear", findings_.unclear);
        remark("Cut off", findings_.cut);
        remark("Not found", findings_.missing);
        return said;
    }

    const Findings & findings_;
    const json & about_, & names_;
};

}  // namespace

Findings findings_of(const json & heads, const Tensors & raw) {
    const json & rules = heads["calibration"], & labels = heads["labels"], & words = heads.at("words");
    const std::vector<double> chances = softmax(raw.at("PLANE"), rules["plane_temperature"]);
    const size_t best = std::max_element(chances.begin(), chances.end()) - chances.begin();
    Findings told;
    told.plane = labels["planes"][best], told.sure = tenths(chances[best]);
    told.image = tenths(sigmoid(rules["quality_platt"], raw.at("QUALITY")[0]));
    told.level = level_of(words, told.image);
    const json & about = words.at("planes").at(told.plane);
    Places places;
    for (const std::string label : labels["structures_by_plane"].value(told.plane, json::array())) {
        const long place = place_of(labels["boxes"], label);
        if (place < 0) throw std::runtime_error("The release's heads give no box of " + label + ".");
        const float * box = raw.at("BOXES").data() + 5 * place;
        const double sure = probability(rules, label, box[4]);
        if (sure < of(rules["structure"], label, 0.5) || has_leaked(label, heads, raw)) continue;
        const bool cut = is_cut(box);
        told.found.emplace_back(label, tenths(sure));
        places[label] = box[0];
        if (cut) told.cut.push_back(label);
        else if (tenths(sure) < words["unclear"].get<int>()) told.unclear.push_back(label);
    }
    for (const std::string label : about["expected"]) {
        if (place_of(labels["boxes"], label) >= 0 && !places.count(label)) told.missing.push_back(label);
    }
    told.axis = axis_of(about["axis"], heads, raw);
    told.face = face_of(about, places);
    return told;
}

std::string line_of(const Findings & told) {
    Labels parts{"plane " + told.plane + " " + std::to_string(told.sure),
                 "image " + told.level + " " + std::to_string(told.image)};
    const auto part = [&](const char * name, const std::string & said) {
        if (!said.empty()) parts.push_back(name + (" " + said));
    };
    Labels found, sure;
    for (const auto & [label, share] : told.found) found.push_back(label), sure.push_back(std::to_string(share));
    part("found", joined(found, ","));
    part("sure", joined(sure, " "));
    part("unclear", joined(told.unclear, ","));
    part("cut", joined(told.cut, ","));
    part("missing", joined(told.missing, ","));
    part("axis", told.axis ? axis_word(*told.axis) + " " + std::to_string(*told.axis) : "");
    part("face", told.face);
    return joined(parts, ";");
}

Ordered borne_out(const Ordered & said, const Findings & findings, const json & words) {
    const std::map<std::string, std::string> own = Wording(findings, words).all();
    Ordered kept = Ordered::object();
    for (const auto & field : said.items()) {
        const auto known = own.find(field.key());
        if (known != own.end() && field.value().get<std::string>() == known->second) kept[field.key()] = field.value();
    }
    return kept;
}
