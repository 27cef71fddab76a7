#include "snow_gateway/references.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "snow_gateway/columns.h"
#include "snow_gateway/errors.h"
#include "snow_gateway/query.h"
#include "snow_gateway/row.h"

namespace opcon_snow::snow {
namespace {

namespace v1 = ::servicenow::v1;

// Two would show that a name is ambiguous; a few more help whoever mends it.
constexpr int kLookUpLimit = 10;

using Matches = std::vector<std::string>;

async::Task<absl::StatusOr<Matches>> FindExactly(Instance* instance,
                                                 std::string table,
                                                 std::string key,
                                                 std::string name,
                                                 CallScope scope) {
  // The keys of columns.h, no caller's.
  absl::StatusOr<BoundedQuery> query =
      Query({key}).Equals(key, name).OrderBy("sys_id").Build(kLookUpLimit);
  if (!query.ok()) co_return query.status();
  ListQuery list{std::move(table), *std::move(query), {"sys_id", key}};
  async::Task<absl::StatusOr<std::vector<nlohmann::json>>> listing =
      instance->records().List(std::move(list), std::move(scope));
  const absl::StatusOr<std::vector<nlohmann::json>> rows =
      co_await std::move(listing);
  if (!rows.ok()) co_return rows.status();
  Matches matches;
  for (const nlohmann::json& row : *rows) {
    const std::string sys_id = ValueOf(row, "sys_id");
    if (ValueOf(row, key) == name && IsSysId(sys_id)) {
      matches.push_back(sys_id);
    }
  }
  co_return matches;
}

absl::Status NotFound(const Instance& instance,
                      const ReferenceColumn& reference,
                      absl::string_view name) {
  ErrorDetails details;
  details.metadata["instance"] = instance.settings().name;
  details.metadata["table"] = std::string(reference.table);
  details.metadata["column"] = std::string(reference.column);
  return GatewayError(
      v1::ERROR_REASON_REFERENCE_NOT_FOUND,
      absl::StrCat("no record of ", reference.table, " has the name \"", name,
                   "\" that was given for ", reference.column,
                   ", or the integration user may not read it; correct the "
                   "name, or give the sys_id as value"),
      std::move(details));
}

absl::Status Ambiguous(const Instance& instance,
                       const ReferenceColumn& reference, absl::string_view name,
                       const Matches& matches) {
  ErrorDetails details;
  details.metadata["instance"] = instance.settings().name;
  details.metadata["table"] = std::string(reference.table);
  details.metadata["column"] = std::string(reference.column);
  details.metadata["candidates"] = absl::StrJoin(matches, ",");
  return GatewayError(
      v1::ERROR_REASON_AMBIGUOUS_RECORD,
      absl::StrCat(matches.size(), " or more records of ", reference.table,
                   " have the name \"", name, "\" that was given for ",
                   reference.column, "; give the sys_id as value"),
      std::move(details));
}

}  // namespace

async::Task<absl::StatusOr<std::string>> ResolveReference(Instance* instance,
                                                          std::string column,
                                                          std::string name,
                                                          CallScope scope) {
  const ReferenceColumn* reference = FindReferenceColumn(column);
  if (reference == nullptr) {
    co_return GatewayError(
        v1::ERROR_REASON_INVALID_REQUEST,
        absl::StrCat("column ", column, " cannot be looked up by name"));
  }
  const auto cached = instance->references().Find(
      reference->table, name, instance->loop().MonotonicNow());
  if (cached.has_value()) co_return *cached;

  for (const absl::string_view key : reference->keys) {
    if (key.empty()) continue;
    async::Task<absl::StatusOr<Matches>> finding = FindExactly(
        instance, std::string(reference->table), std::string(key), name, scope);
    const absl::StatusOr<Matches> matches = co_await std::move(finding);
    if (!matches.ok()) {
      co_return WithFact(matches.status(), "column", column);
    }
    if (matches->size() > 1) {
      co_return Ambiguous(*instance, *reference, name, *matches);
    }
    if (matches->size() == 1) {
      instance->references().Put(reference->table, name, matches->front(),
                                 instance->loop().MonotonicNow());
      co_return matches->front();
    }
  }
  co_return NotFound(*instance, *reference, name);
}

}  // namespace opcon_snow::snow
