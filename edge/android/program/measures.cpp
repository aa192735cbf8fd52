#include "measures.h"

#include <algorithm>
#include <cmath>

namespace {

constexpr double PI = 3.14159265358979323846;
const double BAR = std::sqrt(3.0);  // a bar's long semi-axis by moments is its length over this
const char * const ELLIPSE = "ellipse with the moments of the head's outline";
const char * const ABDOMEN = "ellipse with the moments of the abdomen's outline";
const char * const SHAFT = "bar with the moments of the shaft's outline";
const char * const DIAMETER = "diameter of the abdomen's ellipse along the two keypoints";
const char * const LEVEL = "axis of the shaft's outline to the horizontal of the image";
const char * const TANGENT = "symphysis axis to the tangent of the head's outline (Barbera 2009)";

Points neat(const Points & points) {
    Points all;
    for (const Point & p : points) all.push_back({rounded(p.x, 2), rounded(p.y, 2)});
    return all;
}

Measurement told(const std::string & name, double px, std::optional<double> mm, const Points & points,
                 const Rules & rules, const char * method) {
    Measurement one{name, rounded(px, 2), {}, {}, {}, method, points};
    if (!mm) return one;
    if (const Interval interval = rules.interval(name)) {
        const double half = (*interval)[0] + (*interval)[1] * *mm;
        one.low = rounded(std::max(*mm - half, 0.0), 1), one.high = rounded(*mm + half, 1);
    }
    one.mm = rounded(*mm, 1);
    return one;
}

struct Shapes {
    std::optional<Ellipse> px, mm;
    Points ends;
};

Shapes shapes(const Points & border, const std::optional<Scale> & scale) {
    Shapes both{ellipse(border), {}, {}};
    if (!both.px) return both;
    const auto ends = both.px->ends();
    both.ends = neat({ends.begin(), ends.end()});
    if (scale) both.mm = ellipse(scaled(border, scale->x, scale->y));
    return both;
}

std::vector<Measurement> head(const Points & border, const std::optional<Scale> & scale, const Rules & rules) {
    const Shapes s = shapes(border, scale);
    if (!s.px) return {};
    const auto mm = [&](double value) { return s.mm ? std::optional<double>(value) : std::nullopt; };
    const Ellipse m = s.mm.value_or(Ellipse{});
    return {told("HC", s.px->perimeter(), mm(m.perimeter()), s.ends, rules, ELLIPSE),
            told("BPD", 2 * s.px->b, mm(2 * m.b), {s.ends[2], s.ends[3]}, rules, ELLIPSE),
            told("OFD", 2 * s.px->a, mm(2 * m.a), {s.ends[0], s.ends[1]}, rules, ELLIPSE)};
}

Measurement between(const std::string & name, const Points & ends, const std::optional<Scale> & scale,
                    const Rules & rules) {
    const double x = ends[1].x - ends[0].x, y = ends[1].y - ends[0].y;
    std::optional<double> mm;
    if (scale) mm = std::hypot(x * scale->x, y * scale->y);
    return told(name, std::hypot(x, y), mm, ends, rules, DIAMETER);
}

std::vector<Measurement> abdomen(const Points & border, const std::optional<Scale> & scale, const Rules & rules,
                                 const Sure & keypoints) {
    const Shapes s = shapes(border, scale);
    if (!s.px) return {};
    std::optional<double> mm;
    if (s.mm) mm = s.mm->perimeter();
    std::vector<Measurement> all{told("AC", s.px->perimeter(), mm, s.ends, rules, ABDOMEN)};
    for (const auto & [name, pair] : {std::pair{"TAD", "tad"}, std::pair{"APAD", "apad"}}) {
        const auto from = keypoints.find(pair + std::string("_a")), to = keypoints.find(pair + std::string("_b"));
        if (from == keypoints.end() || to == keypoints.end() || !rules.interval(name)) continue;
        const auto ends = s.px->diameter(from->second, to->second);
        all.push_back(between(name, neat({ends.begin(), ends.end()}), scale, rules));
    }
    return all;
}

Points shaft_ends(const Ellipse & e) {
    const double half = BAR * e.a / 2, x = std::cos(e.angle) * half, y = std::sin(e.angle) * half;
    return neat({{e.cx - x, e.cy - y}, {e.cx + x, e.cy + y}});
}

std::vector<Measurement> femur(const Points & border, const std::optional<Scale> & scale, const Rules & rules) {
    const Shapes s = shapes(border, scale);
    if (!s.px) return {};
    std::optional<double> mm;
    if (s.mm) mm = BAR * s.mm->a;
    return {told("FL", BAR * s.px->a, mm, shaft_ends(*s.px), rules, SHAFT)};
}

double least_elongation(const Rules & rules, const char * structure) {
    const auto least = rules.elongation.find(structure);
    return least == rules.elongation.end() ? 1 : least->second;
}

// Degrees between the shaft's axis and the horizontal of the image, 0 to 90.
std::vector<Angle> femur_angle(const Points & border, const std::optional<Scale> & scale, const Rules & rules) {
    const Interval interval = rules.interval("FemurAngle");
    const Shapes s = shapes(border, scale);
    if (!s.px || !interval) return {};
    const Ellipse axis = s.mm.value_or(*s.px);
    if (axis.a < least_elongation(rules, "femur") * axis.b) return {};
    const double degrees = std::atan2(std::abs(std::sin(axis.angle)), std::abs(std::cos(axis.angle))) * 180 / PI;
    const double half = (*interval)[0] + (*interval)[1] * degrees;
    return {{"FemurAngle", rounded(degrees, 1), rounded(std::max(degrees - half, 0.0), 1),
             rounded(std::min(degrees + half, 90.0), 1), LEVEL, shaft_ends(*s.px)}};
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const size_t half = values.size() / 2;
    return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

// Degrees between the symphysis's long axis at its lower (right) end and the tangent from there to the head,
// with the axis's upper end, its lower end and where the tangent touches.
double progression(const Ellipse & bone, const Points & head, Points & ends) {
    const auto axis = bone.ends();
    Point upper = axis[0], lower = axis[1];
    if (lower.x < upper.x || (lower.x == upper.x && lower.y < upper.y)) std::swap(upper, lower);
    const Point along{upper.x - lower.x, upper.y - lower.y};
    std::vector<double> cross, dot;
    for (const Point & p : head) {
        const Point ray{p.x - lower.x, p.y - lower.y};
        cross.push_back(along.x * ray.y - along.y * ray.x);
        dot.push_back(ray.x * along.x + ray.y * along.y);
    }
    const double side = median(cross) < 0 ? -1 : 1;
    double widest = -1e9;
    for (size_t i = 0; i < head.size(); i++) {
        double degrees = std::fmod(std::atan2(side * cross[i], dot[i]) * 180 / PI + 360, 360);
        if (degrees > 270) degrees -= 360;  // a little beyond the axis, not almost a whole turn
        if (degrees > widest) widest = degrees, ends = {upper, lower, head[i]};
    }
    return widest;
}

std::string weeks_and_days(double days) {
    const int whole = int(std::nearbyint(days));
    return std::to_string(whole / 7) + "w " + std::to_string(whole % 7) + "d";
}

}  // namespace

Interval Rules::interval(const std::string & name) const {
    const auto found = intervals.find(name);
    return found == intervals.end() ? Interval() : Interval(found->second);
}

std::vector<Measurement> measure(const std::string & plane, const Outlines & outlines,
                                 const std::optional<Scale> & scale, const Rules & rules,
                                 const Sure & keypoints) {
    const auto of = [&](const char * name) { return outlines.find(name); };
    const auto none = outlines.end();
    if (plane == "head" && of("fetal_head") != none) return head(of("fetal_head")->second, scale, rules);
    if (plane == "abdomen" && of("abdomen") != none) return abdomen(of("abdomen")->second, scale, rules, keypoints);
    if (plane == "femur" && of("femur") != none) return femur(of("femur")->second, scale, rules);
    return {};
}

std::vector<Angle> angles(const std::string & plane, const Outlines & outlines,
                          const std::optional<Scale> & scale, const Rules & rules) {
    const auto shaft = outlines.find("femur");
    if (plane == "femur" && shaft != outlines.end()) return femur_angle(shaft->second, scale, rules);
    const auto bone = outlines.find("pubic_symphysis"), skull = outlines.find("fetal_head");
    const Interval interval = rules.interval("AoP");  // an angle whose error is not known is not reported
    if (plane != "intrapartum" || bone == outlines.end() || skull == outlines.end() || !interval) return {};
    const double x = scale ? scale->x : 1, y = scale ? scale->y : 1;
    const Points head = scaled(skull->second, x, y);
    const auto shape = ellipse(scaled(bone->second, x, y));
    if (!shape || !ellipse(head) || shape->a < least_elongation(rules, "pubic_symphysis") * shape->b) return {};
    Points ends;
    const double degrees = progression(*shape, head, ends);
    const double half = (*interval)[0] + (*interval)[1] * degrees;
    return {{"AoP", rounded(degrees, 1), rounded(std::max(degrees - half, 0.0), 1), rounded(degrees + half, 1),
             TANGENT, neat(scaled(ends, 1 / x, 1 / y))}};
}

std::vector<Dating> date_by_head(double hc_mm) {
    if (!(hc_mm >= 68 && hc_mm <= 360)) return {};
    const double cm = hc_mm / 10, days = (8.96 + 0.540 * cm + 0.0003 * cm * cm * cm) * 7;
    const double two_sd = hc_mm <= 144 ? 1.19 : hc_mm <= 219 ? 1.48 : hc_mm <= 280 ? 2.06 : hc_mm <= 325 ? 2.98 : 3.2;
    std::vector<Dating> all{{"Hadlock 1984 (HC)", "HC", days, days - two_sd * 7, days + two_sd * 7, weeks_and_days(days)}};
    const double ln = std::log(hc_mm);
    const double other = std::exp(0.05970 * ln * ln + 6.409e-9 * hc_mm * hc_mm * hc_mm + 3.3258);
    if (other >= 14 * 7 && other <= 40 * 7) {
        all.push_back({"INTERGROWTH-21st 2016 (HC)", "HC", other, {}, {}, weeks_and_days(other)});
    }
    return all;
}
