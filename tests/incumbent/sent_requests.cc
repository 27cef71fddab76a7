#include "tests/incumbent/sent_requests.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/harness/http_peer.h"

namespace opcon_snow::incumbent {
namespace {

using nlohmann::json;

bool IsOfTheConnection(const std::string& header) {
  return header == "host" || header == "user-agent" ||
         header == "accept-encoding" || header == "connection" ||
         // The body is compared itself.
         header == "content-length";
}

bool IsWrite(const json& request) {
  return request.at("method") != "GET" &&
         // Asks for a log, though by POST.
         !absl::StrContains(request.at("path").get<std::string>(),
                            "jobinstanceactions");
}

bool IsOfTickets(const json& request) {
  return absl::StrContains(request.at("path").get<std::string>(),
                           "incidentTickets");
}

std::string Decoded(const std::string& text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool encoded =
        text[i] == '%' && i + 2 < text.size() &&
        absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 1])) &&
        absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 2]));
    if (encoded) {
      decoded +=
          static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

bool Holds(const std::string& text, const Names& names) {
  return std::any_of(names.begin(), names.end(), [&text](const auto& name) {
    return absl::StrContains(text, name.first);
  });
}

// The number of a row is OpCon's, and the same in path and body.
void ReplaceRow(json* body, std::string* path) {
  const std::size_t slash = path->rfind('/');
  const std::string last = path->substr(slash + 1);
  const bool is_row =
      !last.empty() && std::all_of(last.begin(), last.end(), [](char c) {
        return absl::ascii_isdigit(static_cast<unsigned char>(c));
      });
  if (!is_row) return;
  *path = absl::StrCat(path->substr(0, slash), "/<row>");
  if (body->is_object() && body->contains("id") &&
      (*body)["id"] == std::stoi(last)) {
    (*body)["id"] = "<row>";
  }
}

std::string Shown(const json& request, const Names& names) {
  std::string path = request.at("path");
  json body = json::parse(request.value("body", ""), nullptr,
                          /*allow_exceptions=*/false);
  ReplaceRow(&body, &path);
  std::string text =
      absl::StrCat(request.at("method").get<std::string>(), " ", path);
  const std::string query = request.value("query", "");
  if (!query.empty()) absl::StrAppend(&text, "?", query);
  absl::StrAppend(&text, "\n");
  for (const auto& [name, value] : request.at("headers").items()) {
    if (!IsOfTheConnection(name)) {
      absl::StrAppend(&text, name, ": ", value.get<std::string>(), "\n");
    }
  }
  const std::string raw = request.value("body", "");
  if (!raw.empty()) {
    absl::StrAppend(&text, "\n", body.is_discarded() ? raw : body.dump(2),
                    "\n");
  }
  return Replaced(std::move(text), names);
}

}  // namespace

std::string Replaced(std::string text, const Names& names) {
  for (const auto& [name, in_its_place] : names) {
    text = absl::StrReplaceAll(
        text, {{name, in_its_place}, {harness::Encode(name), in_its_place}});
  }
  return text;
}

SentRequests::SentRequests(const json& requests,
                           const std::string& user_agent) {
  for (const json& request : requests) {
    const std::string agent = request.at("headers").value("user-agent", "");
    if (!absl::StartsWith(agent, user_agent)) continue;
    sent_.push_back(
        {request, Decoded(absl::StrCat(request.at("path").get<std::string>(),
                                       "?", request.value("query", ""), "\n",
                                       request.value("body", "")))});
  }
}

std::vector<json> SentRequests::Find(const Names& names) const {
  std::vector<json> found;
  for (const Sent& sent : sent_) {
    if (!sent.taken && Holds(sent.text, names)) found.push_back(sent.request);
  }
  return found;
}

std::string SentRequests::TakeOf(const Names& names, bool only_writes) {
  std::vector<const json*> of_tickets;
  std::vector<const json*> others;
  for (Sent& sent : sent_) {
    if (sent.taken || !Holds(sent.text, names)) continue;
    sent.taken = true;
    if (only_writes && !IsWrite(sent.request)) continue;
    std::vector<const json*>& kind =
        only_writes && IsOfTickets(sent.request) ? of_tickets : others;
    kind.push_back(&sent.request);
  }
  std::string text;
  for (const std::vector<const json*>* kind : {&of_tickets, &others}) {
    for (const json* request : *kind) {
      absl::StrAppend(&text, "\n", Shown(*request, names));
    }
  }
  return text;
}

std::string SentRequests::Left(bool only_writes) const {
  std::string left;
  for (const Sent& sent : sent_) {
    if (!sent.taken && (!only_writes || IsWrite(sent.request))) {
      absl::StrAppend(&left, sent.request.dump(), "\n");
    }
  }
  return left;
}

}  // namespace opcon_snow::incumbent
