#include "snow_gateway/config_check.h"

#include <string>
#include <vector>

#include "common/config/yaml_loader.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::snow {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Every fault, as it is shown.
std::string FaultsOf(const std::string& yaml) {
  ::config::v1::SnowGatewayConfig config;
  config::Faults faults("gateway.yaml");
  const absl::Status loaded = config::LoadYamlText(yaml, &config, &faults);
  if (loaded.ok()) CheckConfig(config, &faults);
  return faults.Format();
}

TEST(ConfigCheckTest, AcceptsEachKindOfCredentials) {
  EXPECT_THAT(FaultsOf(R"(
listener: {address: "127.0.0.1:0"}
default_instance_name: test
instances:
  - name: prod
    base_url: https://prod.service-now.com
    oauth_client_credentials: {client_id: c, client_secret_file: /etc/s}
    integration_user: opcon.integration
    incident_table: u_incident
    limits: {call_timeout: 70s, max_concurrent_requests: 8}
    max_attachment_bytes: 1000000
  - name: test
    base_url: http://localhost:8080
    allow_plain_http: true
    basic: {username: joe, password_file: /etc/p}
  - name: key
    base_url: https://key.service-now.com
    api_key_file: /etc/k
  - name: password
    base_url: https://password.service-now.com
    oauth_password:
      client: {client_id: c, client_secret_file: /etc/s}
      username: joe
      password_file: /etc/p
  - name: jwt
    base_url: https://jwt.service-now.com
    oauth_jwt:
      client: {client_id: c, client_secret_file: /etc/s}
      key_file: /etc/key.pem
      key_id: "1"
      subject: opcon.integration
  - name: certificate
    base_url: https://certificate.service-now.com
    certificate: {}
    tls: {certificate_file: /etc/c.pem, key_file: /etc/k.pem}
    paths:
      create: /api/now/import
      create_table: u_incident_in
      table: /api/x_acme/v1/table
      attachment: /api/x_acme/v1/attachment
    fallback_assignment_group: Service Desk
    default_close_code: Solution provided
    default_close_notes: Closed by OpCon.
    attachments: {blocked_endings: [log, exe]}
)"),
              IsEmpty());
}

TEST(ConfigCheckTest, SaysEveryFaultWithItsPlace) {
  const std::string faults = FaultsOf(R"(
listener: {address: "127.0.0.1:0"}
default_instance_name: nope
instances:
  - name: Prod
    base_url: http://prod.service-now.com
    oauth_client_credentials: {client_id: c}
    limits: {call_timeout: 1h}
    max_attachment_bytes: 2000000000
  - base_url: https://x.service-now.com/path
    basic: {username: "a:b"}
    incident_table: No Table
    proxy: {username: x}
  - name: same
    base_url: https://x.service-now.com
  - name: same
    base_url: https://y.service-now.com
    api_key_file: /etc/k
    tls: {certificate_file: /etc/c}
)");
  EXPECT_THAT(
      faults,
      AllOf(HasSubstr("default_instance_name: no instance is named \"nope\""),
            HasSubstr("instances[0].name: "),
            HasSubstr("instances[0].base_url: "),
            HasSubstr("instances[0].oauth_client_credentials."
                      "client_secret_file: "),
            HasSubstr("instances[0].limits.call_timeout: "),
            HasSubstr("instances[0].max_attachment_bytes: "),
            HasSubstr("instances[1].name: "),
            HasSubstr("instances[1].base_url: "),
            HasSubstr("instances[1].basic.username: "),
            HasSubstr("instances[1].basic.password_file: ")));
  EXPECT_THAT(faults,
              AllOf(HasSubstr("instances[1].incident_table: "),
                    HasSubstr("instances[1].proxy.url: "),
                    HasSubstr("instances[1].proxy.username: "),
                    HasSubstr("instances[2]: needs credentials"),
                    HasSubstr("instances[3].name: two instances are named"),
                    HasSubstr("instances[3].tls.certificate_file: ")));
  EXPECT_THAT(faults, HasSubstr("gateway.yaml:5:"));
}

TEST(ConfigCheckTest, NeedsAnInstanceAndAListener) {
  EXPECT_THAT(
      FaultsOf("logging: {level: debug}"),
      AllOf(HasSubstr("instances: at least one"), HasSubstr("listener")));
}

TEST(ConfigCheckTest, SaysEveryFaultOfLoginsPathsAndDefaults) {
  const std::string faults = FaultsOf(R"(
listener: {address: "127.0.0.1:0"}
instances:
  - name: jwt
    base_url: https://jwt.service-now.com
    oauth_jwt: {client: {client_id: c}}
    paths:
      table: api/now
      create: /api/now/import
      attachment: /api/../x
      create_table: No
    fallback_assignment_group: a^b
    default_close_code: Solution provided
    attachments: {blocked_endings: [.log]}
  - name: certificate
    base_url: https://certificate.service-now.com
    certificate: {}
    paths: {table: "/api/now?x", create: /api/now/import}
)");
  for (const char* field :
       {"[0].oauth_jwt.client.client_secret_file", "[0].oauth_jwt.key_file",
        "[0].oauth_jwt.key_id", "[0].oauth_jwt.subject", "[0].paths.table",
        "[0].paths.attachment", "[0].paths.create_table",
        "[0].fallback_assignment_group", "[0].default_close_notes",
        "[0].attachments.blocked_endings[0]", "[1].certificate",
        "[1].paths.table", "[1].paths.create_table"}) {
    EXPECT_THAT(faults, HasSubstr(std::string("instances") + field + ": "));
  }
}

TEST(ConfigCheckTest, PlannedSettingsAreErrors) {
  EXPECT_THAT(FaultsOf(R"(
listener: {address: "127.0.0.1:0"}
incumbent_directory: /etc/incumbent
)"),
              HasSubstr("incumbent_directory"));
}

}  // namespace
}  // namespace opcon_snow::snow
