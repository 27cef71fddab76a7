// File: test.h
//
// What tests include besides the headers in library.h.

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
