#include "sandbox/servicenow/script/script_worker.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "sandbox/servicenow/script/frames.h"
#include "sandbox/servicenow/script/script_heap.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

constexpr int kUsage = 64;

// Even if nobody is left to end it, it ends; started anew by every exchange.
void ArmAlarm(unsigned seconds) { alarm(seconds); }

int Work(std::size_t memory_bytes, unsigned seconds) {
  // No connection of a client stays open because of this process.
  (void)close_range(kWorkerSocket + 1, ~0U, 0);
  for (;;) {
    const std::unique_ptr<ScriptHeap> heap = ScriptHeap::Create(
        memory_bytes, [seconds](const std::string& call, std::string* answer) {
          ArmAlarm(0);
          const bool answered =
              WriteFrame(kWorkerSocket, call) == FrameResult::kOk &&
              ReadFrame(kWorkerSocket, answer) == FrameResult::kOk;
          ArmAlarm(seconds);
          return answered;
        });
    if (heap == nullptr) return ScriptHeap::kFatalExit;
    std::string request;
    ArmAlarm(0);
    if (ReadFrame(kWorkerSocket, &request) != FrameResult::kOk) return 0;
    ArmAlarm(seconds);
    const std::string result = heap->Run(request);
    if (WriteFrame(kWorkerSocket, absl::StrCat("{\"done\":", result, "}")) !=
        FrameResult::kOk) {
      return 0;
    }
  }
}

}  // namespace

std::optional<int> RunIfScriptWorker(int argc, char** argv) {
  if (argc < 2 || absl::string_view(argv[1]) != kWorkerArgument) {
    return std::nullopt;
  }
  std::uint64_t memory_bytes = 0;
  std::uint32_t seconds = 0;
  if (argc != 4 || !absl::SimpleAtoi(argv[2], &memory_bytes) ||
      !absl::SimpleAtoi(argv[3], &seconds)) {
    return kUsage;
  }
  return Work(memory_bytes, seconds);
}

}  // namespace opcon_snow::sandbox::servicenow
