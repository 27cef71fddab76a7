#ifndef OPCON_SNOW_COMMON_STATUS_STATUS_MACROS_H_
#define OPCON_SNOW_COMMON_STATUS_STATUS_MACROS_H_

// Early return of errors.
//
//   OPCON_SNOW_RETURN_IF_ERROR(store.Open());
//   OPCON_SNOW_ASSIGN_OR_RETURN(Job job, client.GetJob(id));
// and, inside a coroutine (co_await may stand in the expression):
//   OPCON_SNOW_CO_RETURN_IF_ERROR(co_await writer.Write(chunk));
//   OPCON_SNOW_CO_ASSIGN_OR_RETURN(Job job, co_await client.GetJob(id));
//
// The enclosing function returns absl::Status or absl::StatusOr<T>. The target
// must hold no comma outside parentheses: write `auto` for such types.

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define OPCON_SNOW_STATUS_CONCAT_INNER_(a, b) a##b
#define OPCON_SNOW_STATUS_CONCAT_(a, b) OPCON_SNOW_STATUS_CONCAT_INNER_(a, b)

#define OPCON_SNOW_RETURN_IF_ERROR_(return_keyword, ...) \
  do {                                                   \
    ::absl::Status opcon_snow_status = (__VA_ARGS__);    \
    if (!opcon_snow_status.ok()) {                       \
      return_keyword opcon_snow_status;                  \
    }                                                    \
  } while (false)

#define OPCON_SNOW_ASSIGN_OR_RETURN_(return_keyword, temporary, target, ...) \
  auto temporary = (__VA_ARGS__);                                            \
  if (!temporary.ok()) {                                                     \
    return_keyword std::move(temporary).status();                            \
  }                                                                          \
  target = *std::move(temporary)

#define OPCON_SNOW_RETURN_IF_ERROR(...) \
  OPCON_SNOW_RETURN_IF_ERROR_(return, __VA_ARGS__)

#define OPCON_SNOW_CO_RETURN_IF_ERROR(...) \
  OPCON_SNOW_RETURN_IF_ERROR_(co_return, __VA_ARGS__)

#define OPCON_SNOW_ASSIGN_OR_RETURN(target, ...)                              \
  OPCON_SNOW_ASSIGN_OR_RETURN_(                                               \
      return, OPCON_SNOW_STATUS_CONCAT_(opcon_snow_or_, __COUNTER__), target, \
            __VA_ARGS__)

#define OPCON_SNOW_CO_ASSIGN_OR_RETURN(target, ...)                      \
  OPCON_SNOW_ASSIGN_OR_RETURN_(                                          \
      co_return, OPCON_SNOW_STATUS_CONCAT_(opcon_snow_or_, __COUNTER__), \
      target, __VA_ARGS__)

#endif  // OPCON_SNOW_COMMON_STATUS_STATUS_MACROS_H_
