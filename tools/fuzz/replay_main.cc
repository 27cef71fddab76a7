// A fuzz target as a test: gives it every file named in the arguments, and what
// the file would be if it had been cut off at up to 64 places.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size);

namespace {

constexpr std::size_t kCuts = 64;

void Give(const std::string& input, std::size_t size) {
  // A copy of its own, so that a sanitizer sees a read behind the end.
  const std::string exact(input, 0, size);
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(exact.data()),
                         exact.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s FILE...: there is no corpus\n", argv[0]);
    return 64;
  }
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    const std::string input((std::istreambuf_iterator<char>(file)),
                            std::istreambuf_iterator<char>());
    if (!file.is_open() || file.bad()) {
      std::fprintf(stderr, "cannot read %s\n", argv[i]);
      return 66;
    }
    std::fprintf(stderr, "%s: %zu bytes\n", argv[i], input.size());
    for (std::size_t cut = 0; cut < kCuts; ++cut) {
      Give(input, input.size() * cut / kCuts);
    }
    Give(input, input.size());
  }
  return 0;
}
