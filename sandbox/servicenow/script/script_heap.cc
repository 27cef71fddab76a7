#include "sandbox/servicenow/script/script_heap.h"

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <utility>

#include "sandbox/servicenow/script/glide_objects.h"
#include "sandbox/servicenow/script/text_encoding.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

// In front of each piece of memory: its size, and nothing that disturbs the
// alignment.
constexpr std::size_t kHeader = 16;
static_assert(kHeader >= sizeof(std::size_t) &&
              kHeader % alignof(std::max_align_t) == 0);

constexpr char kOutOfMemory[] =
    R"({"error":{"message":"the script used up its memory"}})";

}  // namespace

void* ScriptHeap::Allocate(void* self, duk_size_t size) {
  auto* heap = static_cast<ScriptHeap*>(self);
  if (size == 0 || size > heap->free_bytes_) return nullptr;
  auto* memory = static_cast<char*>(std::malloc(size + kHeader));
  if (memory == nullptr) return nullptr;
  std::memcpy(memory, &size, sizeof(size));
  heap->free_bytes_ -= size;
  return memory + kHeader;
}

void* ScriptHeap::Reallocate(void* self, void* old, duk_size_t size) {
  if (old == nullptr) return Allocate(self, size);
  if (size == 0) {
    Free(self, old);
    return nullptr;
  }
  auto* heap = static_cast<ScriptHeap*>(self);
  char* const start = static_cast<char*>(old) - kHeader;
  std::size_t before = 0;
  std::memcpy(&before, start, sizeof(before));
  if (size > before && size - before > heap->free_bytes_) return nullptr;
  auto* memory = static_cast<char*>(std::realloc(start, size + kHeader));
  if (memory == nullptr) return nullptr;
  std::memcpy(memory, &size, sizeof(size));
  heap->free_bytes_ = heap->free_bytes_ + before - size;
  return memory + kHeader;
}

void ScriptHeap::Free(void* self, void* memory) {
  if (memory == nullptr) return;
  char* const start = static_cast<char*>(memory) - kHeader;
  std::size_t size = 0;
  std::memcpy(&size, start, sizeof(size));
  static_cast<ScriptHeap*>(self)->free_bytes_ += size;
  std::free(start);
}

void ScriptHeap::Fatal(void*, const char*) { _exit(kFatalExit); }

ScriptHeap* ScriptHeap::Of(duk_context* context) {
  duk_memory_functions functions;
  duk_get_memory_functions(context, &functions);
  return static_cast<ScriptHeap*>(functions.udata);
}

ScriptHeap::ScriptHeap(std::size_t memory_bytes, Host host)
    : free_bytes_(memory_bytes), host_(std::move(host)) {}

ScriptHeap::~ScriptHeap() {
  if (context_ != nullptr) duk_destroy_heap(context_);
}

std::unique_ptr<ScriptHeap> ScriptHeap::Create(std::size_t memory_bytes,
                                               Host host) {
  std::unique_ptr<ScriptHeap> heap(
      new ScriptHeap(memory_bytes, std::move(host)));
  heap->context_ =
      duk_create_heap(&Allocate, &Reallocate, &Free, heap.get(), &Fatal);
  if (heap->context_ == nullptr || !heap->LoadGlideObjects()) return nullptr;
  return heap;
}

// They are one function of (callHost, evaluate) that returns the function that
// runs a request. Scripts cannot reach any of the three.
bool ScriptHeap::LoadGlideObjects() {
  duk_push_string(context_, "glide");
  if (duk_pcompile_lstring_filename(context_, DUK_COMPILE_FUNCTION,
                                    kGlideObjects.data(),
                                    kGlideObjects.size()) != DUK_EXEC_SUCCESS) {
    return false;
  }
  duk_push_c_function(context_, &CallHost, 1);
  duk_push_c_function(context_, &Evaluate, 2);
  return duk_pcall(context_, 2) == DUK_EXEC_SUCCESS;
}

duk_ret_t ScriptHeap::CallHost(duk_context* context) {
  ScriptHeap* const heap = Of(context);
  duk_size_t size = 0;
  const char* const text = duk_require_lstring(context, 0, &size);
  heap->call_ = FromScriptText(absl::string_view(text, size));
  heap->answer_.clear();
  if (!heap->host_(heap->call_, &heap->answer_)) _exit(0);
  heap->answer_ = ToScriptText(heap->answer_);
  duk_push_lstring(context, heap->answer_.data(), heap->answer_.size());
  return 1;
}

duk_ret_t ScriptHeap::Evaluate(duk_context* context) {
  (void)duk_require_string(context, 0);
  (void)duk_require_string(context, 1);
  duk_compile(context, DUK_COMPILE_EVAL);
  duk_call(context, 0);
  return 1;
}

std::string ScriptHeap::Run(const std::string& request) {
  // The function that LoadGlideObjects got is on top of the stack.
  const std::string text = ToScriptText(request);
  duk_dup_top(context_);
  duk_push_lstring(context_, text.data(), text.size());
  if (duk_pcall(context_, 1) != DUK_EXEC_SUCCESS ||
      duk_is_string(context_, -1) == 0) {
    // It catches what scripts throw; only too little memory is left.
    duk_pop(context_);
    return kOutOfMemory;
  }
  duk_size_t size = 0;
  const char* const result = duk_get_lstring(context_, -1, &size);
  std::string answer = FromScriptText(absl::string_view(result, size));
  duk_pop(context_);
  return answer;
}

}  // namespace opcon_snow::sandbox::servicenow
