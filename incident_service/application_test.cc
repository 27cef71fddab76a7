// The process's configuration: templates from everywhere, and what reading it
// again does.

#include "incident_service/application.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/config/yaml_loader.h"
#include "common/rpc/call.h"
#include "common/rpc/channel.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "incident/v1/incident_service.grpc.pb.h"
#include "incident_service/config_validation.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using Stub = v1::IncidentService::StubInterface;

class ApplicationTest : public ::testing::Test {
 protected:
  ApplicationTest()
      : folder_(absl::StrCat(
            ::testing::TempDir(), "/",
            ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "templates");
    fs::copy("common/incumbent/testdata/documented", folder_ / "ServiceNow",
             fs::copy_options::recursive);
    Write("templates/payroll.yaml", "short_description: '{{job}}'\n");
  }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
  }

  // The faults; empty if there is none.
  std::string Load(::config::v1::IncidentServiceConfig* config,
                   const std::string& more = "") {
    Write("service.yaml",
          absl::StrCat("listener: {address: '127.0.0.1:0'}\n"
                       "opcon_gateway: {address: '127.0.0.1:1'}\n"
                       "servicenow_gateway: {address: '127.0.0.1:1'}\n"
                       "store: {sqlite: {path: store.db}}\n"
                       "deployment: test\n"
                       "default_opcon: opcon\n"
                       "template_directory: templates\n"
                       "incumbent_directory: ServiceNow\n",
                       more));
    config::Faults faults;
    (void)config::LoadYamlFile((folder_ / "service.yaml").string(), config,
                               &faults);
    ValidateConfig(*config, &faults);
    return faults.Format();
  }

  void Start() {
    ::config::v1::IncidentServiceConfig config;
    ASSERT_EQ(Load(&config), "");
    auto made = MakeApplication(config);
    ASSERT_OK(made.status());
    application_ = *std::move(made);
    const auto ports = application_->Start();
    ASSERT_OK(ports.status());
    auto channel = rpc::CreateChannel(
        {.target = absl::StrCat("127.0.0.1:", ports->at("grpc"))});
    ASSERT_OK(channel.status());
    stub_ = v1::IncidentService::NewStub(*channel);
  }

  std::string Templates() {
    const auto reply =
        rpc::Call(*stub_, &Stub::ListTemplates, v1::ListTemplatesRequest());
    EXPECT_OK(reply.status());
    std::string told;
    for (const v1::Template& loaded : reply->templates()) {
      absl::StrAppend(&told, loaded.name(), " ", loaded.file(), " ",
                      v1::TemplateFormat_Name(loaded.format()), " ",
                      loaded.servicenow(),
                      loaded.is_default() ? " default" : "", "\n");
    }
    return told;
  }

  const fs::path folder_;
  std::unique_ptr<config::Application> application_;
  std::unique_ptr<Stub> stub_;
};

TEST_F(ApplicationTest, TemplatesComeFromEverywhere) {
  Start();
  EXPECT_EQ(Templates(),
            "basic.json basic.json TEMPLATE_FORMAT_INCUMBENT basic\n"
            "payroll payroll.yaml TEMPLATE_FORMAT_NATIVE  default\n");
  EXPECT_OK(application_->Stop());
}

TEST_F(ApplicationTest, ReadingAgainTakesAllOrNothing) {
  Start();
  const std::string before = Templates();
  Write("templates/new.yaml", "inherit: payroll\n");
  Write("templates/payroll.yaml", "short_description: '{{jobb}}'\n");
  ::config::v1::IncidentServiceConfig config;
  EXPECT_THAT(Load(&config),
              HasSubstr("templates/payroll.yaml:1:1: short_description: "
                        "unknown name jobb"));
  EXPECT_EQ(application_->Reload(config).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Templates(), before);

  Write("templates/payroll.yaml", "short_description: '{{job}}!'\n");
  EXPECT_EQ(Load(&config), "");
  EXPECT_OK(application_->Reload(config));
  EXPECT_THAT(Templates(), HasSubstr("new new.yaml TEMPLATE_FORMAT_NATIVE"));
  EXPECT_OK(application_->Stop());
}

TEST_F(ApplicationTest, EveryFaultOfEveryFileIsTold) {
  Write("templates/a.yaml", "rules: [{matchers: [{tags: x}]}]\n");
  Write("templates/b.yml", "name: basic.json\n");
  fs::remove(folder_ / "ServiceNow/templates/basic.json");
  Write("ServiceNow/templates/basic.json", "{\"rules\": 1}");
  ::config::v1::IncidentServiceConfig config;
  EXPECT_THAT(
      Load(&config, "default_template: none\n"),
      AllOf(HasSubstr("templates/a.yaml:1:22: rules[0].matchers[0].tags: "),
            HasSubstr("ServiceNow/templates/basic.json:1:11: rules: is a "
                      "single value, not an object"),
            HasSubstr("ServiceNow/templates/basic.json: address: is missing"),
            HasSubstr("default_template: \"none\" is not among the "
                      "templates")));
  fs::remove(folder_ / "templates/a.yaml");
  fs::copy_file("common/incumbent/testdata/documented/templates/basic.json",
                folder_ / "ServiceNow/templates/basic.json",
                fs::copy_options::overwrite_existing);
  EXPECT_THAT(Load(&config), HasSubstr("basic.json: name: \"basic.json\" is "
                                       "there already, in b.yml"));
}

TEST_F(ApplicationTest, AFolderThatIsNotThereIsAFault) {
  ::config::v1::IncidentServiceConfig config;
  fs::remove_all(folder_ / "templates");
  fs::remove_all(folder_ / "ServiceNow");
  EXPECT_THAT(Load(&config), AllOf(HasSubstr("template_directory: "),
                                   HasSubstr("incumbent_directory: ")));
}

}  // namespace
}  // namespace opcon_snow::incident
