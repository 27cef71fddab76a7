// The real opcon_gateway against the real opcon_sandbox: two processes, gRPC
// in front, HTTP between.

#include "opcon_gateway/sandbox_fixture.h"

namespace opcon_snow::opcon {
namespace {

TEST_F(SandboxTest, FindsTheJobByEachOfItsNames) {
  StartSandbox({"--utc-offset", "-06:00"});
  StartGateway();
  HaveFailedJob();
  const v1::DailyJob by_id = Job();
  EXPECT_EQ(by_id.id(), kJobId);
  EXPECT_EQ(by_id.name(), kJobName);
  EXPECT_EQ(by_id.schedule().name(), kSchedule);
  EXPECT_EQ(by_id.status().category(), v1::JOB_CATEGORY_FAILED);
  EXPECT_EQ(by_id.termination(), "0000000005");
  EXPECT_EQ(by_id.start_machine(), "GENP001");
  EXPECT_EQ(by_id.utc_offset().seconds(), -6 * 3600);
  EXPECT_TRUE(by_id.has_end_time());
  EXPECT_EQ(by_id.documentation().job_text(), "Call Joe");
  EXPECT_THAT(by_id.tags(), ::testing::ElementsAre("ROUTE2-x"));

  std::vector<v1::JobSelector> others(3);
  others[0].set_uid(by_id.uid());
  others[1].set_job_number(by_id.job_number());
  *others[2].mutable_name()->mutable_schedule_date() = by_id.schedule().date();
  others[2].mutable_name()->set_schedule_name(kSchedule);
  others[2].mutable_name()->set_job_name(kJobName);
  for (const v1::JobSelector& selector : others) {
    for (const char* instance : {"login", "token"}) {
      v1::GetDailyJobRequest request;
      request.set_instance(instance);
      *request.mutable_job() = selector;
      ASSERT_OK_AND_ASSIGN(v1::GetDailyJobResponse reply,
                           rpc::Call(*stub_, &Stub::GetDailyJob, request));
      EXPECT_EQ(reply.job().SerializeAsString(), by_id.SerializeAsString())
          << selector.ShortDebugString();
    }
  }
  v1::GetDailyJobRequest nobody;
  nobody.mutable_job()->set_id("20260105|16|1|Load A/B");
  EXPECT_THAT(rpc::Call(*stub_, &Stub::GetDailyJob, nobody),
              HasReason("JOB_NOT_FOUND"));
}

TEST_F(SandboxTest, PutsTicketsOnTheJob) {
  StartSandbox();
  StartGateway();
  HaveFailedJob();
  EXPECT_TRUE(SetTicket("INC1")->changed());
  EXPECT_FALSE(SetTicket("INC1")->changed());
  EXPECT_THAT(Tickets(), ::testing::ElementsAre("INC1"));
  EXPECT_TRUE(SetTicket("CHG9")->changed());
  EXPECT_TRUE(SetTicket("INC2", "INC1")->changed());
  EXPECT_THAT(Tickets(), ::testing::ElementsAre("INC2", "CHG9"));
  EXPECT_EQ(Job().incident_ticket().ticket_id(), "INC2");
}

TEST_F(SandboxTest, ALostAnswerLeavesTheTicketToBeFound) {
  StartSandbox();
  StartGateway();
  HaveFailedJob();
  Job();  // logged in from here on
  Post("/_sandbox/faults",
       {{"match", {{"method", "POST"}}}, {"action", {{"kind", "drop_after"}}}});
  const auto lost = SetTicket("INC1");
  EXPECT_THAT(lost, StatusIs(StatusCode::kUnavailable));
  EXPECT_THAT(lost, HasReason("OUTCOME_UNKNOWN"));
  ASSERT_OK_AND_ASSIGN(v1::SetIncidentTicketResponse again, SetTicket("INC1"));
  EXPECT_FALSE(again.changed());
  EXPECT_THAT(Tickets(), SizeIs(1));
}

TEST_F(SandboxTest, WritesTheSingleFieldOfOldVersions) {
  StartSandbox({"--without-incident-tickets"});
  StartGateway();
  HaveFailedJob();
  ASSERT_OK_AND_ASSIGN(v1::SetIncidentTicketResponse first, SetTicket("INC1"));
  EXPECT_TRUE(first.changed());
  EXPECT_TRUE(first.single_field());
  const v1::DailyJob job = Job();
  EXPECT_EQ(job.incident_ticket().ticket_id(), "INC1");
  EXPECT_EQ(job.documentation().job_text(), "Call Joe");
  EXPECT_THAT(SetTicket("INC2"), StatusIs(StatusCode::kAlreadyExists));
  EXPECT_TRUE(SetTicket("INC2", "INC1")->changed());
}

TEST_F(SandboxTest, RespectsTheOnlyTicketOfAnother) {
  StartSandbox({"--one-incident-ticket"});
  StartGateway();
  HaveFailedJob();
  ASSERT_OK(SetTicket("CHG9").status());
  EXPECT_THAT(SetTicket("INC1"), AllOf(StatusIs(StatusCode::kAlreadyExists),
                                       HasReason("JOB_STATE")));
}

TEST_F(SandboxTest, AppendsDocumentationOnce) {
  StartSandbox();
  StartGateway();
  HaveFailedJob();
  v1::AppendDocumentationRequest append;
  append.mutable_job()->set_id(kJobId);
  append.set_text("Previous Ticket Number (INC0010024)");
  append.set_marker("(INC0010024)");
  for (const bool changed : {true, false}) {
    ASSERT_OK_AND_ASSIGN(v1::AppendDocumentationResponse reply,
                         rpc::Call(*stub_, &Stub::AppendDocumentation, append));
    EXPECT_EQ(reply.changed(), changed);
  }
  v1::GetDocumentationRequest get;
  get.mutable_job()->set_id(kJobId);
  ASSERT_OK_AND_ASSIGN(v1::GetDocumentationResponse reply,
                       rpc::Call(*stub_, &Stub::GetDocumentation, get));
  EXPECT_EQ(reply.documentation().job_text(),
            "Call Joe\n\nPrevious Ticket Number (INC0010024)");
}

TEST_F(SandboxTest, StreamsTheLogByteByByte) {
  std::string text;
  for (int i = 0; text.size() < 90'000; ++i) {
    absl::StrAppend(&text, i, " f\xC3\xBCr \xE2\x82\xAC \"<&>\"\t\r\n");
  }
  StartSandbox();
  StartGateway();
  HaveFailedJob(text);
  for (const char* instance : {"login", "token"}) {
    v1::ReadJobLogRequest request;
    request.set_instance(instance);
    request.set_job_number(Job().job_number());
    std::string streamed;
    v1::JobLogTrailer trailer;
    const std::function<absl::Status(v1::ReadJobLogResponse&)> take =
        [&](v1::ReadJobLogResponse& part) {
          streamed += part.chunk();
          if (part.has_trailer()) trailer = part.trailer();
          return absl::OkStatus();
        };
    ASSERT_OK(rpc::ReadStream(*stub_, &Stub::ReadJobLog, request, {}, take));
    EXPECT_EQ(streamed, text);
    EXPECT_EQ(trailer.size_bytes(), static_cast<std::int64_t>(text.size()));
    EXPECT_EQ(trailer.sha256(), Sha256Hex(text));
  }
}

TEST_F(SandboxTest, SaysWhyThereIsNoLog) {
  StartSandbox();
  StartGateway();
  HaveFailedJob("", {{"job_type", "Null Job"}, {"machine", ""}});
  v1::ListJobLogsRequest request;
  request.set_job_number(Job().job_number());
  EXPECT_THAT(rpc::Call(*stub_, &Stub::ListJobLogs, request),
              HasReason("NO_JOB_LOG"));
  HaveFailedJob("x", {{"log_error", "JORS timed out"}, {"replace", true}});
  request.set_job_number(Job().job_number());
  const auto files = rpc::Call(*stub_, &Stub::ListJobLogs, request);
  EXPECT_THAT(files,
              StatusIs(StatusCode::kUnavailable, HasSubstr("JORS timed out")));
  EXPECT_THAT(files, HasReason("JOB_LOG_UNAVAILABLE"));
}

TEST_F(SandboxTest, LogsAreBounded) {
  StartSandbox();
  StartGateway();
  HaveFailedJob(std::string(150'000, 'x'));
  v1::ReadJobLogRequest read;
  read.set_instance("token");
  read.set_job_number(Job().job_number());
  const std::function<absl::Status(v1::ReadJobLogResponse&)> ignore =
      [](v1::ReadJobLogResponse&) { return absl::OkStatus(); };
  EXPECT_THAT(rpc::ReadStream(*stub_, &Stub::ReadJobLog, read, {}, ignore),
              HasReason("TOO_LARGE"));
}

TEST_F(SandboxTest, ActsOnTheJob) {
  StartSandbox();
  StartGateway();
  HaveFailedJob();
  v1::SubmitJobActionRequest submit;
  submit.mutable_job()->set_id(kJobId);
  submit.set_kind(v1::JOB_ACTION_KIND_MARK_UNDER_REVIEW);
  submit.set_reason("INC1 accepted by jdoe");
  submit.set_expected_job_number(Job().job_number());
  ASSERT_OK_AND_ASSIGN(v1::SubmitJobActionResponse reply,
                       rpc::Call(*stub_, &Stub::SubmitJobAction, submit));
  EXPECT_EQ(reply.action().state(), v1::ACTION_STATE_SUCCEEDED)
      << reply.ShortDebugString();
  EXPECT_EQ(Job().status().category(), v1::JOB_CATEGORY_UNDER_REVIEW);
  // Under Review already.
  EXPECT_THAT(rpc::Call(*stub_, &Stub::SubmitJobAction, submit),
              HasReason("JOB_STATE"));
  submit.set_expected_job_number(1);
  EXPECT_THAT(rpc::Call(*stub_, &Stub::SubmitJobAction, submit),
              HasReason("JOB_RUN_CHANGED"));
  v1::GetJobActionRequest get;
  get.set_action_id(reply.action().action_id());
  ASSERT_OK_AND_ASSIGN(v1::GetJobActionResponse again,
                       rpc::Call(*stub_, &Stub::GetJobAction, get));
  EXPECT_EQ(again.action().state(), v1::ACTION_STATE_SUCCEEDED);
}

TEST_F(SandboxTest, RenewsATokenThatOpConForgot) {
  StartSandbox({"--token-lifetime", "0"});
  StartGateway();
  v1::GetDailyJobRequest request;
  request.mutable_job()->set_id(kJobId);
  // A token that is dead on arrival: one new login, then the truth.
  EXPECT_THAT(rpc::Call(*stub_, &Stub::GetDailyJob, request),
              HasReason("UPSTREAM_AUTHENTICATION_FAILED"));
}

TEST_F(SandboxTest, WrongCredentialsNameTheFileAndStaySecret) {
  StartSandbox();
  StartGateway("wrong-token-35f3b848", "wrong-password-35f3b848");
  HaveFailedJob();
  v1::ListInstancesRequest probe;
  probe.set_probe(true);
  ASSERT_OK_AND_ASSIGN(v1::ListInstancesResponse list,
                       rpc::Call(*stub_, &Stub::ListInstances, probe));
  ASSERT_THAT(list.instances(), SizeIs(2));
  EXPECT_EQ(list.instances(0).public_address(), "opcon.example:9010");
  for (const v1::Instance& instance : list.instances()) {
    EXPECT_EQ(instance.health().state(), v1::HEALTH_STATE_UNAUTHENTICATED);
    EXPECT_FALSE(instance.health().version().empty());
  }
  v1::GetDailyJobRequest request;
  request.mutable_job()->set_id(kJobId);
  request.set_instance("token");
  const auto by_token = rpc::Call(*stub_, &Stub::GetDailyJob, request);
  EXPECT_THAT(by_token, StatusIs(StatusCode::kFailedPrecondition,
                                 HasSubstr(token_file_)));
  request.set_instance("login");
  const auto by_login = rpc::Call(*stub_, &Stub::GetDailyJob, request);
  EXPECT_THAT(by_login, StatusIs(StatusCode::kFailedPrecondition,
                                 HasSubstr(password_file_)));

  // The right ones take effect without a restart.
  std::ofstream(token_file_) << kToken;
  std::ofstream(password_file_) << kPassword;
  EXPECT_OK(rpc::Call(*stub_, &Stub::GetDailyJob, request).status());
  request.set_instance("token");
  EXPECT_OK(rpc::Call(*stub_, &Stub::GetDailyJob, request).status());

  gateway_->Signal(SIGTERM);
  EXPECT_EQ(gateway_->Wait(), config::kExitOk) << gateway_->Log();
  const std::string everything =
      absl::StrCat(gateway_->Log(), by_token.status().ToString(),
                   by_login.status().ToString());
  EXPECT_THAT(everything, HasSubstr("opcon.request_failed"));
  for (const char* secret :
       {"wrong-token", "wrong-password", kToken, kPassword}) {
    EXPECT_THAT(everything, Not(HasSubstr(secret)));
  }
}

TEST_F(SandboxTest, AnUnreachableOpConIsSaidToBeOne) {
  StartSandbox();
  StartGateway();
  sandbox_->Signal(SIGKILL);
  sandbox_->Wait();
  v1::GetApiVersionRequest request;
  const auto version = rpc::Call(*stub_, &Stub::GetApiVersion, request);
  EXPECT_THAT(version, StatusIs(StatusCode::kUnavailable,
                                HasSubstr("OpCon instance \"login\"")));
  EXPECT_THAT(version, HasReason("UPSTREAM_UNREACHABLE"));
}

TEST_F(SandboxTest, ReloadsInstancesAndKeepsTheOldOnesOnFaults) {
  StartSandbox();
  StartGateway();
  v1::GetApiVersionRequest request;
  request.set_instance("third");
  EXPECT_THAT(rpc::Call(*stub_, &Stub::GetApiVersion, request),
              HasReason("UNKNOWN_INSTANCE"));
  const std::string before = Content(config_);
  std::ofstream(config_, std::ios::app)
      << "  - name: third\n    base_url: " << opcon_
      << "\n    allow_plain_http: true\n    token_file: " << token_file_
      << "\n";
  gateway_->Signal(SIGHUP);
  EXPECT_TRUE(Eventually([&] {
    return rpc::Call(*stub_, &Stub::GetApiVersion, request).ok();
  })) << gateway_->Log();

  std::ofstream(config_) << before << "  - name: broken\n";
  const std::size_t seen = gateway_->Log().size();
  gateway_->Signal(SIGHUP);
  EXPECT_TRUE(Eventually([&] {
    return absl::StrContains(gateway_->Log().substr(seen), "instances[2]");
  })) << gateway_->Log();
  EXPECT_OK(rpc::Call(*stub_, &Stub::GetApiVersion, request).status());
}

TEST_F(SandboxTest, ChecksItsConfiguration) {
  const std::string config = folder_ + "/bad.yaml";
  std::ofstream(config) << "listener: {address: \"0.0.0.0:1\"}\n"
                           "instances:\n  - name: a\n    base_url: nonsense\n"
                           "    incumbent: x\n";
  Child check(folder_, kGateway, {"--config", config, "--check-config"});
  EXPECT_EQ(check.Wait(), config::kExitConfig);
  EXPECT_THAT(
      check.Log(),
      AllOf(HasSubstr("bad.yaml:1:"), HasSubstr("instances[0].base_url"),
            HasSubstr("token_file or login"), HasSubstr("incumbent")));
}

}  // namespace
}  // namespace opcon_snow::opcon
