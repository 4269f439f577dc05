// SPDX-License-Identifier: Apache-2.0
//
// The AWS template against the real binary: what its tasks are told in their environment is what the roles understand. The template's own
// tests are in deploy/aws.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { noBinary, root, run } from './harness.js';

const skip = noBinary();
const { Resources } = JSON.parse(readFileSync(join(root, 'deploy/aws/template.json'), 'utf8'));
const containers = Object.values(Resources)
  .filter(({ Type }) => Type === 'AWS::ECS::TaskDefinition')
  .map(({ Properties }) => Properties.ContainerDefinitions.find(({ Name }) => Name === 'tickcast'));

test("each role of the AWS template understands the template's settings, and takes their values", { skip }, async () => {
  assert.equal(containers.length, 2);
  for (const { Command, Environment } of containers) {
    const [, role, flags] = Command[0].match(/exec tickcast (\w+)(.*)$/);
    const { code, stdout } = await run([role, '--help']);
    assert.equal(code, 0);
    assert.match(stdout, /Env:TICKCAST_ADMIN/);
    assert.ok(stdout.includes('127.0.0.1:9464'), 'where the container is asked for its health, and scraped');
    for (const [flag] of flags.matchAll(/--[\w-]+/g)) assert.ok(stdout.includes(`${flag} `), `${role} knows no ${flag}`);
    const settings = Environment.filter(({ Name }) => Name.startsWith('TICKCAST_'));
    for (const { Name } of settings) assert.ok(stdout.includes(`Env:${Name}`), `${role} knows no ${Name}`);

    // All of them at once, and a flag that ends it: a value that is not understood would be named instead.
    const values = settings.filter(({ Value }) => typeof Value === 'string').map(({ Name, Value }) => [Name, Value]);
    const env = { ...Object.fromEntries(values), TICKCAST_BROKERS: '127.0.0.1:1', TICKCAST_KAFKA_CONFIG: Environment.find(({ Name }) => Name === 'KAFKA_SETTINGS').Value };
    const { stderr } = await run([role, '--no-such-flag'], { env });
    assert.match(stderr, /--no-such-flag is not a flag of/);
  }
});
