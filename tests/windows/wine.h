#ifndef OPCON_SNOW_TESTS_WINDOWS_WINE_H_
#define OPCON_SNOW_TESTS_WINDOWS_WINE_H_

// A Windows to run programs in: Wine, with a folder and a server of its own.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/harness/process.h"

namespace opcon_snow::windows {

class Wine {
 public:
  // `directory` is empty, takes 700 MB, and is on the same machine. The server
  // runs until the end: starting it for each program takes longer than the
  // program.
  static absl::StatusOr<std::unique_ptr<Wine>> Start(std::string directory);
  ~Wine();
  Wine(const Wine&) = delete;
  Wine& operator=(const Wine&) = delete;

  // Runs a program of Windows to its end. The environment is added to that of a
  // new user.
  absl::StatusOr<harness::Finished> Run(
      const std::vector<std::string>& arguments,
      const std::map<std::string, std::string>& environment = {});

  // Starts one; what it prints goes to the log.
  absl::StatusOr<std::unique_ptr<harness::Process>> Start(
      const std::vector<std::string>& arguments,
      const std::map<std::string, std::string>& environment,
      const std::string& log_file);

  // Lets the user trust an authority, as the certificate manager does.
  absl::Status TrustAuthority(const std::string& pem_file);

  // %ProgramData%, as a path of this machine.
  std::string program_data() const;

 private:
  explicit Wine(std::string directory);
  // With our own.
  std::map<std::string, std::string> Whole(
      std::map<std::string, std::string> environment) const;

  const std::string directory_;
  std::map<std::string, std::string> environment_;
  std::unique_ptr<harness::Process> server_;
};

// A path of this machine as Windows sees it.
std::string WindowsPath(const std::string& path);

}  // namespace opcon_snow::windows

#endif  // OPCON_SNOW_TESTS_WINDOWS_WINE_H_
