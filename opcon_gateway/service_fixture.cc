#include "opcon_gateway/service_fixture.h"

#include <future>

#include "common/clock/clock.h"
#include "common/rpc/channel.h"
#include "common/testing/status_matchers.h"
#include "opcon_gateway/client_fixture.h"

namespace opcon_snow::opcon {

http::Response Answered(int status, std::string body) {
  http::Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

void ServiceFixture::SetUp() {
  ASSERT_OK_AND_ASSIGN(loop, http::CurlLoop::Create({}));
  transport = std::make_shared<http::FakeTransport>(loop.get());
  service = std::make_unique<OpConGatewayService>(
      loop.get(), MakeInstances({"production", "test"}), 50);
  ASSERT_OK_AND_ASSIGN(server, rpc::Server::Create({}, {service->served()}));
  ASSERT_OK(server->Start());
  rpc::ChannelOptions options;
  options.target = server->address();
  ASSERT_OK_AND_ASSIGN(const auto channel, rpc::CreateChannel(options));
  stub = ::opcon::v1::OpConGateway::NewStub(channel);
}

void ServiceFixture::TearDown() {
  EXPECT_OK(server->Stop());
  loop->Stop();
}

std::shared_ptr<const InstanceSet> ServiceFixture::MakeInstances(
    const std::vector<std::string>& names) {
  ::config::v1::OpConGatewayConfig config;
  for (const std::string& name : names) {
    ::config::v1::OpConInstance* instance = config.add_instances();
    instance->set_name(name);
    instance->set_base_url("https://" + name + ".example:9010");
    instance->set_token_file(WriteSecretFile("token", kTestToken));
    instance->mutable_polling()->mutable_initial_interval()->set_nanos(
        10'000'000);
  }
  InstanceParts parts;
  parts.loop = loop.get();
  parts.clock = RealClock::Get();
  parts.make_transport = [this](const ::config::v1::OpConInstance&)
      -> absl::StatusOr<std::shared_ptr<http::Transport>> { return transport; };
  absl::StatusOr<std::shared_ptr<const InstanceSet>> set =
      InstanceSet::Create(config, parts);
  EXPECT_OK(set.status());
  return *std::move(set);
}

void ServiceFixture::OnLoop(std::function<void()> function) {
  std::promise<void> done;
  ASSERT_TRUE(loop->Post([&] {
    function();
    done.set_value();
  }));
  done.get_future().wait();
}

void ServiceFixture::Handle(Handler handler) {
  OnLoop([&] { transport->HandleRest(std::move(handler)); });
}

void ServiceFixture::AnswerAll(int status, std::string body) {
  Handle([status, body](const http::FakeTransport::RecordedRequest&) {
    return Answered(status, body);
  });
}

std::vector<http::FakeTransport::RecordedRequest> ServiceFixture::Requests() {
  std::vector<http::FakeTransport::RecordedRequest> requests;
  OnLoop([&] { requests = transport->requests(); });
  return requests;
}

}  // namespace opcon_snow::opcon
