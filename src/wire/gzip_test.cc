// SPDX-License-Identifier: Apache-2.0
#include "wire/gzip.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "wire/test_gunzip.h"

namespace tickcast::wire {
namespace {

using testing::unpacked;

RC_GTEST_PROP(Gzip, IsReadBackByZlib, (const std::string& text)) { RC_ASSERT(unpacked(gzip(text)) == text); }

RC_GTEST_PROP(Gzip, ATailBehindAHeadIsOneText, (const std::string& head, const std::string& text)) {
  RC_ASSERT(unpacked(GzipTail(text).behind(head)) == head + text);
}

TEST(Gzip, TakesTheLongestHeadAndALongTail) {
  const std::string head(GzipTail::kHeadBytesMax, 'h');
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += std::to_string(i) + ",";
  const std::string packed = GzipTail(text).behind(head);
  EXPECT_EQ(unpacked(packed), head + text);
  EXPECT_LT(packed.size(), head.size() + text.size() / 2);
}

TEST(Gzip, IsForWhoTakesIt) {
  const auto takes = [](const std::string& header) {
    const auto parsed = parse_request_head("GET / HTTP/1.1\r\nHost: x\r\n" +
                                           (header.empty() ? "" : header + "\r\n") + "\r\n");
    EXPECT_EQ(parsed.status, HeadStatus::complete);
    return accepts_gzip(parsed.request);
  };
  EXPECT_TRUE(takes("Accept-Encoding: gzip"));
  EXPECT_TRUE(takes("accept-encoding: deflate, GZIP;q=0.5, br"));
  EXPECT_TRUE(takes("Accept-Encoding: gzip; q=1.0"));
  EXPECT_TRUE(takes("Accept-Encoding: br\r\nAccept-Encoding: gzip"));
  EXPECT_TRUE(takes("Accept-Encoding: *"));
  EXPECT_FALSE(takes(""));
  EXPECT_FALSE(takes("Accept-Encoding:"));
  EXPECT_FALSE(takes("Accept-Encoding: identity, br"));
  EXPECT_FALSE(takes("Accept-Encoding: gzip;q=0"));
  EXPECT_FALSE(takes("Accept-Encoding: gzip ; Q = 0.000, *"));
  EXPECT_FALSE(takes("Accept-Encoding: *;q=0"));
  EXPECT_FALSE(takes("Accept-Encoding: x-gzipped"));
}

TEST(Gzip, ABodyIsCompressedWhenItIsLongAndTold) {
  HttpRequest request;
  request.headers = {{"Accept-Encoding", "gzip"}};
  HttpResponse small{200, {}, std::string(kGzipBytesMin - 1, 'x')};
  gzip_body(request, small);
  EXPECT_EQ(small.headers, HttpHeaders());
  EXPECT_EQ(small.body.size(), kGzipBytesMin - 1);

  const HttpResponse plain{200, {}, std::string(kGzipBytesMin, 'x')};
  HttpResponse packed = plain;
  gzip_body(request, packed);
  EXPECT_EQ(packed.headers, (HttpHeaders{{"Vary", "Accept-Encoding"}, {"Content-Encoding", "gzip"}}));
  EXPECT_EQ(unpacked(packed.body), plain.body);
  HttpResponse as_it_is = plain;
  gzip_body({}, as_it_is);
  EXPECT_EQ(as_it_is.headers, (HttpHeaders{{"Vary", "Accept-Encoding"}}));
  EXPECT_EQ(as_it_is.body, plain.body);
}

}  // namespace
}  // namespace tickcast::wire
