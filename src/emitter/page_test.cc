// SPDX-License-Identifier: Apache-2.0
#include "emitter/page.h"

#include <regex>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emitter/page_assets.h"

namespace tickcast::emitter {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(Page, TheRootIsTheHtmlPage) {
  const auto page = find_page_asset("/");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->content_type, "text/html; charset=utf-8");
  EXPECT_THAT(std::string(page->bytes), StartsWith("<!doctype html>"));
}

TEST(Page, OtherPathsHaveNoAsset) {
  for (const char* path : {"", "/index.html", "/app.js.map", "//", "/../app.js", "/ws", "app.js"})
    EXPECT_FALSE(find_page_asset(path)) << path;
}

// Every file that the page or one of its modules names is embedded, and none names another host.
TEST(Page, EverythingItLoadsIsEmbedded) {
  const std::regex reference(R"re((?:href|src)="([^"]+)"|(?:from |new URL\()'([^']+\.[a-z]+)')re");
  for (const auto& asset : page_assets()) {
    const std::string text(asset.begin, asset.end);
    for (std::sregex_iterator match(text.begin(), text.end(), reference), end; match != end; ++match) {
      std::string name = (*match)[1].matched ? (*match)[1] : (*match)[2];
      if (name.starts_with("./")) name.erase(0, 2);
      EXPECT_TRUE(find_page_asset("/" + name)) << asset.path << " loads " << name;
    }
  }
}

TEST(Page, EtagsAreQuotedAndDiffer) {
  std::set<std::string_view> etags;
  for (const auto& asset : page_assets()) {
    EXPECT_TRUE(asset.etag.size() == 34 && asset.etag.front() == '"' && asset.etag.back() == '"')
        << asset.etag;
    EXPECT_TRUE(etags.insert(asset.etag).second) << asset.path;
  }
}

// A style attribute or an inline script would be refused by the page's own policy.
TEST(Page, NothingInlineThatThePolicyForbids) {
  const std::string html(find_page_asset("/")->bytes);
  EXPECT_THAT(html, Not(HasSubstr("style=")));
  EXPECT_THAT(html, Not(HasSubstr("<style")));
  EXPECT_FALSE(std::regex_search(html, std::regex(R"(<script(?![^>]*\bsrc=)|\son[a-z]+=)")));
}

TEST(Page, ThePolicyAllowsOnlyThePagesOwnServer) {
  const auto policy = wire::header(page_security_headers(), "content-security-policy");
  ASSERT_TRUE(policy);
  EXPECT_THAT(std::string(*policy), StartsWith("default-src 'none';"));
  EXPECT_THAT(std::string(*policy), Not(HasSubstr("unsafe")));
  EXPECT_THAT(std::string(*policy), Not(HasSubstr("*")));
}

}  // namespace
}  // namespace tickcast::emitter
