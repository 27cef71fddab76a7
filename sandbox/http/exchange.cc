#include "sandbox/http/exchange.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace opcon_snow::sandbox {
namespace {

SandboxRequest Translate(const httplib::Request& from, bool tls) {
  SandboxRequest request;
  request.method = from.method;
  const std::string target = from.target.substr(0, from.target.find('#'));
  const std::size_t question = target.find('?');
  request.raw_path = target.substr(0, question);
  if (question != std::string::npos) {
    request.raw_query = target.substr(question + 1);
  }
  request.segments = SplitPath(request.raw_path);
  request.query = ParseQuery(request.raw_query);
  for (const auto& [name, value] : from.headers) {
    const std::string lower = absl::AsciiStrToLower(name);
    // Added by httplib itself, not sent by the client.
    if (lower == "remote_addr" || lower == "remote_port" ||
        lower == "local_addr" || lower == "local_port") {
      continue;
    }
    std::string& joined = request.headers[lower];
    joined = joined.empty() ? value : absl::StrCat(joined, ", ", value);
  }
  request.tls = tls;
  return request;
}

// Appends as much as still fits.
void AppendBounded(const char* data, std::size_t size, std::size_t maximum,
                   SandboxRequest& request, std::string& to) {
  const auto before = static_cast<std::size_t>(
      std::min<std::uint64_t>(request.body_bytes, maximum));
  request.body_bytes += size;
  const std::size_t kept = std::min(size, maximum - before);
  to.append(data, kept);
  if (kept < size) request.body_complete = false;
}

bool ReadBody(const httplib::Request& from, const httplib::ContentReader& read,
              std::size_t maximum, SandboxRequest& request) {
  if (from.is_multipart_form_data()) {
    return read(
        [&](const httplib::MultipartFormData& part) {
          request.parts.push_back(
              {part.name, part.filename, part.content_type, ""});
          return true;
        },
        [&](const char* data, std::size_t size) {
          AppendBounded(data, size, maximum, request,
                        request.parts.back().content);
          return true;
        });
  }
  return read([&](const char* data, std::size_t size) {
    AppendBounded(data, size, maximum, request, request.body);
    return true;
  });
}

bool HasBody(const httplib::Request& request) {
  return request.has_header("Transfer-Encoding") ||
         request.has_header("Content-Length");
}

// Whether httplib will read the body. Without a length it would read that of a
// DELETE not at all, and any other up to the end of the connection.
bool BodyIsReadable(const httplib::Request& request) {
  if (request.method == "DELETE") return request.has_header("Content-Length");
  return HasBody(request) &&
         (request.method == "POST" || request.method == "PUT" ||
          request.method == "PATCH");
}

void SendHead(const Reply& reply, httplib::Response& response) {
  response.status = reply.status;
  for (const auto& [name, value] : reply.headers) {
    response.set_header(name, value);
  }
}

}  // namespace

void InstallExchange(SocketServer& server, std::size_t max_body_bytes,
                     Exchange exchange) {
  auto shared = std::make_shared<const Exchange>(std::move(exchange));
  const bool tls = server.tls();
  server.set_pre_routing_handler(
      [shared, tls](const httplib::Request& from, httplib::Response& to) {
        if (BodyIsReadable(from)) {
          return httplib::Server::HandlerResponse::Unhandled;
        }
        // The body stays unread: it must not be taken for the next request.
        if (HasBody(from) && from.get_header_value("Content-Length") != "0") {
          Connection::Current()->CloseAfterAnswer();
        }
        (*shared)(Translate(from, tls), to);
        return httplib::Server::HandlerResponse::Handled;
      });
  const httplib::Server::HandlerWithContentReader handler =
      [shared, tls, max_body_bytes](const httplib::Request& from,
                                    httplib::Response& to,
                                    const httplib::ContentReader& read) {
        SandboxRequest request = Translate(from, tls);
        // On failure httplib has set the status, or the peer has gone.
        if (ReadBody(from, read, max_body_bytes, request)) {
          (*shared)(request, to);
        } else {
          Connection::Current()->CloseAfterAnswer();
        }
      };
  const char* const any_path = R"([\s\S]*)";
  server.Post(any_path, handler);
  server.Put(any_path, handler);
  server.Patch(any_path, handler);
  server.Delete(any_path, handler);
}

void SendReply(Reply reply, httplib::Response& response) {
  SendHead(reply, response);
  if (!reply.content_type.empty()) {
    response.set_header("Content-Type", reply.content_type);
  }
  response.body = std::move(reply.body);
}

void SendTruncated(Reply reply, std::size_t bytes,
                   httplib::Response& response) {
  Connection* connection = Connection::Current();
  connection->CloseAfterAnswer();
  if (reply.body.size() <= bytes) {
    SendReply(std::move(reply), response);
    return;
  }
  SendHead(reply, response);
  const auto body = std::make_shared<const std::string>(std::move(reply.body));
  response.set_content_provider(
      body->size(), reply.content_type,
      [body, bytes, connection](std::size_t, std::size_t,
                                httplib::DataSink& sink) {
        sink.write(body->data(), bytes);
        connection->Abort();
        return false;
      });
}

void SendSlowly(Reply reply, std::int64_t bytes_per_second,
                std::function<bool(std::chrono::milliseconds)> sleep,
                httplib::Response& response) {
  SendHead(reply, response);
  if (reply.body.empty()) return;
  const auto body = std::make_shared<const std::string>(std::move(reply.body));
  // About twenty steps a second, at least one byte each.
  const auto step = static_cast<std::size_t>(
      std::max<std::int64_t>(bytes_per_second / 20, 1));
  const std::chrono::milliseconds pause(static_cast<std::int64_t>(step) * 1000 /
                                        bytes_per_second);
  response.set_content_provider(
      body->size(), reply.content_type,
      [body, step, pause, sleep = std::move(sleep)](
          std::size_t offset, std::size_t length, httplib::DataSink& sink) {
        if (!sleep(pause)) return false;
        return sink.write(body->data() + offset, std::min(step, length));
      });
}

}  // namespace opcon_snow::sandbox
