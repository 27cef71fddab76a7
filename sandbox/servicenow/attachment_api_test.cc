#include "sandbox/servicenow/attachment_api.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sandbox/servicenow/instance_fixture.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using Json = nlohmann::json;

class AttachmentApiTest : public InstanceFixture {
 protected:
  void SetUp() override {
    InstanceFixture::SetUp();
    id_ = Create({})["sys_id"].get<std::string>();
  }

  Reply Post(const std::string& name, const std::string& content,
             const std::string& type = "text/plain") {
    return Call("POST",
                "/api/now/attachment/file?table_name=incident&table_sys_id=" +
                    id_ + "&file_name=" + PercentEncode(name),
                content, {{"content-type", type}});
  }

  std::string id_;
};

TEST_F(AttachmentApiTest, StoresBytesAndGivesThemBack) {
  const std::string content("a\0b\xff", 4);
  const Reply posted = Post("job log.txt", content);
  ASSERT_EQ(posted.status, 201) << posted.body;
  const Json metadata = Body(posted)["result"];
  EXPECT_EQ(metadata["file_name"], "job log.txt");
  EXPECT_EQ(metadata["content_type"], "text/plain");
  EXPECT_EQ(metadata["size_bytes"], "4");
  EXPECT_EQ(metadata["table_name"], "incident");
  EXPECT_EQ(metadata["table_sys_id"], id_);
  EXPECT_EQ(metadata["hash"],
            "a37cc3026aae4d519e0b19c298fa913b4dccfdf0658cbccbb7deaa0226d5acdb");
  const std::string link = "http://sn.example/api/now/attachment/" +
                           metadata["sys_id"].get<std::string>();
  EXPECT_EQ(HeaderOf(posted, "Location"), link);
  EXPECT_EQ(metadata["download_link"], link + "/file");

  const std::string path =
      "/api/now/v1/attachment/" + metadata["sys_id"].get<std::string>();
  EXPECT_EQ(Body(Call("GET", path))["result"], metadata);
  const Reply file = Call("GET", path + "/file", "", {{"accept", "*/*"}});
  EXPECT_EQ(file.body, content);
  EXPECT_EQ(file.content_type, "text/plain");
  EXPECT_EQ(Json::parse(HeaderOf(file, "X-Attachment-Metadata")), metadata);
  EXPECT_THAT(HeaderOf(file, "Content-Disposition"),
              EndsWith("\"job log.txt\""));
}

TEST_F(AttachmentApiTest, ListsWithQueryFiltersAndCount) {
  Post("a.txt", "1");
  Post("b.txt", "2");
  const Reply by_query =
      Call("GET", "/api/now/attachment?sysparm_query=table_sys_id=" + id_ +
                      "^file_name=b.txt");
  ASSERT_EQ(Body(by_query)["result"].size(), 1U);
  EXPECT_EQ(HeaderOf(by_query, "X-Total-Count"), "1");
  const Reply by_filter = Call(
      "GET", "/api/now/attachment?table_sys_id=" + id_ + "&file_name=a.txt");
  ASSERT_EQ(Body(by_filter)["result"].size(), 1U);
  EXPECT_EQ(Body(by_filter)["result"][0]["file_name"], "a.txt");
  EXPECT_EQ(List("sys_attachment").size(), 2U);
  EXPECT_EQ(Body(Call("GET", "/api/now/attachment?file_name=none"))["result"],
            Json::array());
}

TEST_F(AttachmentApiTest, SaysWhatIsMissing) {
  const auto status =
      [&](const std::string& query,
          const FieldValues& headers = {{"content-type", "text/plain"}}) {
        return Call("POST", "/api/now/attachment/file?" + query, "x", headers)
            .status;
      };
  const std::string record = "table_name=incident&table_sys_id=" + id_;
  EXPECT_EQ(status(record), 400);
  EXPECT_EQ(status("table_name=incident&file_name=a.txt"), 400);
  EXPECT_EQ(status("table_sys_id=" + id_ + "&file_name=a.txt"), 400);
  EXPECT_EQ(status(record + "&file_name=a.txt", {{"content-type", ""}}), 400);
  EXPECT_EQ(status("table_name=bogus&table_sys_id=1&file_name=a.txt"), 400);
  EXPECT_EQ(status("table_name=incident&table_sys_id=1&file_name=a.txt"), 404);
  EXPECT_EQ(Call("GET", "/api/now/attachment/none").status, 404);
  EXPECT_EQ(Call("GET", "/api/now/attachment/none/file").status, 404);
}

TEST_F(AttachmentApiTest, BlocksExtensionsWithoutRegardToCase) {
  EXPECT_EQ(Post("job.log", "x").status, 400);
  EXPECT_EQ(Post("SETUP.EXE", "x").status, 400);
  EXPECT_EQ(Post("job.log.txt", "x").status, 201);
  EXPECT_EQ(Post("log", "x").status, 201);
  EXPECT_EQ(List("sys_attachment").size(), 2U);
}

TEST_F(AttachmentApiTest, RefusesWhatIsTooLarge) {
  Settings settings;
  settings.max_attachment_bytes = 3;
  Start(std::move(settings));
  id_ = Create({})["sys_id"].get<std::string>();
  EXPECT_EQ(Post("a.txt", "123").status, 201);
  EXPECT_EQ(Post("a.txt", "1234").status, 413);
  // The server had already cut the body off.
  SandboxRequest request = Request(
      "POST",
      "/api/now/attachment/file?table_name=incident&table_sys_id=" + id_ +
          "&file_name=a.txt",
      "12", {{"content-type", "text/plain"}});
  request.body_complete = false;
  EXPECT_EQ(instance_->Handle(request).status, 413);
}

TEST_F(AttachmentApiTest, TakesFormsWithTheFileLast) {
  SandboxRequest request = Request("POST", "/api/now/attachment/upload");
  request.headers["content-type"] = "multipart/form-data; boundary=x";
  request.parts = {{"table_name", "", "", "incident"},
                   {"table_sys_id", "", "", id_},
                   {"uploadFile", "a.txt", "text/plain", "content"}};
  const Reply reply = instance_->Handle(request);
  ASSERT_EQ(reply.status, 201) << reply.body;
  EXPECT_EQ(Body(reply)["result"]["size_bytes"], "7");
  std::swap(request.parts[1], request.parts[2]);
  EXPECT_EQ(instance_->Handle(request).status, 400);
}

TEST_F(AttachmentApiTest, RenamesAndDeletes) {
  const Json metadata = Body(Post("a.txt", "x"))["result"];
  const std::string path =
      "/api/now/attachment/" + metadata["sys_id"].get<std::string>();
  const Reply renamed =
      Call("PATCH", path, R"({"file_name":"b.txt","hash":"0"})");
  EXPECT_EQ(Body(renamed)["result"]["file_name"], "b.txt");
  EXPECT_EQ(Body(renamed)["result"]["hash"], metadata["hash"]);
  EXPECT_EQ(Call("DELETE", path).status, 204);
  EXPECT_EQ(Call("GET", path).status, 404);
  EXPECT_EQ(Call("GET", path + "/file").status, 404);
}

TEST_F(AttachmentApiTest, GoWithTheirRecord) {
  Post("a.txt", "x");
  EXPECT_EQ(Call("DELETE", "/api/now/table/incident/" + id_).status, 204);
  EXPECT_TRUE(List("sys_attachment").empty());
}

TEST_F(AttachmentApiTest, AreNotMadeThroughTheTableApi) {
  const Reply reply = Call("POST", "/api/now/table/sys_attachment", "{}");
  EXPECT_EQ(reply.status, 501);
  EXPECT_THAT(reply.body, HasSubstr("sys_attachment"));
}

}  // namespace
}  // namespace opcon_snow::sandbox::servicenow
