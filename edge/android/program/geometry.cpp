#include "geometry.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace {

constexpr double OUTSIDE = -20.0, PI = 3.14159265358979323846;
constexpr size_t MOST_POINTS = 64;  // FADA's polygons

// Marching squares on a grid with a border of OUTSIDE. An edge is named by the point that it goes out from,
// across or down; each edge that the border crosses names the next one, with the region on the left hand.
class Tracer {
  public:
    Tracer(const float * logits, int width, int height, double level)
        : logits_(logits), width_(width), height_(height), w_(width + 2), h_(height + 2),
          level_(level), next_(2 * size_t(w_) * h_, -1) {
        for (int y = 0; y < h_ - 1; y++) {
            for (int x = 0; x < w_ - 1; x++) cell(x, y);
        }
    }

    std::vector<Points> lines() {
        std::vector<Points> all;
        for (const long start : order_) {
            Points line;
            for (long edge = start; edge >= 0 && next_[edge] >= 0;) {
                line.push_back(point(edge));
                edge = std::exchange(next_[edge], -1);
            }
            if (!line.empty()) all.push_back(std::move(line));
        }
        return all;
    }

  private:
    double at(int x, int y) const {
        if (x < 1 || y < 1 || x > width_ || y > height_) return OUTSIDE;
        return std::clamp(double(logits_[size_t(y - 1) * width_ + x - 1]), OUTSIDE, -OUTSIDE);
    }

    void step(long from, long to) {
        next_[from] = to;
        order_.push_back(from);
    }

    void cell(int x, int y) {
        const double a = at(x, y), b = at(x + 1, y), c = at(x + 1, y + 1), d = at(x, y + 1);
        const int kind = (a > level_) | (b > level_) << 1 | (c > level_) << 2 | (d > level_) << 3;
        const long all = long(w_) * h_, T = long(y) * w_ + x, B = T + w_, L = all + T, R = L + 1;
        const bool high = (a + b + c + d) / 4 > level_;
        switch (kind) {
            case 1: return step(L, T);
            case 2: return step(T, R);
            case 3: return step(L, R);
            case 4: return step(R, B);
            case 5: return high ? (step(L, B), step(R, T)) : (step(L, T), step(R, B));
            case 6: return step(T, B);
            case 7: return step(L, B);
            case 8: return step(B, L);
            case 9: return step(B, T);
            case 10: return high ? (step(T, L), step(B, R)) : (step(T, R), step(B, L));
            case 11: return step(B, R);
            case 12: return step(R, L);
            case 13: return step(R, T);
            case 14: return step(T, L);
            default: return;  // wholly inside or outside
        }
    }

    Point point(long edge) const {
        const long all = long(w_) * h_;
        const bool down = edge >= all;
        const int x = int((down ? edge - all : edge) % w_), y = int((down ? edge - all : edge) / w_);
        const double p = at(x, y), q = down ? at(x, y + 1) : at(x + 1, y);
        const double part = (level_ - p) / (q - p);
        return down ? Point{double(x), y + part} : Point{x + part, double(y)};
    }

    const float * logits_;
    int width_, height_, w_, h_;
    double level_;
    std::vector<long> next_, order_;
};

}  // namespace

double Ellipse::perimeter() const {  // Ramanujan 1914, second form
    if (a <= 0 || b <= 0) return 0;
    const double h = std::pow((a - b) / (a + b), 2);
    return PI * (a + b) * (1 + 3 * h / (10 + std::sqrt(4 - 3 * h)));
}

double Ellipse::area() const { return PI * a * b; }

std::array<Point, 4> Ellipse::ends() const {
    const double x = std::cos(angle), y = std::sin(angle);
    return {{{cx - a * x, cy - a * y}, {cx + a * x, cy + a * y}, {cx + b * y, cy - b * x}, {cx - b * y, cy + b * x}}};
}

std::array<Point, 2> Ellipse::diameter(Point start, Point end) const {
    const bool same = start.x == end.x && start.y == end.y;
    const double along = same ? angle : std::atan2(end.y - start.y, end.x - start.x);
    const double turn = along - angle;
    const double half = a * b / std::hypot(b * std::cos(turn), a * std::sin(turn));
    const double x = half * std::cos(along), y = half * std::sin(along);
    return {{{cx - x, cy - y}, {cx + x, cy + y}}};
}

std::optional<Points> outline(const float * logits, int width, int height, double level) {
    Points best;
    double largest = 4;  // less than four cells is noise
    for (Points & line : Tracer(logits, width, height, level).lines()) {
        const double size = std::abs(area(line));
        if (size >= largest) best = std::move(line), largest = size;
    }
    if (best.empty()) return std::nullopt;
    std::reverse(best.begin(), best.end());  // the hub traces the other way round
    const auto top = std::min_element(best.begin(), best.end(), [](const Point & a, const Point & b) {
        return a.y != b.y ? a.y < b.y : a.x < b.x;
    });
    std::rotate(best.begin(), top, best.end());
    for (Point & p : best) {
        p = {std::clamp((p.x - 0.5) / width, 0.0, 1.0), std::clamp((p.y - 0.5) / height, 0.0, 1.0)};
    }
    return best;
}

double area(const Points & points) {
    double sum = 0;
    for (size_t i = 0; i < points.size(); i++) {
        const Point & p = points[i], & q = points[(i + 1) % points.size()];
        sum += p.x * q.y - q.x * p.y;
    }
    return 0.5 * sum;
}

std::optional<Ellipse> ellipse(const Points & points) {
    Point origin;
    for (const Point & p : points) origin.x += p.x / points.size(), origin.y += p.y / points.size();
    double size = 0, sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0;
    for (size_t i = 0; i < points.size(); i++) {
        const Point & p = points[i], & q = points[(i + 1) % points.size()];
        const double x = p.x - origin.x, y = p.y - origin.y, x1 = q.x - origin.x, y1 = q.y - origin.y;
        const double cross = x * y1 - x1 * y;
        size += 0.5 * cross;
        sx += (x + x1) * cross, sy += (y + y1) * cross;
        sxx += (x * x + x * x1 + x1 * x1) * cross, syy += (y * y + y * y1 + y1 * y1) * cross;
        sxy += (x * y1 + 2 * x * y + 2 * x1 * y1 + x1 * y) * cross;
    }
    if (std::abs(size) < 1e-12) return std::nullopt;
    const double cx = sx / (6 * size), cy = sy / (6 * size);
    const double xx = sxx / (12 * size) - cx * cx, yy = syy / (12 * size) - cy * cy;
    const double xy = sxy / (24 * size) - cx * cy, spread = std::hypot(xx - yy, 2 * xy);
    const double large = (xx + yy + spread) / 2, small = (xx + yy - spread) / 2;
    if (small <= 0) return std::nullopt;
    return Ellipse{cx + origin.x, cy + origin.y, 2 * std::sqrt(large), 2 * std::sqrt(small),
                   0.5 * std::atan2(2 * xy, xx - yy)};
}

Points as_ellipse(const Points & points, int width, int height) {
    const auto e = ellipse(points);
    if (!e) return points;
    // The second moments of an inscribed polygon are smaller than the ellipse's by this factor.
    const double grow = std::sqrt(3 / (2 + std::cos(2 * PI / MOST_POINTS)));
    const double ux = std::cos(e->angle), uy = std::sin(e->angle);
    Points all;
    for (size_t i = 0; i < MOST_POINTS; i++) {
        const double step = double(i) * (2 * PI / MOST_POINTS);
        const double x = e->a * grow * std::cos(step), y = e->b * grow * std::sin(step);
        all.push_back({std::clamp(e->cx + x * ux - y * uy, 0.0, double(width)),
                       std::clamp(e->cy + x * uy + y * ux, 0.0, double(height))});
    }
    return all;
}

double filling(const Points & points) {
    const auto shape = ellipse(points);
    return shape ? std::abs(area(points)) / shape->area() : 0;
}

Points resample(const Points & points) {
    if (points.size() <= MOST_POINTS) return points;
    std::vector<double> along{0};
    for (size_t i = 0; i < points.size(); i++) {
        const Point & p = points[i], & q = points[(i + 1) % points.size()];
        along.push_back(along.back() + std::hypot(q.x - p.x, q.y - p.y));
    }
    Points even;
    for (size_t i = 0, j = 0; i < MOST_POINTS; i++) {
        const double want = along.back() * double(i) / MOST_POINTS;
        while (j + 2 < along.size() && along[j + 1] <= want) j++;
        const Point & p = points[j], & q = points[(j + 1) % points.size()];
        const double length = along[j + 1] - along[j], part = length > 0 ? (want - along[j]) / length : 0;
        even.push_back({p.x + (q.x - p.x) * part, p.y + (q.y - p.y) * part});
    }
    return even;
}

std::array<double, 4> bounds(const Points & points) {
    std::array<double, 4> box{points[0].x, points[0].y, points[0].x, points[0].y};
    for (const Point & p : points) {
        box = {std::min(box[0], p.x), std::min(box[1], p.y), std::max(box[2], p.x), std::max(box[3], p.y)};
    }
    return box;
}

long filled(const Points & points, int width, int height) {
    std::vector<std::vector<long>> crossed(height);
    for (size_t i = 0; i < points.size(); i++) {
        const Point & p = points[i], & q = points[(i + 1) % points.size()];
        const auto row = [&](double y) { return long(std::clamp(std::ceil(y - 0.5), 0.0, double(height))); };
        for (long y = row(std::min(p.y, q.y)); y < row(std::max(p.y, q.y)); y++) {
            const double x = p.x + (y + 0.5 - p.y) * ((q.x - p.x) / (q.y - p.y));
            crossed[y].push_back(long(std::clamp(std::ceil(x - 0.5), 0.0, double(width))));
        }
    }
    long count = 0;
    for (std::vector<long> & row : crossed) {
        std::sort(row.begin(), row.end());
        for (size_t i = 0; i + 1 < row.size(); i += 2) count += row[i + 1] - row[i];
    }
    return count;
}

Points scaled(const Points & points, double x, double y) {
    Points other;
    for (const Point & p : points) other.push_back({p.x * x, p.y * y});
    return other;
}

double rounded(double value, int digits) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    return std::strtod(text, nullptr);
}
