#include "common/async/task.h"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>

namespace opcon_snow::async {
namespace internal {

void DieOfException() noexcept {
  try {
    throw;
  } catch (const std::exception& e) {
    std::fprintf(stderr,
                 "fatal: an exception left a coroutine (async::Task): %s\n",
                 e.what());
  } catch (...) {
    std::fputs(
        "fatal: an exception of unknown type left a coroutine (async::Task)\n",
        stderr);
  }
  std::abort();
}

void DieOfMisuse(const char* message) noexcept {
  std::fprintf(stderr, "fatal: misuse of common/async: %s\n", message);
  std::abort();
}

}  // namespace internal

void Detach(Task<void> task) {
  Start(std::move(task), [] {});
}

}  // namespace opcon_snow::async
