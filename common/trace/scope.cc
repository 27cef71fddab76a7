#include "common/trace/scope.h"

namespace opcon_snow::trace {
namespace {

thread_local TraceParent t_current;

}  // namespace

const TraceParent& Current() { return t_current; }

Scope::Scope(const TraceParent& context) : before_(t_current) {
  t_current = context;
}

Scope::~Scope() { t_current = before_; }

}  // namespace opcon_snow::trace
