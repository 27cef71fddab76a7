#include "opcon_gateway/machines.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "nlohmann/json.hpp"
#include "opcon_gateway/page_token.h"
#include "opcon_gateway/run_parser.h"
#include "opcon_gateway/upstream_list.h"

namespace opcon_snow::opcon {
namespace {

using nlohmann::json;
namespace v1 = ::opcon::v1;

constexpr int kUsualMachines = 100;

bool IsWanted(const v1::ListMachinesRequest& request,
              const v1::Machine& machine) {
  const auto& names = request.names();
  return names.empty() ||
         std::find(names.begin(), names.end(), machine.name()) != names.end();
}

}  // namespace

std::string FiltersOf(v1::ListMachinesRequest request) {
  request.clear_page_size();
  request.clear_page_token();
  return absl::StrCat("ListMachinesRequest:", request.SerializeAsString());
}

async::Task<absl::StatusOr<v1::ListMachinesResponse>> Machines::List(
    const v1::ListMachinesRequest& request, const CallScope& scope) {
  const std::string filters = FiltersOf(request);
  PagePicker<v1::Machine> page(
      ReadPageToken(request.page_token(), filters).value_or(""),
      PageSizeOf(request.page_size(), kUsualMachines));
  http::UrlBuilder url = rest_->Url("api/machines");
  if (request.names_size() == 1) url.Query("Name", AsFilter(request.names(0)));
  UpstreamList list{std::move(url), "machines"};
  std::function<void(const json&)> take = [&](const json& value) {
    std::optional<v1::Machine> machine = ParseMachine(value);
    if (!machine || !IsWanted(request, *machine)) return;
    const std::string name = machine->name();
    page.Add(name, *std::move(machine));
  };
  OPCON_SNOW_CO_RETURN_IF_ERROR(
      co_await ReadList(rest_, std::move(list), std::move(take), scope));
  v1::ListMachinesResponse reply;
  if (page.more()) {
    reply.set_next_page_token(MakePageToken(filters, page.last_key()));
  }
  for (auto& [name, machine] : page.picked()) {
    *reply.add_machines() = std::move(machine);
  }
  co_return reply;
}

}  // namespace opcon_snow::opcon
