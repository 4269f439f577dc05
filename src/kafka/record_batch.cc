// SPDX-License-Identifier: Apache-2.0
#include "kafka/record_batch.h"

#include <string_view>

#include "base/clock.h"
#include "kafka/client.h"
#include "kafka/topic_reader.h"
#include "wire/kafka_record.h"

namespace tickcast::kafka {

using market::SymbolId;

namespace {

// A record's symbol travels with it as librdkafka's opaque pointer.
void* to_opaque(SymbolId symbol) { return reinterpret_cast<void*>(market::index(symbol) + 1); }

rd_kafka_vu_t with(rd_kafka_vtype_t type) {
  rd_kafka_vu_t out{};
  out.vtype = type;
  return out;
}

// An object of its own, because librdkafka frees a single header (RD_KAFKA_VTYPE_HEADER) twice when it
// refuses the record, 2.0.2 at least.
Owned<rd_kafka_headers_t> headers_of(const RecordBatch::Record& record, market::Origin origin) {
  if (!record.newest || origin == market::Origin::live) return nullptr;
  const std::string_view name = market::name(origin);
  Owned<rd_kafka_headers_t> headers(rd_kafka_headers_new(1));
  rd_kafka_header_add(headers.get(), kOriginRecordHeader.data(), -1, name.data(),
                      static_cast<ssize_t>(name.size()));
  return headers;
}

rd_kafka_resp_err_t produce(const Destination& to, const RecordBatch::Record& record, std::string_view key,
                            std::string_view value, Owned<rd_kafka_headers_t> headers) {
  rd_kafka_vu_t parts[8];
  std::size_t count = 0;
  (parts[count++] = with(RD_KAFKA_VTYPE_RKT)).u.rkt = &to.topic;
  (parts[count++] = with(RD_KAFKA_VTYPE_PARTITION)).u.i32 = to.partition;
  parts[count] = with(RD_KAFKA_VTYPE_VALUE);
  parts[count++].u.mem = {const_cast<char*>(value.data()), value.size()};
  parts[count] = with(RD_KAFKA_VTYPE_KEY);
  parts[count++].u.mem = {const_cast<char*>(key.data()), key.size()};
  parts[count] = with(RD_KAFKA_VTYPE_MSGFLAGS);
  parts[count++].u.i = RD_KAFKA_MSG_F_COPY;
  parts[count] = with(RD_KAFKA_VTYPE_TIMESTAMP);
  parts[count++].u.i64 = record.admitted_ns / kNsPerMs;
  parts[count] = with(RD_KAFKA_VTYPE_OPAQUE);
  parts[count++].u.ptr = to_opaque(record.symbol);
  if (headers) (parts[count++] = with(RD_KAFKA_VTYPE_HEADERS)).u.headers = headers.get();
  const Owned<rd_kafka_error_t> error(rd_kafka_produceva(&to.handle, parts, count));
  if (error) return rd_kafka_error_code(error.get());
  (void)headers.release();  // the record's now
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace

void RecordBatch::add(SymbolId symbol, const market::Quote& quote, bool newest) {
  const std::size_t begin = records_.empty() ? 0 : records_.back().end;
  if (values_.size() < begin + wire::kRecordBytesMax) values_.resize(2 * (begin + wire::kRecordBytesMax));
  const char* const end = wire::write_record(values_.data() + begin, quote);
  records_.push_back({symbol, newest, quote.admitted_ns, quote.event_ns, begin,
                      static_cast<std::size_t>(end - values_.data())});
}

HandOver RecordBatch::hand_over(const Destination& to, const market::SymbolTable& symbols,
                                market::Origin origin) const {
  for (std::size_t i = 0; i < records_.size(); ++i) {
    const Record& record = records_[i];
    const std::string_view value(values_.data() + record.begin, record.end - record.begin);
    const rd_kafka_resp_err_t refusal =
        produce(to, record, symbols.name(record.symbol), value, headers_of(record, origin));
    if (refusal != RD_KAFKA_RESP_ERR_NO_ERROR) return {i, refusal};
  }
  return {records_.size(), RD_KAFKA_RESP_ERR_NO_ERROR};
}

SymbolId RecordBatch::symbol_of(const rd_kafka_message_t& report) {
  return static_cast<SymbolId>(reinterpret_cast<std::uintptr_t>(report._private) - 1);
}

}  // namespace tickcast::kafka
