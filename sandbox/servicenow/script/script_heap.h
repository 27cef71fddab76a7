#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_SCRIPT_HEAP_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_SCRIPT_HEAP_H_

// One Duktape heap with the Glide objects of glide/*.js in it, for one script.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "duktape.h"

namespace opcon_snow::sandbox::servicenow {

// Not thread-safe. A script can exhaust its memory where Duktape cannot go on:
// the process is ended with kFatalExit then. A script can run for ever: whoever
// started the process ends it. That is why scripts run in a process of their
// own; see script_worker.h.
class ScriptHeap {
 public:
  static constexpr int kFatalExit = 70;

  // Answers a call that a script makes on the instance. Both texts are JSON;
  // see script_host.h. False: nobody is there to answer any more.
  using Host =
      std::function<bool(const std::string& call, std::string* answer)>;

  // nullptr if `memory_bytes` are not enough for the Glide objects.
  static std::unique_ptr<ScriptHeap> Create(std::size_t memory_bytes,
                                            Host host);
  ~ScriptHeap();

  ScriptHeap(const ScriptHeap&) = delete;
  ScriptHeap& operator=(const ScriptHeap&) = delete;

  // Runs what `request` asks for, once per heap. Both are JSON; see
  // script_run.h.
  std::string Run(const std::string& request);

 private:
  ScriptHeap(std::size_t memory_bytes, Host host);

  bool LoadGlideObjects();

  static void* Allocate(void* self, duk_size_t size);
  static void* Reallocate(void* self, void* old, duk_size_t size);
  static void Free(void* self, void* memory);
  static void Fatal(void* self, const char* message);
  static ScriptHeap* Of(duk_context* context);
  // Functions of the scripts: callHost(json) and evaluate(source, name).
  static duk_ret_t CallHost(duk_context* context);
  static duk_ret_t Evaluate(duk_context* context);

  std::size_t free_bytes_;
  const Host host_;
  // Of the call under way. Here, because an error in Duktape jumps over
  // destructors.
  std::string call_;
  std::string answer_;
  duk_context* context_ = nullptr;
};

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_SCRIPT_HEAP_H_
