#ifndef OPCON_SNOW_COMMON_TRACE_SCOPE_H_
#define OPCON_SNOW_COMMON_TRACE_SCOPE_H_

// The trace that a thread works for, for code that is called from everywhere:
// lines of the log get its id, calls to gateways become a part of it.

#include "common/trace/trace_parent.h"

namespace opcon_snow::trace {

// Of the innermost Scope of this thread; not valid if there is none.
const TraceParent& Current();

// While it lives, its thread works for this trace. Not in coroutines across a
// co_await, which may go on on another thread.
class Scope {
 public:
  explicit Scope(const TraceParent& context);
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  const TraceParent before_;
};

}  // namespace opcon_snow::trace

#endif  // OPCON_SNOW_COMMON_TRACE_SCOPE_H_
