// SPDX-License-Identifier: Apache-2.0
//
// The reference against the sources. docs/reference/exit-and-close-codes.md: every close that the code makes is in its tables with the code's own words,
// and nothing else is; the same of HTTP statuses and exit statuses. docs/protocol.md: limits and paces.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { root } from './harness.js';
import { table } from './markdown.js';

const read = (path) => readFileSync(join(root, path), 'utf8');
const page = read('docs/reference/exit-and-close-codes.md');
const frames = read('src/wire/ws_frame.cc');
const codes = new Map([...read('src/wire/ws_frame.h').matchAll(/^ {2}(\w+) = (\d{4}),$/gm)].map(([, name, code]) => [name, code]));

// "1008 Pong timeout" for each close in a file that names its code and its words.
function closes(path) {
  const found = [...read(path).matchAll(/(?:close|drain|violation)\((?:wire::)?CloseCode::(\w+),\s*"([^"]*)"/g)];
  return found.map(([, name, reason]) => `${codes.get(name)} ${reason}`.trim());
}

const sorted = (list) => [...new Set(list)].sort();
const rows = (heading) => table(page, heading).map(([code, reason]) => `${code} ${reason}`.trim());
const kProtocolError = '1002 ';

describe('exit and close codes', () => {
  test('the closes that clients get are those of the code', () => {
    const made = ['src/ws/server.cc', 'src/emitter/shard.cc', 'src/wire/ws_frame.cc'].flatMap(closes);
    const told = rows('## Close codes that clients get');
    assert.ok(told.some((row) => row.startsWith(kProtocolError)));
    const but1002 = (list) => sorted(list.filter((row) => !row.startsWith(kProtocolError)));
    assert.deepEqual(but1002(told), but1002(made));
  });

  test('what 1002 tells are the code’s words', () => {
    const judging = frames.slice(frames.indexOf('const char* judge_first_byte'), frames.indexOf('header.header_bytes ='));
    const words = [...judging.matchAll(/"([^"]+)"/g)].map(([, reason]) => reason).filter((reason) => !/ from a server /.test(reason));
    const made = [...words, ...closes('src/wire/ws_frame.cc').filter((row) => row.startsWith(kProtocolError)).map((row) => row.slice(kProtocolError.length))];
    assert.deepEqual(sorted(table(page, '### What 1002 tells').map(([reason]) => reason)), sorted(made));
  });

  test('the closes of the simulated exchange are those of the code', () => {
    const made = ['src/ws/server.cc', 'src/exchange/venue.cc', 'src/exchange/fault_runner.cc'].flatMap(closes);
    assert.deepEqual(sorted(rows('## Close codes of the simulated exchange')), sorted(made));
  });

  test('the HTTP statuses are those of the code', () => {
    const answering = ['src/ws/server.cc', 'src/ws/http_session.cc', 'src/emitter/shard.cc', 'src/emitter/lookups.cc', 'src/wire/http.cc'].map(read).join('');
    const made = [
      ...answering.matchAll(/(?:text|refuse|text_response)\((\d{3}),/g), // of an answer made in words
      ...answering.matchAll(/(?:answer\(|HttpResponse)\s*\{\s*(\d{3}),/g),
      ...answering.matchAll(/response\.status = (\d{3});/g),
      ...answering.matchAll(/HTTP\/1\.1 (\d{3}) /g),
      ...answering.matchAll(/rest_error\([^;]*?\), (\d{3})\);/g),
    ].map(([, status]) => status);
    assert.deepEqual(sorted(table(page, '## HTTP statuses').map(([status]) => status)), sorted(made));
  });

  test('the exit statuses are those of the code', () => {
    assert.match(read('src/app/roles.cc'), /kFailed = 1;/);
    assert.match(read('src/app/command_line.h'), /kUsage = 2;/);
    assert.match(read('src/app/command_line.h'), /kBadConfiguration = 78;/);
    assert.match(read('src/app/signals.cc'), /_exit\(128 \+ signal\)/);
    assert.match(read('src/base/check.cc'), /std::abort\(\)/);
    assert.deepEqual(table(page, '## Exit status').map(([status]) => status), ['0', '1', '2', '78', '130, 143', '134']);
  });
});

describe('the protocol', () => {
  const protocol = read('docs/protocol.md');
  const options = read('src/emitter/emitter.h');
  // A default of the emitter's options, in the unit that it is written in: "5" of 5 * kNsPerSecond, "64" of 64 * 1024.
  const preset = (name) => options.match(new RegExp(`\\b${name} = (\\d+)`))[1];

  test('limits are the emitter’s defaults', () => {
    const limits = new Map(table(protocol, '## Limits and lifecycle').map(([rule, value, over]) => [rule, `${value}; ${over}`]));
    const says = (rule, ...values) => {
      const numbers = limits.get(rule)?.replaceAll(',', '').match(/\d+/g) ?? [];
      for (const value of values) assert.ok(numbers.includes(value), `${rule}: ${value} is not in "${limits.get(rule)}"`);
    };
    says('streams per connection', preset('streams_per_connection_max'));
    says('frames from a client per second', preset('messages_per_second'), preset('messages_burst'));
    says('size of a client\'s message', preset('message_bytes_max'), preset('fragments_max'));
    says('time for the handshake', preset('handshake_timeout_ns'));
    says('ping', preset('ping_interval_ns'), preset('pong_timeout_ns'));
    says('a client that takes nothing while something is owed', preset('stuck_timeout_ns'));
  });

  test('paces are those of the code', () => {
    const made = read('src/wire/stream_name.h').match(/kPacesMs\[\] = \{([^}]*)\}/)[1].split(', ').map((ms) => `@${ms}ms`);
    const told = protocol.match(/^- Paces \(([^)]*)\)/m)[1].replaceAll('`', '').split(', ');
    assert.deepEqual(told, made);
  });
});
