#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>

#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "gtest/gtest.h"
#include "tmp/v1/echo.grpc.pb.h"
#include "tmp/v1/echo_mock.grpc.pb.h"

class EchoImpl final : public tmp::v1::EchoService::CallbackService {
  grpc::ServerUnaryReactor* Echo(grpc::CallbackServerContext* c, const tmp::v1::EchoRequest* q,
                                 tmp::v1::EchoResponse* r) override {
    *r->mutable_base() = q->base();
    auto* x = c->DefaultReactor();
    x->Finish(grpc::Status::OK);
    return x;
  }
};
TEST(Echo, Works) {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  EchoImpl service;
  int port = 0;
  grpc::ServerBuilder b;
  b.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  b.RegisterService(&service);
  auto server = b.BuildAndStart();
  ASSERT_NE(server, nullptr);
  auto ch = grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials());
  auto stub = tmp::v1::EchoService::NewStub(ch);
  grpc::ClientContext ctx;
  tmp::v1::EchoRequest q;
  q.mutable_base()->set_n(7);
  tmp::v1::EchoResponse r;
  EXPECT_TRUE(stub->Echo(&ctx, q, &r).ok());
  EXPECT_EQ(r.base().n(), 7);
  auto h = grpc::health::v1::Health::NewStub(ch);
  grpc::ClientContext c2;
  grpc::health::v1::HealthCheckResponse hr;
  EXPECT_TRUE(h->Check(&c2, {}, &hr).ok());
  google::rpc::ErrorInfo info;
  info.set_reason("X");
  EXPECT_EQ(info.reason(), "X");
  tmp::v1::MockEchoServiceStub mock;
  EXPECT_CALL(mock, Echo).WillOnce(testing::Return(grpc::Status::OK));
  grpc::ClientContext c3;
  EXPECT_TRUE(mock.Echo(&c3, q, &r).ok());
}
