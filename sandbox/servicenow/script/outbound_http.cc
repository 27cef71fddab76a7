#include "sandbox/servicenow/script/outbound_http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

constexpr std::size_t kMostUrlBytes = 65'536;
constexpr absl::Duration kLongestTimeout = absl::Seconds(60);

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

struct UrlParts {
  std::string scheme;
  std::string host;
  std::string path;
};

bool PartOf(CURLU* url, CURLUPart part, std::string* value) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return false;
  *value = text;
  curl_free(text);
  return true;
}

absl::Status ParseUrl(const std::string& text, UrlParts* parts) {
  const std::unique_ptr<CURLU, UrlDeleter> url(curl_url());
  const bool understood =
      url != nullptr && text.size() <= kMostUrlBytes &&
      curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) == CURLUE_OK &&
      PartOf(url.get(), CURLUPART_SCHEME, &parts->scheme) &&
      PartOf(url.get(), CURLUPART_HOST, &parts->host) &&
      PartOf(url.get(), CURLUPART_PATH, &parts->path);
  if (!understood) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid uri '", text.substr(0, 200), "': the endpoint must be a URL"));
  }
  return absl::OkStatus();
}

bool IsLoopback(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    const auto& four = reinterpret_cast<const sockaddr_in&>(address);
    return (ntohl(four.sin_addr.s_addr) >> 24U) == IN_LOOPBACKNET;
  }
  if (address.sa_family == AF_INET6) {
    const auto& six = reinterpret_cast<const sockaddr_in6&>(address);
    return IN6_IS_ADDR_LOOPBACK(&six.sin6_addr) != 0;
  }
  return false;
}

// The last word: whatever a name became, no other socket is opened.
curl_socket_t OpenLoopbackSocket(void*, curlsocktype, curl_sockaddr* address) {
  if (!IsLoopback(address->addr)) return CURL_SOCKET_BAD;
  return socket(address->family, address->socktype | SOCK_CLOEXEC,
                address->protocol);
}

std::size_t TakeBody(char* data, std::size_t size, std::size_t count,
                     void* target) {
  auto* response = static_cast<OutboundResponse*>(target);
  if (response->body.size() + size * count > OutboundHttp::kMostBodyBytes) {
    return 0;
  }
  response->body.append(data, size * count);
  return size * count;
}

std::size_t TakeHeader(char* data, std::size_t size, std::size_t count,
                       void* target) {
  auto* response = static_cast<OutboundResponse*>(target);
  const absl::string_view line(data, size * count);
  // The answer before the last one, e.g. "100 Continue".
  if (absl::StartsWith(line, "HTTP/")) response->headers.clear();
  const std::size_t colon = line.find(':');
  if (colon != absl::string_view::npos && response->headers.size() < 200) {
    response->headers.emplace_back(
        std::string(line.substr(0, colon)),
        std::string(absl::StripAsciiWhitespace(line.substr(colon + 1))));
  }
  return size * count;
}

// Other than 0 ends the transfer.
int StopIfAsked(void* stopped, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return *static_cast<const std::atomic<bool>*>(stopped) ? 1 : 0;
}

bool IsHeaderText(absl::string_view text) {
  for (const char c : text) {
    if (c == '\r' || c == '\n' || c == '\0') return false;
  }
  return true;
}

bool IsToken(absl::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-' &&
        c != '_' && c != '.' && c != '!' && c != '+') {
      return false;
    }
  }
  return true;
}

// "" or why the request is not sent.
std::string Fault(const OutboundRequest& request) {
  if (!IsToken(request.method)) {
    return absl::StrCat("\"", request.method, "\" is no HTTP method");
  }
  for (const auto& [name, value] : request.headers) {
    if (!IsToken(name) || !IsHeaderText(value)) {
      return absl::StrCat("the header ", name,
                          " has a character that headers cannot have");
    }
  }
  return "";
}

std::unique_ptr<curl_slist, ListDeleter> HeaderList(
    const OutboundRequest& request) {
  curl_slist* list = nullptr;
  const auto add = [&list](const std::string& line) {
    curl_slist* const longer = curl_slist_append(list, line.c_str());
    if (longer != nullptr) list = longer;
  };
  bool agent = false;
  bool type = false;
  for (const auto& [name, value] : request.headers) {
    agent = agent || absl::EqualsIgnoreCase(name, "User-Agent");
    type = type || absl::EqualsIgnoreCase(name, "Content-Type");
    // libcurl takes "name;" for a header without a value.
    add(value.empty() ? absl::StrCat(name, ";")
                      : absl::StrCat(name, ": ", value));
  }
  if (!agent) add("User-Agent: ServiceNow/1.0");
  // Not the type of a form, which libcurl would name.
  if (!type) add("Content-Type:");
  add("Expect:");
  return std::unique_ptr<curl_slist, ListDeleter>(list);
}

void SetOptions(CURL* easy, const OutboundRequest& request,
                const std::string& ca_file, curl_slist* headers,
                OutboundResponse* response) {
  const auto milliseconds = static_cast<long>(absl::ToInt64Milliseconds(
      request.timeout < absl::Milliseconds(1) ? kLongestTimeout
      : request.timeout > kLongestTimeout     ? kLongestTimeout
                                              : request.timeout));
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, milliseconds);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                   static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &OpenLoopbackSocket);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &TakeBody);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, response);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &TakeHeader);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, response);
  if (!ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file.c_str());
  }
  if (!request.user.empty()) {
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl_easy_setopt(easy, CURLOPT_USERNAME, request.user.c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, request.password.c_str());
  }
  if (request.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (request.method != "GET" || !request.body.empty()) {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
  }
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

}  // namespace

absl::Status CheckLoopback(const std::string& url) {
  UrlParts parts;
  absl::Status status = ParseUrl(url, &parts);
  if (!status.ok()) return status;
  if (parts.scheme != "http" && parts.scheme != "https") {
    return absl::InvalidArgumentError(absl::StrCat(
        "the endpoint must begin with http:// or https://, not with ",
        parts.scheme, "://"));
  }
  in_addr four{};
  in6_addr six{};
  std::string host = parts.host;
  if (host.size() > 2 && host.front() == '[') {
    host = host.substr(1, host.size() - 2);
  }
  const bool loopback = absl::EqualsIgnoreCase(host, "localhost") ||
                        (inet_pton(AF_INET, host.c_str(), &four) == 1 &&
                         (ntohl(four.s_addr) >> 24U) == IN_LOOPBACKNET) ||
                        (inet_pton(AF_INET6, host.c_str(), &six) == 1 &&
                         IN6_IS_ADDR_LOOPBACK(&six) != 0);
  if (!loopback) {
    return absl::PermissionDeniedError(absl::StrCat(
        "the sandbox sends to this machine only (127.0.0.1, ::1, localhost), "
        "not to ",
        parts.host));
  }
  return absl::OkStatus();
}

OutboundResponse OutboundHttp::Send(const OutboundRequest& request) const {
  OutboundResponse response;
  const absl::Status allowed = CheckLoopback(request.url);
  response.error =
      allowed.ok() ? Fault(request) : std::string(allowed.message());
  if (!response.error.empty()) return response;
  UrlParts parts;
  (void)ParseUrl(request.url, &parts);
  response.path = parts.path;
  const std::unique_ptr<CURL, EasyDeleter> easy(curl_easy_init());
  if (easy == nullptr) {
    response.error = "out of memory";
    return response;
  }
  const auto headers = HeaderList(request);
  SetOptions(easy.get(), request, ca_file_, headers.get(), &response);
  curl_easy_setopt(easy.get(), CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(easy.get(), CURLOPT_XFERINFOFUNCTION, &StopIfAsked);
  curl_easy_setopt(easy.get(), CURLOPT_XFERINFODATA, &stopped_);
  const CURLcode code = curl_easy_perform(easy.get());
  if (code != CURLE_OK) {
    response.error =
        absl::StrCat(request.method, " ", parts.scheme, "://", parts.host,
                     parts.path, ": ", curl_easy_strerror(code));
    return response;
  }
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  response.status = static_cast<int>(status);
  return response;
}

void OutboundHttp::ForgetOld() {
  for (auto it = under_way_.begin();
       it != under_way_.end() && under_way_.size() >= kMostUnderWay;) {
    const bool done = it->second.wait_for(std::chrono::seconds(0)) ==
                      std::future_status::ready;
    it = done ? under_way_.erase(it) : std::next(it);
  }
}

std::int64_t OutboundHttp::Start(OutboundRequest request) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ForgetOld();
  const auto policy = under_way_.size() >= kMostUnderWay ? std::launch::deferred
                                                         : std::launch::async;
  std::shared_future<OutboundResponse> future =
      std::async(policy, [this, request = std::move(request)] {
        return Send(request);
      }).share();
  if (policy == std::launch::deferred) future.wait();
  under_way_[++last_] = std::move(future);
  return last_;
}

bool OutboundHttp::Wait(std::int64_t number, absl::Duration limit,
                        OutboundResponse* response) {
  std::shared_future<OutboundResponse> future;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto it = under_way_.find(number);
    if (it == under_way_.end()) return false;
    future = it->second;
  }
  if (future.wait_for(absl::ToChronoMilliseconds(limit)) ==
      std::future_status::timeout) {
    return false;
  }
  *response = future.get();
  const std::lock_guard<std::mutex> lock(mutex_);
  under_way_.erase(number);
  return true;
}

}  // namespace opcon_snow::sandbox::servicenow
