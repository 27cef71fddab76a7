#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_SETTINGS_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_SETTINGS_H_

// What differs from instance to instance, or what nobody knows about the real
// one: the switches of snow_sandbox. Plain values.

#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "absl/time/time.h"

namespace opcon_snow::sandbox::servicenow {

// What happens to a sys_id in the body of an insert. What a real instance says
// to one that is taken is not known; two plausible answers are simulated.
enum class ClientSysId {
  kHonour,           // used; if taken: 403 with the text that an insert gives
                     // whenever the database refused it, the security one
  kIgnore,           // the instance makes its own, every insert is a new record
  kRejectDuplicate,  // used; if taken: 403 that tells of the unique key
};

struct Settings {
  ClientSysId client_sys_id = ClientSysId::kHonour;

  // The data policy that wants close_code and close_notes in Resolved, Closed.
  bool require_close_code = true;

  // Only administrators change a closed incident; others may still comment.
  bool closed_incidents_are_read_only = true;

  // The property glide.invalid_query.returns_no_rows.
  bool invalid_query_returns_no_rows = false;

  std::uint64_t max_attachment_bytes = std::uint64_t{64} << 20;
  // In lower case with the dot. What the status of a refusal is, is unknown.
  std::set<std::string> blocked_extensions = {".exe", ".dat", ".cab", ".sh",
                                              ".py",  ".m",   ".r",   ".log"};
  int blocked_attachment_status = 400;

  // glide.rest.batch.max.inputSize and .outputSize, of one item each.
  std::uint64_t batch_max_input_bytes = std::uint64_t{5} << 20;
  std::uint64_t batch_max_output_bytes = std::uint64_t{10} << 20;

  // Users other than administrators need the role rest_service for every API.
  bool require_rest_service = false;

  // glide.rest.max_content_length: for everything but attachments.
  std::uint64_t max_json_bytes = 10'485'760;

  absl::Duration access_token_lifetime = absl::Seconds(1800);
  absl::Duration refresh_token_lifetime = absl::Seconds(8'640'000);

  std::string admin_user = "admin";
  std::string admin_password = "admin";
  std::string integration_user = "opcon.integration";
  std::string integration_password = "sandbox";
  std::string oauth_client_id = "sandbox";
  std::string oauth_client_secret = "sandbox";
  std::string api_key = "sandbox-key";
  // The OAuth grants that are turned on, without the urn of jwt-bearer.
  std::set<std::string> oauth_grants = {"password", "refresh_token",
                                        "client_credentials", "jwt-bearer"};
  // PEM, an RSA public key or a certificate; empty: no assertion is accepted.
  std::string jwt_public_key;
  // The property that blocks Basic authentication on instances of 2026.
  bool allow_basic = true;

  // How far display values of times are from UTC; the users of a new instance
  // are in California.
  absl::Duration display_offset = absl::Hours(-8);
};

using Clock = std::function<absl::Time()>;

// "yyyy-MM-dd HH:mm:ss", as UTC plus `offset`.
std::string FormatTimestamp(absl::Time time,
                            absl::Duration offset = absl::ZeroDuration());

// False if `text` is no such time. Read as UTC plus `offset`.
bool ParseTimestamp(const std::string& text, absl::Duration offset,
                    absl::Time* time);

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_SETTINGS_H_
