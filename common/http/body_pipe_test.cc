#include "common/http/body_pipe.h"

#include <array>
#include <string>

#include "gtest/gtest.h"

namespace opcon_snow::http {
namespace {

using ReadState = BodySource::State;
using WriteState = PipeSource::WriteState;
using TakeState = PipeSink::TakeState;

std::string ReadAll(PipeSource* source, std::size_t piece) {
  std::string all;
  std::string buffer(piece, '\0');
  for (;;) {
    const auto result = source->Read(buffer.data(), buffer.size());
    if (result.state != ReadState::kData) return all;
    all.append(buffer.data(), result.size);
  }
}

TEST(PipeSourceTest, DeliversInOrderAndThenTheEnd) {
  PipeSource source(std::nullopt, 100);
  int resumed = 0;
  source.Open([&] { ++resumed; });
  EXPECT_EQ(source.Write("abc"), WriteState::kMore);
  EXPECT_EQ(source.Write("def"), WriteState::kMore);
  EXPECT_EQ(ReadAll(&source, 4), "abcdef");
  char c = 0;
  EXPECT_EQ(source.Read(&c, 1).state, ReadState::kPending);
  source.Finish();
  EXPECT_EQ(resumed, 3);
  EXPECT_EQ(source.Read(&c, 1).state, ReadState::kEnd);
}

TEST(PipeSourceTest, LargeBuffersSurviveCompaction) {
  PipeSource source(std::nullopt, 1 << 20);
  std::string expected;
  std::string got;
  std::string buffer(50000, '\0');
  for (int i = 0; i < 20; ++i) {
    const std::string piece(90000, static_cast<char>('a' + i));
    source.Write(piece);
    expected += piece;
    const auto result = source.Read(buffer.data(), buffer.size());
    got.append(buffer.data(), result.size);
  }
  got += ReadAll(&source, 50000);
  EXPECT_EQ(got, expected);
}

TEST(PipeSourceTest, FullPipeCallsBackOnceWhenItHasRoom) {
  PipeSource source(std::nullopt, 4);
  EXPECT_EQ(source.Write("1234"), WriteState::kFull);
  int writable = 0;
  source.WhenWritable([&] { ++writable; });
  EXPECT_EQ(writable, 0);
  char c = 0;
  source.Read(&c, 1);
  EXPECT_EQ(writable, 1);
  ReadAll(&source, 10);
  EXPECT_EQ(writable, 1);
  // With room already there, at once.
  source.WhenWritable([&] { ++writable; });
  EXPECT_EQ(writable, 2);
}

TEST(PipeSourceTest, ClosingWakesTheWriterAndDropsTheRest) {
  PipeSource source(std::nullopt, 4);
  EXPECT_EQ(source.Write("1234"), WriteState::kFull);
  bool writable = false;
  source.WhenWritable([&] {
    writable = true;
    EXPECT_EQ(source.Write("5"), WriteState::kClosed);
  });
  source.Close();
  EXPECT_TRUE(writable);
}

TEST(PipeSourceTest, FailureComesBeforeBufferedData) {
  PipeSource source(std::nullopt);
  source.Write("1234");
  source.Fail();
  char c = 0;
  EXPECT_EQ(source.Read(&c, 1).state, ReadState::kError);
  EXPECT_EQ(source.Write("5"), WriteState::kClosed);
}

TEST(PipeSinkTest, PausesWhenFullAndResumesWhenTaken) {
  PipeSink sink(4);
  int resumed = 0;
  ASSERT_TRUE(sink.Open(200, {}, [&] { ++resumed; }));
  EXPECT_EQ(sink.Write("12345"), BodySink::WriteResult::kTaken);
  EXPECT_EQ(sink.Write("6"), BodySink::WriteResult::kPaused);
  EXPECT_EQ(sink.Take(1).data, "1");
  EXPECT_EQ(resumed, 0);
  EXPECT_EQ(sink.Take(1).data, "2");
  EXPECT_EQ(resumed, 1);
  EXPECT_EQ(sink.Write("6"), BodySink::WriteResult::kTaken);
  EXPECT_EQ(sink.Take(100).data, "3456");
  EXPECT_EQ(sink.Take(100).state, TakeState::kWait);
  int readable = 0;
  sink.WhenReadable([&] { ++readable; });
  sink.Write("7");
  sink.Write("8");
  EXPECT_EQ(readable, 1);
  sink.Close(true);
  EXPECT_EQ(sink.Take(100).data, "78");
  EXPECT_EQ(sink.Take(100).state, TakeState::kEnd);
  sink.WhenReadable([&] { ++readable; });
  EXPECT_EQ(readable, 2);
}

TEST(PipeSinkTest, IncompleteBodyEndsAsFailedAfterItsData) {
  PipeSink sink;
  ASSERT_TRUE(sink.Open(206, {}, [] {}));
  sink.Write("half");
  sink.Close(false);
  EXPECT_EQ(sink.Take(100).data, "half");
  EXPECT_EQ(sink.Take(100).state, TakeState::kFailed);
}

TEST(PipeSinkTest, LeavesErrorAnswersAlone) {
  for (int status : {199, 302, 404, 500}) {
    PipeSink sink;
    EXPECT_FALSE(sink.Open(status, {}, [] {}));
    bool readable = false;
    sink.WhenReadable([&] { readable = true; });
    sink.FinishUnopened();
    EXPECT_TRUE(readable);
    EXPECT_EQ(sink.Take(1).state, TakeState::kFailed);
  }
}

TEST(PipeSinkTest, CancelAbortsTheNextWrite) {
  PipeSink sink(1);
  int resumed = 0;
  ASSERT_TRUE(sink.Open(200, {}, [&] { ++resumed; }));
  sink.Write("12");
  EXPECT_EQ(sink.Write("3"), BodySink::WriteResult::kPaused);
  sink.Cancel();
  EXPECT_EQ(resumed, 1);
  EXPECT_EQ(sink.Write("3"), BodySink::WriteResult::kAbort);
  EXPECT_EQ(sink.Take(1).state, TakeState::kFailed);
}

}  // namespace
}  // namespace opcon_snow::http
