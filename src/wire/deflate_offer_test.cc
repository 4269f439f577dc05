// SPDX-License-Identifier: Apache-2.0
#include "wire/deflate_offer.h"

#include <gtest/gtest.h>

namespace tickcast::wire {
namespace {

const std::string kAnswer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

// "" when every offer is declined, "400" when the header is not one.
std::string answer(std::string_view offers) {
  const DeflateAnswer answer = answer_deflate_offers(offers);
  EXPECT_TRUE(answer.well_formed || answer.accepted.empty());
  return answer.well_formed ? answer.accepted : "400";
}

TEST(DeflateOffer, WithoutOneNothingIsAnswered) {
  EXPECT_EQ(answer(""), "");
  EXPECT_EQ(answer("x-webkit-deflate-frame"), "");
  EXPECT_EQ(answer("permessage-bzip2; level=9, bbf-usp-protocol"), "");
}

TEST(DeflateOffer, WhatTheClientLeavesOpenIsAnsweredWithoutContextTakeover) {
  EXPECT_EQ(answer("permessage-deflate"), kAnswer);
  EXPECT_EQ(answer("permessage-deflate; client_max_window_bits"), kAnswer);
  for (const std::string bits : {"8", "9", "10", "11", "12", "13", "14", "15"})
    EXPECT_EQ(answer("permessage-deflate; client_max_window_bits=" + bits), kAnswer) << bits;
  EXPECT_EQ(answer("permessage-deflate; server_no_context_takeover"), kAnswer);
  EXPECT_EQ(answer("permessage-deflate; client_no_context_takeover"), kAnswer);
  EXPECT_EQ(answer("permessage-deflate; client_no_context_takeover; server_no_context_takeover; "
                   "client_max_window_bits=10"),
            kAnswer);
}

TEST(DeflateOffer, AWindowOfOursSmallerThanTheOneThereIsDeclines) {
  EXPECT_EQ(answer("permessage-deflate; server_max_window_bits=15"), kAnswer + "; server_max_window_bits=15");
  for (const std::string bits : {"8", "9", "10", "11", "12", "13", "14"})
    EXPECT_EQ(answer("permessage-deflate; server_max_window_bits=" + bits), "") << bits;
}

TEST(DeflateOffer, WhatIsUnknownTwiceOrHasAWrongValueDeclines) {
  for (const std::string parameter :
       {"nonsense", "nonsense=1", "Client_No_Context_Takeover", "server_no_context_takeover=1",
        "client_no_context_takeover=true", "server_max_window_bits", "server_max_window_bits=7",
        "server_max_window_bits=16", "server_max_window_bits=015", "server_max_window_bits=1",
        "server_max_window_bits=-15", "client_max_window_bits=7", "client_max_window_bits=16",
        "client_max_window_bits=08", "client_max_window_bits=ten", "client_max_window_bits=100",
        "client_max_window_bits; client_max_window_bits",
        "server_no_context_takeover; server_no_context_takeover",
        "client_max_window_bits=10; client_max_window_bits=10"})
    EXPECT_EQ(answer("permessage-deflate; " + parameter), "") << parameter;
}

TEST(DeflateOffer, TheFirstOfSeveralThatIsGoodCounts) {
  EXPECT_EQ(answer("permessage-deflate; server_max_window_bits=10, permessage-deflate"), kAnswer);
  EXPECT_EQ(answer("other, permessage-deflate; nonsense, permessage-deflate; server_max_window_bits=15, "
                   "permessage-deflate"),
            kAnswer + "; server_max_window_bits=15");
  EXPECT_EQ(answer("permessage-deflate; nonsense, permessage-deflate; server_max_window_bits=8"), "");
}

TEST(DeflateOffer, BlanksEmptyElementsAndQuotesAreAsTheGrammarHasThem) {
  EXPECT_EQ(answer(" permessage-deflate\t; client_max_window_bits = 10 ,"), kAnswer);
  EXPECT_EQ(answer(", ,permessage-deflate;client_max_window_bits=\"10\",,"), kAnswer);
  EXPECT_EQ(answer(R"(permessage-deflate; client_max_window_bits="1\0")"), kAnswer);
  EXPECT_EQ(answer(R"(permessage-deflate; client_no_context_takeover="")"), "400");
}

TEST(DeflateOffer, WhatBreaksTheGrammarFailsTheHandshake) {
  for (const std::string header :
       {";", "permessage-deflate;", "permessage-deflate; ;", "permessage-deflate; =1", "permessage deflate",
        "permessage-deflate; client_max_window_bits=", "permessage-deflate; a=\"b",
        "permessage-deflate; a=\"b c\"", "permessage-deflate; a=b=c", "=", "permessage-deflate, (",
        "permessage-deflate; a=\"\\", "\"a\""})
    EXPECT_EQ(answer(header), "400") << header;
}

}  // namespace
}  // namespace tickcast::wire
