#include "sandbox/servicenow/instance.h"

#include <array>
#include <cstdint>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "sandbox/servicenow/replies.h"
#include "sandbox/servicenow/seed.h"
#include "sandbox/servicenow/xml.h"

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
constexpr std::array<OtherApi, 5> kOtherApis = {{
    {"/api/now/stats", "Aggregate API"},
    {"/api/now/graphql", "GraphQL API"},
    {"/api/now/ui", "UI API"},
    {"/api/global/em", "Event Management API"},
    {"/api/sn_", "application API"},
}};

// "table" for "/api/now/v2/table/incident".
std::string ApiOf(const SandboxRequest& request) {
  const std::vector<std::string>& segments = request.segments;
  if (segments.size() < 3 || segments[0] != "api") return "";
  const std::size_t at = VersionOf(segments[2]) != 0 ? 3 : 2;
  return at < segments.size() ? segments[at] : "";
}

bool Writes(const std::string& method) {
  return method != "GET" && method != "HEAD";
}

}  // namespace

absl::StatusOr<std::unique_ptr<Instance>> Instance::Create(
    Settings settings, std::vector<nlohmann::json> seeds, Clock clock,
    Conditions conditions) {
  std::unique_ptr<Instance> instance(
      new Instance(std::move(settings), std::move(seeds), std::move(clock),
                   std::move(conditions)));
  absl::Status status = instance->Plant();
  if (!status.ok()) return status;
  return instance;
}

Instance::Instance(Settings settings, std::vector<nlohmann::json> seeds,
                   Clock clock, Conditions conditions)
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
               [this] { return RandomHex(); }, &settings_}),
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
               },
           .find =
               [this](const std::string& subject) {
                 return FindSubject(subject);
               }}),
      tables_(MakeParts()),
      attachments_(MakeParts()),
      imports_(MakeParts()),
      batches_(
          &settings_,
          {.dispatch =
               [this](const SandboxRequest& request, const Actor& actor) {
                 return RouteApi(request, actor);
               },
           .cancels =
               [this](const std::string& method, const std::string& path) {
                 return traffic_
                     .TakeSlow({method, CanonicalPath(path), "batch", "", ""})
                     .has_value();
               }}),
      sessions_([this] { return RandomHex(); }),
      login_(&authenticator_, &sessions_, &store_),
      traffic_(std::move(conditions), clock_) {}

absl::Status Instance::Plant() {
  absl::Status status = servicenow::Plant(StandardSeed(settings_, dictionary_),
                                          dictionary_, writer_);
  for (const Json& seed : seeds_) {
    if (status.ok()) status = servicenow::Plant(seed, dictionary_, writer_);
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

std::string Instance::FindSubject(const std::string& subject) const {
  if (FindUser(subject) != nullptr) return subject;
  const Record* user = store_.Find("sys_user", subject);
  if (user == nullptr && !subject.empty()) {
    const std::vector<const Record*> found =
        store_.Lookup("sys_user", "email", subject);
    if (!found.empty()) user = found.front();
  }
  if (user == nullptr) return "";
  const std::string& name = user->Get("user_name");
  return FindUser(name) == nullptr ? "" : name;
}

std::optional<Actor> Instance::Authenticate(const SandboxRequest& request,
                                            const std::string& session) {
  const std::optional<std::string> name = authenticator_.Identify(request);
  if (name.has_value()) return access_.User(*name);
  // Wrong credentials are wrong whatever the cookies say.
  if (!request.Header("authorization").empty() || session.empty() ||
      request.Header("x-usertoken") != sessions_.Token(session)) {
    return std::nullopt;
  }
  return access_.User(sessions_.User(session));
}

Reply Instance::Handle(const SandboxRequest& request) {
  std::optional<Reply> asleep = traffic_.Asleep();
  if (asleep.has_value()) return *std::move(asleep);
  std::string session = sessions_.Find(request);
  const bool session_is_new = session.empty();
  std::optional<Actor> actor;
  std::string transaction;
  {
    const std::lock_guard<std::recursive_mutex> lock(mutex_);
    CloseResolved();
    if (session_is_new) session = sessions_.Open();
    actor = Authenticate(request, session);
    transaction = RandomHex().substr(0, 12);
  }
  Reply reply = RouteInTraffic(request, actor, session, session_is_new);
  if (WantsXml(request)) ToXml(reply);
  AddPlatformHeaders(reply, actor.has_value(), transaction,
                     session_is_new ? session : "");
  return reply;
}

Reply Instance::RouteInTraffic(const SandboxRequest& request,
                               const std::optional<Actor>& actor,
                               const std::string& session,
                               bool session_is_new) {
  const Traffic::Call call{
      request.method, CanonicalPath(request.DecodedPath()), ApiOf(request),
      actor.has_value() ? actor->user_name : "", session_is_new ? "" : session};
  const auto route = [&] {
    const std::lock_guard<std::recursive_mutex> lock(mutex_);
    return Route(request, actor, session);
  };
  if (call.api.empty() || !actor.has_value()) return route();
  Reply reply;
  std::optional<Reply> refused = traffic_.Enter(call);
  if (refused.has_value()) {
    reply = *std::move(refused);
  } else {
    const absl::Cleanup leave = [&] { traffic_.Leave(call); };
    const std::optional<SlowRule> slow =
        call.api == "batch" ? std::nullopt : traffic_.TakeSlow(call);
    if (!slow.has_value()) {
      reply = route();
    } else if (Writes(call.method) && !slow->committed) {
      reply = TypicalError(500);
    } else {
      reply = CancelledReply(*slow, route());
    }
  }
  traffic_.AddRateHeaders(call, reply);
  return reply;
}

Reply Instance::Route(const SandboxRequest& request,
                      const std::optional<Actor>& actor,
                      const std::string& session) {
  const std::string path = request.DecodedPath();
  if (path == "/oauth_token.do") return authenticator_.Token(request);
  if (path == "/angular.do") return login_.Handle(request, actor, session);
  if (request.segments.empty() || request.segments[0] != "api") {
    return NotSimulated(absl::StrCat("page ", path));
  }
  if (!actor.has_value()) {
    Reply reply = NotAuthenticated();
    if (request.Header("authorization").empty() &&
        !sessions_.User(session).empty()) {
      reply.With("X-UserToken-Response", sessions_.Token(session));
    }
    return reply;
  }
  if (settings_.require_rest_service &&
      !ListsRole(actor->roles, "rest_service")) {
    return ErrorReply(403, "Failed API level ACL Validation");
  }
  const std::optional<std::string> tiny = request.Query("sysparm_tiny");
  if (!tiny.has_value()) return RouteApi(request, *actor);
  // The stored URL's parameters take its place.
  SandboxRequest longer = request;
  const std::string& url = tiny_urls_[*tiny];
  const std::size_t question = url.find('?');
  longer.raw_query =
      question == std::string::npos ? "" : url.substr(question + 1);
  longer.query = sandbox::ParseQuery(longer.raw_query);
  return RouteApi(longer, *actor);
}

Reply Instance::Shorten(const ApiCall& call) {
  std::optional<Reply> refused = CheckJsonBody(call, settings_);
  if (refused.has_value()) return *std::move(refused);
  const absl::StatusOr<FieldValues> values = ParseRecord(call.request);
  const auto url = values.ok() ? values->find("url") : FieldValues::iterator();
  if (!values.ok() || url == values->end() || url->second.empty()) {
    return ErrorReply(400, "Invalid URL", "url is required");
  }
  const std::string id = RandomHex();
  tiny_urls_[id] = url->second;
  const std::string path = url->second.substr(0, url->second.find('?'));
  return ResultReply(200, absl::StrCat(path, "?sysparm_tiny=", id));
}

// As the nightly job does, with every request.
void Instance::CloseResolved() {
  const std::optional<std::string> days =
      access_.Property("glide.ui.autoclose.time");
  int count = 0;
  if (!days.has_value() || !absl::SimpleAtoi(*days, &count) || count <= 0) {
    return;
  }
  const absl::Time now = clock_();
  if (now < next_autoclose_) return;
  next_autoclose_ = now + absl::Hours(1);
  const std::string before = FormatTimestamp(now - absl::Hours(24 * count));
  const Actor system{"", "system", true};
  for (const Record& record :
       access_.Query("incident", absl::StrCat("state=6^resolved_at<", before),
                     0, system)) {
    const Record* stored = store_.Find("incident", record.sys_id());
    if (stored == nullptr) continue;
    // One that a rule refuses stays resolved.
    (void)writer_.Update(*stored, {{"state", "7"}}, system);
  }
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
    if (segments.size() > at) {
      call.rest.assign(segments.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                       segments.end());
      const std::string& api = segments[at];
      if (api == "table") return tables_.Handle(call);
      if (api == "attachment") return attachments_.Handle(call);
      if (api == "import") return imports_.Handle(call);
      if (api == "batch") return batches_.Handle(call);
      if (api == "tinyurl" && call.rest.empty() && call.method == "POST") {
        return Shorten(call);
      }
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

void Instance::Reset() {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  advanced_ = absl::ZeroDuration();
  next_autoclose_ = absl::InfinitePast();
  authenticator_.Reset();
  sessions_.Clear();
  traffic_.Reset();
  tiny_urls_.clear();
  if (hooks_ != nullptr) hooks_->Reset();
  store_.Clear();
  // Without the tables that came with seeds and update sets.
  dictionary_ = StandardDictionary();
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
  // Tables and columns that seeds and update sets had made.
  try {
    for (const Json& record : value["store"].at("records")) {
      MakeTable(dictionary_, record.at("table").get<std::string>(),
                record.at("values").get<FieldValues>());
    }
  } catch (const Json::exception& error) {
    return absl::InvalidArgumentError(error.what());
  }
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
