#include "letters.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

namespace {

constexpr double LOW = 6, HIGH = 40;  // pixels
constexpr int LETTERS = 5;            // so many in a row are no chance of speckle
using Box = std::array<double, 4>;

// Boxes of the contour lines at a level. A line is what hangs together from cell to cell (marching squares), so
// its box is that of a set of crossed edges; an edge goes across or down from a pixel.
class Contours {
  public:
    Contours(const Gray & frame, double level)
        : p_(frame.pixels), w_(frame.width), all_(long(frame.width) * frame.height), level_(level),
          parent_(2 * all_, -1) {
        for (int y = 0; y + 1 < frame.height; y++) {
            for (int x = 0; x + 1 < frame.width; x++) cell(long(y) * w_ + x);
        }
    }

    std::vector<Box> boxes() {
        std::map<long, Box> found;
        for (const long edge : used_) {
            const bool down = edge >= all_;
            const long at = down ? edge - all_ : edge;
            const double p = p_[at], part = (level_ - p) / (p_[down ? at + w_ : at + 1] - p);
            const double x = at % w_ + (down ? 0 : part), y = at / w_ + (down ? part : 0);
            Box & box = found.try_emplace(root(edge), Box{x, y, x, y}).first->second;
            box = {std::min(box[0], x), std::min(box[1], y), std::max(box[2], x), std::max(box[3], y)};
        }
        std::vector<Box> fit;
        for (auto & [_, box] : found) {
            for (double & v : box) v = std::nearbyint(v * 1e6) / 1e6;  // less is noise of the arithmetic
            const double width = box[2] - box[0], height = box[3] - box[1];
            if (height >= LOW && height <= HIGH && width <= 1.4 * height) fit.push_back(box);
        }
        return fit;
    }

  private:
    long root(long edge) {
        while (parent_[edge] != edge) edge = parent_[edge] = parent_[parent_[edge]];
        return edge;
    }

    void join(long a, long b) {
        for (const long edge : {a, b}) {
            if (parent_[edge] < 0) parent_[edge] = edge, used_.push_back(edge);
        }
        parent_[root(a)] = root(b);
    }

    void cell(long at) {
        const int a = p_[at], b = p_[at + 1], c = p_[at + w_ + 1], d = p_[at + w_];
        const int kind = (a > level_) | (b > level_) << 1 | (c > level_) << 2 | (d > level_) << 3;
        const long top = at, bottom = at + w_, left = all_ + at, right = left + 1;
        if (kind == 5 || kind == 10) {
            const bool high = (a + b + c + d) / 4.0 > level_;
            if (high == (kind == 5)) join(left, bottom), join(top, right);
            else join(left, top), join(bottom, right);
            return;
        }
        std::vector<long> crossed;
        const int turns = kind ^ (kind >> 1);
        if (turns & 1) crossed.push_back(top);
        if (turns & 2) crossed.push_back(right);
        if (turns & 4) crossed.push_back(bottom);
        if ((kind ^ (kind >> 3)) & 1) crossed.push_back(left);
        if (crossed.size() == 2) join(crossed[0], crossed[1]);
    }

    const std::vector<uint8_t> & p_;
    long w_, all_;
    double level_;
    std::vector<long> parent_, used_;
};

// Letters in the row that begins with ``start``: same height and baseline, little space between.
int row(const std::vector<Box> & boxes, size_t start) {
    const Box * here = &boxes[start];
    const double height = (*here)[3] - (*here)[1];
    int count = 1;
    for (size_t i = start + 1; i < boxes.size(); i++) {
        const Box & box = boxes[i];
        const double gap = box[0] - (*here)[2];
        if (gap > 1.2 * height) break;
        const bool same = std::abs(box[3] - (*here)[3]) <= 1.2 && std::abs(box[3] - box[1] - height) <= 0.15 * height;
        if (same && gap >= 0) here = &box, count++;
    }
    return count;
}

}  // namespace

bool has_text(const Gray & frame) {
    for (const double level : {110.0, 170.0, 225.0}) {
        std::vector<Box> boxes = Contours(frame, level).boxes();
        std::sort(boxes.begin(), boxes.end());
        for (size_t start = 0; start < boxes.size(); start++) {
            if (row(boxes, start) >= LETTERS) return true;
        }
    }
    return false;
}
