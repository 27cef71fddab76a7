#include "sandbox/servicenow/sessions.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

constexpr std::size_t kMaxSessions = 10'000;

}  // namespace

std::string Sessions::Find(const SandboxRequest& request) const {
  const std::string& cookies = request.Header("cookie");
  if (cookies.empty()) return "";
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const absl::string_view cookie :
       absl::StrSplit(cookies, absl::ByAnyChar(";,"))) {
    const std::pair<absl::string_view, absl::string_view> halves =
        absl::StrSplit(absl::StripAsciiWhitespace(cookie),
                       absl::MaxSplits('=', 1));
    std::string id(halves.second);
    if (halves.first == "JSESSIONID" && sessions_.contains(id)) return id;
  }
  return "";
}

std::string Sessions::Open() {
  std::string id = absl::AsciiStrToUpper(make_id_());
  std::string token = absl::StrCat(make_id_(), make_id_());
  const std::lock_guard<std::mutex> lock(mutex_);
  sessions_[id] = {"", std::move(token)};
  order_.push_back(id);
  if (order_.size() > kMaxSessions) {
    sessions_.erase(order_.front());
    order_.pop_front();
  }
  return id;
}

void Sessions::LogIn(const std::string& session, const std::string& user) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto it = sessions_.find(session);
  if (it != sessions_.end()) it->second.user = user;
}

std::string Sessions::User(const std::string& session) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto it = sessions_.find(session);
  return it == sessions_.end() ? "" : it->second.user;
}

std::string Sessions::Token(const std::string& session) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto it = sessions_.find(session);
  return it == sessions_.end() ? "" : it->second.token;
}

void Sessions::Clear() {
  const std::lock_guard<std::mutex> lock(mutex_);
  sessions_.clear();
  order_.clear();
}

}  // namespace opcon_snow::sandbox::servicenow
