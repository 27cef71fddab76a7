#include "sandbox/servicenow/instance.h"

#include <array>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "sandbox/servicenow/replies.h"
#include "sandbox/servicenow/seed.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

using Json = nlohmann::json;

// 1 for "v1"; 0 if it is no version that exists.
int VersionOf(absl::string_view segment) {
  if (segment == "v1") return 1;
  if (segment == "v2") return 2;
  return 0;
}

// APIs of a real instance, by the start of their path.
struct OtherApi {
  absl::string_view path;
  absl::string_view name;
};
constexpr std::array<OtherApi, 9> kOtherApis = {{
    {"/api/now/import", "Import Set API"},
    {"/api/now/batch", "Batch API"},
    {"/api/now/stats", "Aggregate API"},
    {"/api/now/graphql", "GraphQL API"},
    {"/api/now/tinyurl", "Tiny URL API"},
    {"/api/now/import_set", "Import Set API"},
    {"/api/now/ui", "UI API"},
    {"/api/global/em", "Event Management API"},
    {"/api/sn_", "application API"},
}};

Reply BadControl(const std::string& message) {
  return Reply::Json(400, {{"error", message}});
}

}  // namespace

absl::StatusOr<std::unique_ptr<Instance>> Instance::Create(
    Settings settings, std::vector<nlohmann::json> seeds, Clock clock) {
  std::unique_ptr<Instance> instance(
      new Instance(std::move(settings), std::move(seeds), std::move(clock)));
  absl::Status status = instance->Plant();
  if (!status.ok()) return status;
  return instance;
}

Instance::Instance(Settings settings, std::vector<nlohmann::json> seeds,
                   Clock clock)
    : settings_(std::move(settings)),
      seeds_(std::move(seeds)),
      real_clock_(std::move(clock)),
      random_(std::random_device{}()),
      clock_([this] { return real_clock_() + advanced_; }),
      dictionary_(StandardDictionary()),
      store_(&dictionary_),
      writer_(&dictionary_, &store_, &settings_, clock_,
              [this] { return RandomHex(); }),
      access_({&mutex_, &dictionary_, &store_, &writer_, clock_,
               [this] { return RandomHex(); }}),
      renderer_(&dictionary_, &store_, &settings_),
      authenticator_(
          &settings_, clock_, [this] { return RandomHex(); },
          {.password_is_right =
               [this](const std::string& user, const std::string& password) {
                 const Record* record = FindUser(user);
                 return record != nullptr && !password.empty() &&
                        record->Get("user_password") == password;
               },
           .is_active =
               [this](const std::string& user) {
                 return FindUser(user) != nullptr;
               }}),
      tables_(MakeParts()),
      attachments_(MakeParts()) {}

absl::Status Instance::Plant() {
  absl::Status status = servicenow::Plant(StandardSeed(settings_), writer_);
  for (const Json& seed : seeds_) {
    if (status.ok()) status = servicenow::Plant(seed, writer_);
  }
  return status;
}

Parts Instance::MakeParts() {
  return {&dictionary_,
          &store_,
          &writer_,
          &renderer_,
          &settings_,
          [this](const Actor& actor) { return access_.Environment(actor); }};
}

std::string Instance::RandomHex() {
  return absl::StrFormat("%016x%016x", random_(), random_());
}

const Record* Instance::FindUser(const std::string& user_name) const {
  if (user_name.empty()) return nullptr;
  for (const Record* user : store_.Lookup("sys_user", "user_name", user_name)) {
    if (user->Get("active") == "true" && user->Get("locked_out") != "true") {
      return user;
    }
  }
  return nullptr;
}

void Instance::SetHooks(RecordHooks* hooks) {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  hooks_ = hooks;
  writer_.SetHooks(hooks);
  access_.SetHooks(hooks);
  if (hooks != nullptr) hooks->Planted();
}

std::optional<Actor> Instance::Authenticate(const SandboxRequest& request) {
  const std::optional<std::string> name = authenticator_.Identify(request);
  if (!name.has_value()) return std::nullopt;
  return access_.User(*name);
}

Reply Instance::Handle(const SandboxRequest& request) {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  bool logged_in = false;
  Reply reply = Route(request, &logged_in);
  AddPlatformHeaders(reply, logged_in, RandomHex().substr(0, 12),
                     absl::AsciiStrToUpper(RandomHex()));
  return reply;
}

Reply Instance::Route(const SandboxRequest& request, bool* logged_in) {
  const std::string path = request.DecodedPath();
  if (path == "/oauth_token.do") return authenticator_.Token(request);
  if (request.segments.empty() || request.segments[0] != "api") {
    return NotSimulated(absl::StrCat("page ", path));
  }
  std::optional<Actor> actor = Authenticate(request);
  if (!actor.has_value()) return NotAuthenticated();
  *logged_in = true;
  return RouteApi(request, *std::move(actor));
}

Reply Instance::RouteApi(const SandboxRequest& request, Actor actor) {
  const std::vector<std::string>& segments = request.segments;
  ApiCall call{request, request.method, 0, {}, std::move(actor)};
  const std::string& instead = request.Header("x-http-method-override");
  if (request.method == "POST" && !instead.empty()) {
    call.method = absl::AsciiStrToUpper(instead);
  }
  std::size_t at = 2;
  if (segments.size() > at && segments[1] == "now") {
    call.version = VersionOf(segments[at]);
    if (call.version != 0) ++at;
    if (segments.size() > at &&
        (segments[at] == "table" || segments[at] == "attachment")) {
      call.rest.assign(segments.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                       segments.end());
      return segments[at] == "table" ? tables_.Handle(call)
                                     : attachments_.Handle(call);
    }
  }
  const std::string path = CanonicalPath(request.DecodedPath());
  for (const OtherApi& other : kOtherApis) {
    if (absl::StartsWith(path, other.path)) {
      return NotSimulated(absl::StrCat(other.name, " (", path, ")"));
    }
  }
  return NoSuchUri();
}

std::optional<Reply> Instance::Control(const SandboxRequest& request) {
  std::optional<Reply> reply = OwnControl(request);
  if (!reply.has_value() && hooks_ != nullptr) {
    reply = hooks_->Control(request);
  }
  return reply;
}

std::optional<Reply> Instance::OwnControl(const SandboxRequest& request) {
  const std::string path = request.DecodedPath();
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  if (path == "/_sandbox/tokens" && request.method == "DELETE") {
    authenticator_.RevokeAccessTokens();
    return Reply::Empty(204);
  }
  if (path != "/_sandbox/clock" ||
      (request.method != "GET" && request.method != "POST")) {
    return std::nullopt;
  }
  if (request.method == "POST") {
    const Json body =
        Json::parse(request.body, nullptr, /*allow_exceptions=*/false);
    constexpr std::int64_t kHundredYears = 3'155'760'000;
    if (!body.is_object() || body.size() != 1 ||
        !body.contains("advance_seconds") ||
        !body["advance_seconds"].is_number_integer() ||
        body["advance_seconds"].get<std::int64_t>() < 0 ||
        body["advance_seconds"].get<std::int64_t>() > kHundredYears) {
      return BadControl(
          "the body must be {\"advance_seconds\": N} with a whole N from 0");
    }
    advanced_ += absl::Seconds(body["advance_seconds"].get<std::int64_t>());
  }
  return Reply::Json(200, {{"time", FormatTimestamp(clock_())}});
}

void Instance::Reset() {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  advanced_ = absl::ZeroDuration();
  authenticator_.Reset();
  if (hooks_ != nullptr) hooks_->Reset();
  store_.Clear();
  // It worked when the instance was made.
  (void)Plant();
  if (hooks_ != nullptr) hooks_->Planted();
}

std::string Instance::State() {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  return DumpJson(
      {{"tables", store_.Describe()}, {"time", FormatTimestamp(clock_())}});
}

std::string Instance::Save() {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  return DumpJson({{"store", store_.Save()},
                   {"advanced_seconds", absl::ToInt64Seconds(advanced_)}});
}

absl::Status Instance::Restore(const std::string& saved) {
  const Json value = Json::parse(saved, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object() || !value.contains("store") ||
      !value.contains("advanced_seconds") ||
      !value["advanced_seconds"].is_number_integer()) {
    return absl::InvalidArgumentError("not the state of a ServiceNow sandbox");
  }
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  advanced_ = absl::Seconds(value["advanced_seconds"].get<std::int64_t>());
  if (hooks_ != nullptr) hooks_->Reset();
  absl::Status status = store_.Restore(value["store"]);
  if (hooks_ != nullptr) hooks_->Planted();
  return status;
}

std::string Instance::CanonicalPath(const std::string& path) {
  std::vector<absl::string_view> segments = absl::StrSplit(path, '/');
  if (segments.size() > 3 && segments[1] == "api" && segments[2] == "now" &&
      VersionOf(segments[3]) != 0) {
    segments.erase(segments.begin() + 3);
  }
  return absl::StrJoin(segments, "/");
}

}  // namespace opcon_snow::sandbox::servicenow
