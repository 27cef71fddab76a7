// The RPCs about templates.

#include <string>

#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "incident_service/service/service_fixture.h"

namespace opcon_snow::incident {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class TemplateRpcTest : public ServiceFixture {
 protected:
  TemplateRpcTest() {
    opcon_.Define("20260105|16|1|JOB001");
    opcon_.Fail("20260105|16|1|JOB001", absl::Now() - absl::Minutes(1));
  }
  absl::StatusOr<v1::RenderTemplateResponse> Render(
      v1::RenderTemplateRequest request) {
    *request.mutable_event() = Event("request-1").event();
    return rpc::Call(*stub_, &Stub::RenderTemplate, request);
  }
};

TEST_F(TemplateRpcTest, EveryMistakeOfATextIsTold) {
  v1::ValidateTemplateRequest request;
  request.set_text("fields:\n  urgency: '{{x}}'\n  state: '1'\n");
  request.set_name("a.yaml");
  auto reply = rpc::Call(*stub_, &Stub::ValidateTemplate, request);
  ASSERT_OK(reply.status());
  EXPECT_EQ(reply->format(), v1::TEMPLATE_FORMAT_NATIVE);
  ASSERT_THAT(reply->diagnostics(), SizeIs(2));
  EXPECT_EQ(reply->diagnostics(0).line(), 2);
  EXPECT_EQ(reply->diagnostics(0).field(), "fields[\"urgency\"]");
  EXPECT_EQ(reply->diagnostics(1).line(), 3);
  EXPECT_EQ(reply->diagnostics(1).message(), "is written by the suite itself");
  EXPECT_THAT(reply->diagnostics(1).mend(), HasSubstr("take it out"));

  request.set_text("{\"address\": 1}");
  reply = rpc::Call(*stub_, &Stub::ValidateTemplate, request);
  ASSERT_OK(reply.status());
  EXPECT_EQ(reply->format(), v1::TEMPLATE_FORMAT_INCUMBENT);
  request.set_text("");
  EXPECT_EQ(rpc::Call(*stub_, &Stub::ValidateTemplate, request).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(TemplateRpcTest, ALoadedTemplateIsRendered) {
  const auto reply = Render({});
  ASSERT_OK(reply.status());
  EXPECT_EQ(reply->template_(), "basic.json");
  ASSERT_THAT(reply->incidents(), SizeIs(1));
  EXPECT_TRUE(reply->incidents(0).creates());
  EXPECT_THAT(reply->incidents(0).fields().at("short_description"),
              HasSubstr("OpCon job JOB001 failed"));
  EXPECT_THAT(servicenow_.incidents, IsEmpty());
}

TEST_F(TemplateRpcTest, ATextIsRenderedThatNobodyLoaded) {
  v1::RenderTemplateRequest request;
  request.set_text("inherit: basic.json\nshort_description: '{{schedule}}!'");
  auto reply = Render(request);
  ASSERT_OK(reply.status());
  ASSERT_THAT(reply->incidents(), SizeIs(1));
  EXPECT_EQ(reply->incidents(0).fields().at("short_description"), "Payroll!");
  request.set_text("short_description: '{{nothing}}'");
  reply = Render(request);
  ASSERT_OK(reply.status());
  EXPECT_THAT(reply->incidents(), IsEmpty());
  EXPECT_THAT(reply->diagnostics(), SizeIs(1));
  request.set_text("rules: [{name: never, suppress: true}]");
  reply = Render(request);
  ASSERT_OK(reply.status());
  EXPECT_THAT(reply->incidents(), IsEmpty());
  EXPECT_THAT(reply->decisions(),
              ElementsAre("rule \"never\" applies: no ticket"));
}

TEST_F(TemplateRpcTest, WhatCannotBeRenderedIsAnError) {
  v1::RenderTemplateRequest request;
  request.set_name("other");
  EXPECT_EQ(Render(request).status().code(),
            absl::StatusCode::kFailedPrecondition);
  opcon_.failures.FailBefore("GetDailyJob",
                             absl::UnavailableError("OpCon is down"));
  EXPECT_EQ(Render({}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(
      rpc::Call(*stub_, &Stub::RenderTemplate, v1::RenderTemplateRequest())
          .status()
          .code(),
      absl::StatusCode::kInvalidArgument);
}

TEST_F(TemplateRpcTest, ATemplateOfTheIncumbentIsConvertedWithoutItsSecrets) {
  v1::ImportTemplateRequest request;
  request.set_name("basic.json");
  request.set_text(
      R"({"address": {"value": "dev1.service-now.com"},
          "rules": {"alwaysCreateNewTicket": true},
          "credentials": {"user": "595752746157343d",
                          "password": "6333566a636d5630"}})");
  request.set_connector_config(
      "[OPCON API CONNECTION]\nSERVER=opcon.example\nTOKEN=a-token\n");
  auto reply = rpc::Call(*stub_, &Stub::ImportTemplate, request);
  ASSERT_OK(reply.status());
  EXPECT_THAT(reply->native_text(),
              AllOf(HasSubstr("# rules.alwaysCreateNewTicket: "
                              "always_create_new_ticket\n"),
                    HasSubstr("\nalways_create_new_ticket: true\n"),
                    HasSubstr("#   - name: \"basic\"\n#     base_url: "
                              "\"https://dev1.service-now.com\"\n"),
                    HasSubstr("password_file: \"secrets/basic.password\""),
                    HasSubstr("base_url: \"https://opcon.example:443\""),
                    Not(HasSubstr("6333566a636d5630")),
                    Not(HasSubstr("secret\"")), Not(HasSubstr("a-token"))));
  request.set_text("{");
  reply = rpc::Call(*stub_, &Stub::ImportTemplate, request);
  ASSERT_OK(reply.status());
  EXPECT_EQ(reply->native_text(), "");
  EXPECT_THAT(reply->diagnostics(), Not(IsEmpty()));
}

}  // namespace
}  // namespace opcon_snow::incident
