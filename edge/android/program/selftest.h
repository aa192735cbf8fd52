// Reads the sample that lies beside a release, and prints figures to send back.
#pragma once

#include <string>

// Returns 0 where every answer is the expected one, else 1. FOLDER holds selftest.json and its image.
int self_test(const std::string & folder, int threads, int repeats);
