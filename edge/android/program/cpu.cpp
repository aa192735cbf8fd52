// ggml asks for its CPU backend by this one function: here it gets the variant that this processor can run.
#include "cpu.h"

#if defined(__aarch64__)

#include <sys/auxv.h>

extern "C" {
ggml_backend_reg_t ggml_backend_cpu_reg_plain(void);
ggml_backend_reg_t ggml_backend_cpu_reg_dotprod(void);
ggml_backend_reg_t ggml_backend_cpu_reg_i8mm(void);
}

namespace {

// Bits of Linux's AT_HWCAP and AT_HWCAP2 for aarch64 (arch/arm64/include/uapi/asm/hwcap.h).
constexpr unsigned long HALF = 1UL << 10, DOT = 1UL << 20, MATRIX = 1UL << 13;

bool has_dot() { return (getauxval(AT_HWCAP) & (HALF | DOT)) == (HALF | DOT); }
bool has_matrix() { return has_dot() && (getauxval(AT_HWCAP2) & MATRIX); }

}  // namespace

std::string cpu_variant() { return has_matrix() ? "i8mm" : has_dot() ? "dotprod" : "plain"; }

std::string cpu_features() {
    const unsigned long have = getauxval(AT_HWCAP), more = getauxval(AT_HWCAP2);
    std::string names;
    const auto name = [&](bool there, const char * word) {
        if (there) names += (names.empty() ? "" : " ") + std::string(word);
    };
    name(have & HALF, "asimdhp");
    name(have & DOT, "asimddp");
    name(more & MATRIX, "i8mm");
    name(have & (1UL << 22), "sve");
    name(more & (1UL << 1), "sve2");
    name(more & (1UL << 14), "bf16");
    name(more & (1UL << 23), "sme");
    return names;
}

extern "C" ggml_backend_reg_t ggml_backend_cpu_reg(void) {
    return has_matrix() ? ggml_backend_cpu_reg_i8mm()
           : has_dot()  ? ggml_backend_cpu_reg_dotprod()
                        : ggml_backend_cpu_reg_plain();
}

#else

std::string cpu_variant() { return "native"; }
std::string cpu_features() { return ""; }

#endif
