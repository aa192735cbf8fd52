#include "withhold.h"

#include <algorithm>

namespace {

using Text = std::u32string;

// UTF-8 as code points in lower case, without what cannot be seen; wide forms become plain ones. The hub's
// other foldings (NFKC) are left out: a model that runs here has no reason to write around the filter.
Text plain(const std::string & utf8) {
    Text all;
    for (size_t i = 0; i < utf8.size();) {
        const unsigned char first = utf8[i++];
        int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC0 ? 1 : 0;
        char32_t c = more == 3 ? first & 7 : more == 2 ? first & 15 : more == 1 ? first & 31 : first;
        for (; more > 0 && i < utf8.size(); more--) c = c << 6 | (utf8[i++] & 63);
        if (c >= 0xFF01 && c <= 0xFF5E) c -= 0xFEE0;
        if (c == 0xA0 || c == 0x3000) c = ' ';
        const bool latin1 = c >= 0xC0 && c <= 0xDE && c != 0xD7;
        if ((c >= 'A' && c <= 'Z') || latin1) c += 32;
        const bool unseen = c == 0xAD || (c >= 0x200B && c <= 0x200D) || c == 0x2060 || c == 0xFEFF;
        if (!unseen) all += c;
    }
    return all;
}

bool is_space(char32_t c) { return c == ' ' || (c >= 9 && c <= 13); }

bool is_letter(char32_t c) {
    if (c < 0x80) return c >= 'a' && c <= 'z';
    return c != 0xD7 && c != 0xF7 && c >= 0xC0 && c != 0x964 && c != 0x965 && !(c >= 0x2000 && c < 0x2C00) &&
           !(c >= 0x3000 && c < 0x3040) && c < 0x1F000;
}

bool in_word(char32_t c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; }

// "m a l e", "f-e-m-a-l-e": single letters kept apart are joined.
Text joined(const Text & text) {
    Text all;
    for (size_t i = 0; i < text.size();) {
        size_t end = i + 1;
        if (is_letter(text[i]) && (i == 0 || !is_letter(text[i - 1]))) {
            const auto apart = [](char32_t c) { return is_space(c) || c == '.' || c == '-' || c == '_' || c == '*'; };
            const auto alone = [&](size_t at) { return at + 1 >= text.size() || !is_letter(text[at + 1]); };
            while (end + 1 < text.size() && apart(text[end]) && is_letter(text[end + 1]) && alone(end + 1)) end += 2;
        }
        for (size_t j = i; j < end; j += 2) all += text[j];
        i = end;
    }
    return all;
}

// Whether a word begins at a place and ends there as a word; one space in it stands for any number.
bool begins(const Text & text, size_t at, const Text & word) {
    for (const char32_t c : word) {
        if (at >= text.size()) return false;
        if (c == ' ') {
            if (!is_space(text[at])) return false;
            while (at < text.size() && is_space(text[at])) at++;
        } else if (text[at++] != c) {
            return false;
        }
    }
    return at >= text.size() || !in_word(text[at]);
}

bool holds(const Text & text, const Text & word) {
    for (size_t at = 0; at < text.size(); at++) {
        if ((at == 0 || !in_word(text[at - 1])) && begins(text, at, word)) return true;
    }
    return false;
}

}  // namespace

bool tells_sex(const std::string & text, const nlohmann::json & list) {
    const Text whole = plain(text), close = joined(whole);
    const Text symbols = plain(list["symbols"]);
    if (whole.find_first_of(symbols) != Text::npos) return true;
    return std::any_of(list["words"].begin(), list["words"].end(), [&](const nlohmann::json & one) {
        const Text word = plain(one);
        return holds(whole, word) || holds(close, word);
    });
}

bool withhold(nlohmann::ordered_json & fields, const nlohmann::json & list) {
    bool any = false;
    for (auto & field : fields.items()) {
        if (!tells_sex(field.value(), list)) continue;
        field.value() = "withheld";
        any = true;
    }
    return any;
}
