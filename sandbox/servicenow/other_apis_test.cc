// Batches, import sets, the command-line tool's login, sessions, conditions.

#include <string>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sandbox/servicenow/instance_fixture.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

using ::testing::HasSubstr;

class OtherApisTest : public InstanceFixture {
 protected:
  static Json Item(const std::string& id, const std::string& method,
                   const std::string& url, const std::string& body = "") {
    return {{"id", id},
            {"method", method},
            {"url", url},
            {"exclude_response_headers", true},
            {"headers",
             Json::array(
                 {{{"name", "Accept"}, {"value", "application/json"}},
                  {{"name", "Content-Type"}, {"value", "application/json"}}})},
            {"body", absl::Base64Escape(body)}};
  }

  Json Batch(const Json& items) {
    const Reply reply =
        Call("POST", "/api/now/v1/batch",
             Json{{"batch_request_id", "1"}, {"rest_requests", items}}.dump());
    EXPECT_EQ(reply.status, 200) << reply.body;
    return Body(reply);
  }

  static Json BodyOf(const Json& serviced) {
    std::string text;
    EXPECT_TRUE(
        absl::Base64Unescape(serviced["body"].get<std::string>(), &text));
    return Json::parse(text, nullptr, false);
  }

  Json Import(const Json& row) {
    const Reply reply =
        Call("POST", "/api/now/import/imp_opcon_incident", row.dump());
    EXPECT_EQ(reply.status, 201) << reply.body;
    return Body(reply);
  }
};

TEST_F(OtherApisTest, ABatchAnswersEachCallByItself) {
  const Json answer = Batch(Json::array(
      {Item("a", "POST", "/api/now/table/incident", R"({"impact":"1"})"),
       Item("b", "GET", "/api/now/table/bogus"),
       Item("c", "GET", "/api/now/v2/table/incident?sysparm_fields=impact")}));
  EXPECT_EQ(answer["batch_request_id"], "1");
  EXPECT_EQ(answer["unserviced_requests"], Json::array());
  const Json& serviced = answer["serviced_requests"];
  ASSERT_EQ(serviced.size(), 3U);
  EXPECT_EQ(serviced[0]["status_code"], 201);
  EXPECT_EQ(serviced[0]["status_text"], "Created");
  EXPECT_EQ(serviced[0]["headers"], Json::array());
  EXPECT_EQ(serviced[1]["status_code"], 400);
  EXPECT_EQ(BodyOf(serviced[1])["error"]["message"], "Invalid table bogus");
  EXPECT_EQ(BodyOf(serviced[2]),
            (Json{{"result", Json::array({{{"impact", "1"}}})}}));
}

TEST_F(OtherApisTest, ABatchThatTakesTooLongIsNotServicedToItsEnd) {
  instance_->Control(
      Request("PATCH", "/_sandbox/conditions",
              R"({"slow":[{"path":"/api/now/table/problem","seconds":31}]})"));
  const Json answer =
      Batch(Json::array({Item("a", "GET", "/api/now/table/incident"),
                         Item("b", "GET", "/api/now/table/problem"),
                         Item("c", "GET", "/api/now/table/incident")}));
  EXPECT_EQ(answer["serviced_requests"].size(), 1U);
  EXPECT_EQ(answer["unserviced_requests"], (Json{"b", "c"}));
}

TEST_F(OtherApisTest, ABatchHasLimitsAndNoBatchInside) {
  Settings settings;
  settings.batch_max_input_bytes = 10;
  settings.batch_max_output_bytes = 40;
  Start(settings);
  const Json answer = Batch(Json::array(
      {Item("a", "POST", "/api/now/table/incident", R"({"impact":"1"})"),
       Item("b", "GET", "/api/now/table/sys_user")}));
  EXPECT_EQ(answer["serviced_requests"][0]["status_code"], 413);
  EXPECT_EQ(answer["serviced_requests"][1]["status_code"], 500);
  EXPECT_THAT(answer["serviced_requests"][1]["error_message"],
              HasSubstr("40 bytes"));
  EXPECT_EQ(Call("POST", "/api/now/batch", "{}").status, 400);
  EXPECT_EQ(
      Call("POST", "/api/now/batch",
           Json{{"batch_request_id", "1"},
                {"rest_requests",
                 Json::array({Item("a", "POST", "/api/now/v1/batch", "{}")})}}
               .dump())
          .status,
      400);
}

TEST_F(OtherApisTest, AnImportCoalesces) {
  const Json row = {{"correlation_id", "k"},
                    {"short_description", "one"},
                    {"assignment_group", "Network"}};
  const Json first = Import(row);
  EXPECT_EQ(first["import_set"], "ISET0010001");
  EXPECT_EQ(first["staging_table"], "imp_opcon_incident");
  const Json& result = first["result"][0];
  EXPECT_EQ(result["status"], "inserted");
  EXPECT_EQ(result["transform_map"], "OpCon incident");
  EXPECT_EQ(result["table"], "incident");
  EXPECT_EQ(result["display_name"], "number");
  EXPECT_EQ(result["display_value"], "INC0010001");
  EXPECT_EQ(result["record_link"], "http://sn.example/api/now/table/incident/" +
                                       result["sys_id"].get<std::string>());
  EXPECT_EQ(Import(row)["result"][0]["status"], "ignored");
  Json changed = row;
  changed["short_description"] = "two";
  EXPECT_EQ(Import(changed)["result"][0]["status"], "updated");
  const Json found = List("incident");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0]["short_description"], "two");
  EXPECT_EQ(found[0]["assignment_group"]["value"], kNetwork);
}

TEST_F(OtherApisTest, AnImportThatFailsIsStill201) {
  const Json failed = Import({{"correlation_id", "k"}, {"state", "6"}});
  EXPECT_EQ(failed["result"][0]["status"], "error");
  EXPECT_THAT(failed["result"][0]["error_message"],
              HasSubstr("Data Policy Exception"));
  const Json rows = List("imp_opcon_incident");
  EXPECT_EQ(rows[0]["sys_import_state"], "error");
  const Json again =
      Body(Call("GET", "/api/now/import/imp_opcon_incident/" +
                           rows[0]["sys_id"].get<std::string>()));
  EXPECT_EQ(again["result"][0]["status"], "error");
  EXPECT_EQ(Call("POST", "/api/now/import/incident", "{}").status, 400);
  const Reply many = Call("POST", "/api/now/import/imp_user/insertMultiple",
                          R"({"records":[{"user_id":"u1"},{"user_id":"u2"}]})");
  EXPECT_EQ(many.status, 201);
  EXPECT_TRUE(Body(many).contains("multi_import_set_id"));
  EXPECT_EQ(List("sys_user?sysparm_query=user_nameSTARTSWITHu").size(), 2U);
}

TEST_F(OtherApisTest, TheCommandLineToolLogsIn) {
  const FieldValues form = {
      {"authorization", ""},
      {"content-type", "application/x-www-form-urlencoded"}};
  const Reply wrong =
      Call("POST", "/angular.do?sysparm_type=view_form.login",
           "sysparm_type=login&user_name=admin&user_password=wrong", form);
  EXPECT_EQ(wrong.status, 200);
  EXPECT_EQ(Body(wrong)["status"], "error");
  const Reply right =
      Call("POST", "/angular.do?sysparm_type=view_form.login",
           "sysparm_type=login&user_name=admin&user_password=admin", form);
  EXPECT_EQ(Body(right)["status"], "success");
  std::string cookie = HeaderOf(right, "Set-Cookie");
  cookie = cookie.substr(0, cookie.find(';'));
  FieldValues with_cookie = {{"authorization", ""}, {"cookie", cookie}};
  // The token is given away by a refusal.
  const Reply probe =
      Call("POST", "/angular.do?sysparm_type=get_user", "", with_cookie);
  EXPECT_EQ(probe.status, 401);
  const std::string token = HeaderOf(probe, "X-UserToken-Response");
  EXPECT_EQ(token.size(), 64U);
  EXPECT_EQ(Call("GET", "/api/now/table/incident", "", with_cookie).status,
            401);
  with_cookie["x-usertoken"] = token;
  const Reply user =
      Call("POST", "/angular.do?sysparm_type=get_user", "", with_cookie);
  EXPECT_EQ(user.status, 200);
  EXPECT_EQ(Body(user)["user_name"], "admin");
  // A session that is known gets no new cookies.
  EXPECT_EQ(HeaderOf(user, "Set-Cookie"), "");
  EXPECT_EQ(Call("GET", "/api/now/table/incident", "", with_cookie).status,
            200);
}

TEST_F(OtherApisTest, ConditionsAreChangedAndTakenBack) {
  const auto patch = [&](const std::string& body) {
    return instance_->Control(Request("PATCH", "/_sandbox/conditions", body))
        ->status;
  };
  EXPECT_EQ(patch(R"({"hibernating":200})"), 200);
  EXPECT_THAT(Call("GET", "/api/now/table/incident").body,
              HasSubstr("Hibernating Instance"));
  EXPECT_EQ(patch(R"({"bogus":200})"), 400);
  EXPECT_EQ(patch(R"({"hibernating":0,"slow":[{"method":"POST","seconds":61,
                     "committed":true,"times":1},
                     {"method":"POST","seconds":61,"times":1}]})"),
            200);
  EXPECT_EQ(Call("POST", "/api/now/table/incident", "{}").status, 500);
  EXPECT_EQ(Call("POST", "/api/now/table/incident", "{}").status, 500);
  EXPECT_EQ(List("incident").size(), 1U);
  EXPECT_EQ(patch(R"({"rate_limits":[{"requests_per_hour":0}]})"), 200);
  const Reply limited = Call("GET", "/api/now/table/incident");
  EXPECT_EQ(limited.status, 429);
  EXPECT_EQ(HeaderOf(limited, "X-RateLimit-Limit"), "0");
  instance_->Control(Request("DELETE", "/_sandbox/conditions"));
  EXPECT_EQ(Call("GET", "/api/now/table/incident").status, 200);
}

TEST_F(OtherApisTest, ResolvedIncidentsAreClosedAfterAWeek) {
  const Json record =
      Create({{"state", "6"}, {"close_code", "x"}, {"close_notes", "y"}});
  now_ += absl::Hours(24 * 6);
  EXPECT_EQ(List("incident")[0]["state"], "6");
  now_ += absl::Hours(25);
  EXPECT_EQ(List("incident")[0]["state"], "7");
}

}  // namespace
}  // namespace opcon_snow::sandbox::servicenow
