#include <cstdint>
#include <fstream>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/table.h"
#include "common/path/utf8_path.h"
#include "common/rpc/call.h"
#include "incident/v1/incident_service.pb.h"

namespace opcon_snow::cli {
namespace {

using ::incident::v1::BackupHeader;
using ::incident::v1::BackUpStoreRequest;
using ::incident::v1::BackUpStoreResponse;

absl::Status CannotWrite(const std::string& path) {
  return absl::FailedPreconditionError(
      absl::StrCat("cannot write ", path,
                   ": see that its folder exists, is writable and "
                   "has room"));
}

// Writes the stream to a new file; its header.
absl::StatusOr<BackupHeader> Receive(Stub& service, const std::string& path) {
  std::ofstream file(PathFromUtf8(path), std::ios::binary | std::ios::trunc);
  if (!file) return CannotWrite(path);
  BackupHeader header;
  std::int64_t bytes = 0;
  const std::function<absl::Status(BackUpStoreResponse&)> take =
      [&](BackUpStoreResponse& message) -> absl::Status {
    if (message.has_header()) {
      header = message.header();
      return absl::OkStatus();
    }
    bytes += static_cast<std::int64_t>(message.chunk().size());
    file << message.chunk();
    return file ? absl::OkStatus() : CannotWrite(path);
  };
  // As long as the store is large; a service that goes away ends it.
  absl::Status status =
      rpc::ReadStream(service, &Stub::BackUpStore, BackUpStoreRequest(),
                      {.timeout = absl::InfiniteDuration()}, take);
  file.close();
  if (status.ok() && !file) status = CannotWrite(path);
  if (status.ok() && bytes != header.size_bytes()) {
    status = absl::DataLossError(absl::StrCat(
        "the copy has ", bytes, " bytes of ", header.size_bytes()));
  }
  if (!status.ok()) return status;
  return header;
}

int BackUp(CommandContext& context, const std::string& path) {
  const absl::StatusOr<Stub*> service = context.Service();
  if (!service.ok()) return context.Fail(service.status());
  // What bears the name is complete, and what had it stays until then.
  const std::string part = path + ".part";
  Files& files = *context.environment().files;
  absl::StatusOr<BackupHeader> header = Receive(**service, part);
  if (header.ok()) {
    const absl::Status renamed = files.Rename(part, path);
    if (!renamed.ok()) header = renamed;
  }
  if (!header.ok()) {
    const absl::Status ignored = files.Remove(part);
    static_cast<void>(ignored);
    return context.Fail(header.status());
  }
  if (context.json()) return context.PrintJson(*header);
  context.console().Out(
      RenderFields({{"file", path},
                    {"format", header->format()},
                    {"schema", std::to_string(header->schema_version())},
                    {"as of", TimeText(header->snapshot_time())},
                    {"bytes", std::to_string(header->size_bytes())}}));
  return kExitOk;
}

}  // namespace

void AddAdminCommands(CLI::App& app, Action& action) {
  CLI::App* admin = app.add_subcommand("admin", "looks after the service");
  admin->require_subcommand(1);
  admin->fallthrough();
  CLI::App* backup = admin->add_subcommand(
      "backup", "writes a copy of the store, taken while the service runs");
  auto path = std::make_shared<std::string>();
  backup->add_option("FILE", *path, "the file; replaced if it is there")
      ->required();
  backup->callback([path, &action] {
    action = [path](CommandContext& context) { return BackUp(context, *path); };
  });
}

}  // namespace opcon_snow::cli
