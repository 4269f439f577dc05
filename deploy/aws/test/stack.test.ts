// SPDX-License-Identifier: Apache-2.0
//
// What the stack must be. Nothing here needs an account, credentials or a network.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createApp } from '../app.ts';
import { audiences, plan, table, loads } from '../capacity.ts';
import { exceptions } from '../lib/exceptions.ts';
import { scraped } from '../lib/metrics.ts';

interface Resource { Type: string; Properties: any; DependsOn?: string[] }
interface Template { Resources: Record<string, Resource>; Parameters: Record<string, any> }

const folder = fileURLToPath(new URL('../..', import.meta.url)); // deploy/aws
const root = join(folder, '../..');
const read = (path: string) => readFileSync(path, 'utf8');
const committed: Template = JSON.parse(read(join(folder, 'template.json')));

const temporary = mkdtempSync(join(tmpdir(), 'tickcast-aws-'));
after(() => rmSync(temporary, { recursive: true }));

function all(type: string, like = ''): Resource[] {
  const found = Object.entries(committed.Resources).filter(([id, { Type }]) => Type === type && id.startsWith(like));
  assert.ok(found.length > 0, `there is no ${type} ${like}`);
  return found.map(([, resource]) => resource);
}
const one = (type: string, like = '') => {
  const found = all(type, like);
  assert.equal(found.length, 1, `${found.length} of ${type} ${like}`);
  return found[0]!.Properties;
};
const text = (value: unknown) => JSON.stringify(value);

// The value of a template's expression where every reference is its own name: enough to run what is in it.
function plain(value: any): any {
  if (value?.['Fn::Join']) return value['Fn::Join'][1].map(plain).join(value['Fn::Join'][0]);
  if (value?.['Fn::GetAtt']) return value['Fn::GetAtt'].join('.');
  if (value?.Ref) return value.Ref;
  return value;
}
const container = (role: string, name = 'tickcast') =>
  one('AWS::ECS::TaskDefinition', role).ContainerDefinitions.find((c: any) => c.Name === name);
const environment = (role: string, name = 'tickcast'): Record<string, string> =>
  Object.fromEntries(container(role, name).Environment.map((e: any) => [e.Name, plain(e.Value)]));

describe('the AWS stack', { concurrency: false }, () => {
  test('the committed template is what the code makes, and every finding of cdk-nag is fixed or explained', () => {
    // Without the explanations the synthesis ends in a report of all there is to explain.
    const out = join(temporary, 'out');
    assert.throws(() => createApp(out, false).synth(), /Validation failed/);
    const made: Template = JSON.parse(read(join(out, 'tickcast.template.json')));
    assert.deepEqual(committed, made, 'deploy/aws/template.json lags behind: tools/aws write');

    const { pluginReports } = JSON.parse(read(join(out, 'validation-report.json')));
    const findings: [string, string][] = pluginReports.flatMap(({ violations }: any) =>
      violations.flatMap(({ ruleName, violatingConstructs }: any) =>
        violatingConstructs.map(({ constructPath }: any) => [ruleName, constructPath.replace('tickcast/', '')])));
    assert.ok(findings.length > 10, 'cdk-nag has run');
    const explained = exceptions.flatMap(({ rule, where }) => where.map((path) => [rule, path] as const));
    const covers = ([rule, path]: readonly [string, string], [finding, at]: readonly [string, string]) =>
      rule === finding && (at === path || at.startsWith(`${path}/`));
    for (const finding of findings) assert.ok(explained.some((e) => covers(e, finding)), `not explained: ${finding}`);
    for (const exception of explained) assert.ok(findings.some((f) => covers(exception, f)), `nothing to explain: ${exception}`);
  });

  test('cfn-lint is content', () => {
    const lint = spawnSync(join(folder, '.venv/bin/cfn-lint'), ['--regions', 'ap-northeast-1', '--', join(folder, 'template.json')]);
    assert.equal(lint.status, 0, `${lint.error ?? ''}${lint.stdout}${lint.stderr}`);
  });

  test('the template stands alone: no assets, no bootstrap, no look-ups, and its parameters are all used', () => {
    assert.doesNotMatch(text(committed), /cdk-hnb659fds|AssetParameters|BootstrapVersion|dummy-value/);
    for (const name of Object.keys(committed.Parameters))
      assert.match(text({ ...committed, Parameters: {} }), new RegExp(`"Ref":"${name}"`), name);
  });

  test('one task a host, on its network, with a million descriptors and nothing it does not need', () => {
    for (const role of ['Producers', 'Emitters']) {
      const task = one('AWS::ECS::TaskDefinition', role);
      assert.equal(task.NetworkMode, 'host');
      assert.deepEqual(task.RequiresCompatibilities, ['EC2']);
      assert.deepEqual(one('AWS::ECS::Service', role).PlacementConstraints, [{ Type: 'distinctInstance' }]);
      const { Ulimits, ReadonlyRootFilesystem, LinuxParameters, DockerSecurityOptions, Privileged } = container(role);
      assert.deepEqual(Ulimits, [{ Name: 'nofile', SoftLimit: 1_048_576, HardLimit: 1_048_576 }]);
      assert.equal(ReadonlyRootFilesystem, true);
      assert.deepEqual(LinuxParameters.Capabilities, { Drop: ['ALL'] });
      assert.deepEqual(DockerSecurityOptions, ['no-new-privileges']);
      assert.ok(!Privileged);
      assert.equal(container(role, 'metrics').Essential, false);
    }
  });

  test('two producers in two zones, replaced one at a time; emitters in three, and new ones first', () => {
    const producers = one('AWS::ECS::Service', 'Producers');
    assert.equal(producers.DesiredCount, 2);
    assert.deepEqual(
      [producers.DeploymentConfiguration.MinimumHealthyPercent, producers.DeploymentConfiguration.MaximumPercent], [50, 100]);
    assert.equal(one('AWS::AutoScaling::AutoScalingGroup', 'Producers').VPCZoneIdentifier.length, 2);
    const emitters = one('AWS::ECS::Service', 'Emitters');
    assert.equal(emitters.DesiredCount, undefined, 'a deployment would reset what scaling has set');
    assert.equal(emitters.DeploymentConfiguration.MinimumHealthyPercent, 100);
    assert.equal(one('AWS::AutoScaling::AutoScalingGroup', 'Emitters').VPCZoneIdentifier.length, 3);
    for (const service of [producers, emitters])
      assert.deepEqual(service.DeploymentConfiguration.DeploymentCircuitBreaker, { Enable: true, Rollback: true });
  });

  test('nothing but the end of a task cuts a client, and the end is slow enough for the drain', () => {
    for (const { Properties } of all('AWS::ElasticLoadBalancingV2::TargetGroup')) {
      const attributes = Object.fromEntries(Properties.TargetGroupAttributes.map((a: any) => [a.Key, a.Value]));
      assert.equal(attributes['target_health_state.unhealthy.connection_termination.enabled'], 'false');
      assert.equal(attributes['deregistration_delay.connection_termination.enabled'], 'false');
      assert.equal(attributes['preserve_client_ip.enabled'], 'true');
      assert.ok(Number(attributes['deregistration_delay.timeout_seconds']) >= 120);
      assert.equal(Properties.TargetType, 'instance');
      assert.equal(Properties.HealthCheckProtocol, 'TCP', 'ECS would kill every emitter of a silent exchange');
    }
    assert.ok(container('Emitters').StopTimeout >= Number(environment('Emitters').TICKCAST_DRAIN) + 30);
    for (const { Properties } of all('AWS::ECS::CapacityProvider')) {
      assert.equal(Properties.AutoScalingGroupProvider.ManagedTerminationProtection, 'ENABLED');
      assert.equal(Properties.AutoScalingGroupProvider.ManagedDraining, 'ENABLED');
    }
    for (const { Properties } of all('AWS::AutoScaling::AutoScalingGroup'))
      assert.equal(Properties.NewInstancesProtectedFromScaleIn, true);
  });

  test('clients come by TLS where there is a certificate, else by TCP', () => {
    const listener = one('AWS::ElasticLoadBalancingV2::Listener', 'Emitters');
    const either = (value: any) => { assert.equal(value['Fn::If'][0], 'HasCertificate'); return value['Fn::If'].slice(1); };
    assert.deepEqual(either(listener.Protocol), ['TLS', 'TCP']);
    assert.deepEqual(either(listener.Port), [443, 80]);
    assert.match(either(listener.SslPolicy)[0], /TLS13/);
    assert.deepEqual(either(listener.Certificates)[0], [{ CertificateArn: { Ref: 'CertificateArn' } }]);
  });

  test('the public reaches the balancer and nothing else; Kafka is reached by the two roles alone', () => {
    const open = all('AWS::EC2::SecurityGroupIngress').filter(({ Properties }) => Properties.CidrIp);
    assert.equal(open.length, 1);
    assert.match(text(open[0]!.Properties.GroupId), /NetworkClients/);
    for (const { Properties } of all('AWS::EC2::SecurityGroup')) {
      assert.equal(Properties.SecurityGroupIngress, undefined);
      for (const rule of Properties.SecurityGroupEgress ?? [])
        assert.ok(rule.FromPort === 443 || rule.CidrIp === '255.255.255.255/32', text(rule));
    }
    const brokers = all('AWS::EC2::SecurityGroupIngress').filter(({ Properties }) => /NetworkBrokers/.test(text(Properties.GroupId)));
    assert.deepEqual(brokers.map(({ Properties }) => Properties.FromPort), [9096, 9096]);
    assert.match(text(brokers), /ProducerHosts.*EmitterHosts/s);
    const { ClientAuthentication, EncryptionInfo } = one('AWS::MSK::Cluster');
    assert.equal(ClientAuthentication.Unauthenticated.Enabled, false);
    assert.equal(EncryptionInfo.EncryptionInTransit.ClientBroker, 'TLS');
    assert.equal(one('AWS::EC2::LaunchTemplate', 'Emitters').LaunchTemplateData.NetworkInterfaces[0].AssociatePublicIpAddress, false);
  });

  test('a role may do what it does and no more: its own secret, its own image, its own logs', () => {
    for (const role of ['Producers', 'Emitters']) {
      const other = role === 'Producers' ? 'Topicemitter' : 'Topicproducer';
      assert.doesNotMatch(text(all('AWS::IAM::Policy', role)), new RegExp(other));
      const statements = all('AWS::IAM::Policy', `${role}Task`).flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
      for (const { Action, Resource } of statements) {
        assert.doesNotMatch(text(Action), /\*/);
        if (Resource === '*') assert.equal(Action, 'ecr:GetAuthorizationToken');
      }
    }
    for (const { Properties } of all('AWS::IAM::Role')) assert.equal(Properties.ManagedPolicyArns, undefined);
  });

  test('emitters are scaled by clients and by bytes, not by CPU', () => {
    const metrics = all('AWS::ApplicationAutoScaling::ScalingPolicy').map(({ Properties }) => {
      const { CustomizedMetricSpecification, PredefinedMetricSpecification } = Properties.TargetTrackingScalingPolicyConfiguration;
      assert.equal(PredefinedMetricSpecification, undefined);
      return CustomizedMetricSpecification.MetricName;
    });
    assert.deepEqual(metrics.sort(), ['tickcast_clients', 'tickcast_sent_bytes_total']);
  });

  test('every metric that scaling and alarms use is one that the agent sends', () => {
    const selected = JSON.parse(environment('Emitters', 'metrics').CW_CONFIG_CONTENT!)
      .logs.metrics_collected.prometheus.emf_processor.metric_declaration;
    assert.deepEqual(
      selected.flatMap((declared: any) => declared.metric_selectors).sort(), scraped.map((name) => `^${name}$`).sort());
    for (const declared of selected) assert.deepEqual(declared.dimensions, [['role']]);
    const used = new Set<string>();
    for (const { Properties } of all('AWS::CloudWatch::Alarm')) {
      assert.ok(Properties.AlarmDescription.length > 20);
      assert.equal(Properties.AlarmActions.length, 1);
      if (/tickcast/.test(text(Properties.Namespace))) used.add(Properties.MetricName);
    }
    for (const { Properties } of all('AWS::ApplicationAutoScaling::ScalingPolicy'))
      used.add(Properties.TargetTrackingScalingPolicyConfiguration.CustomizedMetricSpecification.MetricName);
    assert.deepEqual([...used].sort(), [...scraped].sort());
    const scrape = JSON.parse(environment('Emitters', 'metrics').PROMETHEUS_CONFIG_CONTENT!);
    assert.deepEqual(scrape.scrape_configs[0].static_configs[0].targets, ['127.0.0.1:9464']);
  });

  test('every metric that the agent sends is one that tickcast exposes', () => {
    const exposed = read(join(root, 'src/metrics/families.cc'));
    for (const name of scraped) assert.ok(exposed.includes(`{"${name}",`), name);
  });

  test('alarms may be published', () => {
    const allowed = one('AWS::SNS::TopicPolicy').PolicyDocument.Statement.find((s: any) => s.Effect === 'Allow');
    assert.deepEqual([allowed.Principal, allowed.Action], [{ Service: 'cloudwatch.amazonaws.com' }, 'sns:Publish']);
    assert.match(text(one('AWS::KMS::Key').KeyPolicy), /cloudwatch\.amazonaws\.com/);
  });

  test('the sizes fit each other', () => {
    const preset = (name: string) => Number(committed.Parameters[name].Default);
    assert.ok(preset('EmitterHostsMax') >= (preset('EmittersMax') * one('AWS::ECS::Service', 'Emitters').DeploymentConfiguration.MaximumPercent) / 100);
    assert.ok(preset('ClientsMax') >= preset('ClientsPerEmitter') * 1.5, 'two zones carry the clients of three');
    assert.ok(preset('ClientsMax') < container('Emitters').Ulimits[0].SoftLimit);
    const million = plan(1_000_000, loads[0]!);
    assert.ok(preset('EmittersMax') >= million.hosts, 'a million users fit without changing a parameter');
    assert.equal(preset('ClientsPerEmitter') * million.hostsBy.clients >= 1_000_000, true);
  });

  test('the shell that starts a task hands the secret on, and becomes the role', () => {
    const fake = join(temporary, 'tickcast');
    writeFileSync(fake, '#!/bin/sh\necho "$$ $*"\nprintf "%s" "$TICKCAST_KAFKA_CONFIG"\n');
    chmodSync(fake, 0o755);
    for (const [role, command] of [['Producers', 'producer'], ['Emitters', 'emitter']] as const) {
      const { EntryPoint, Command } = container(role);
      const env = { ...environment(role), KAFKA_USERNAME: command, KAFKA_PASSWORD: 'Secret1', PATH: `${temporary}:${process.env.PATH}` };
      const ran = spawnSync(EntryPoint[0], [...EntryPoint.slice(1), ...Command], { env, encoding: 'utf8' });
      const [first, ...settings] = ran.stdout.split('\n');
      assert.equal(first, `${ran.pid} ${command}`);
      assert.deepEqual(settings, [
        'security.protocol=SASL_SSL', 'sasl.mechanisms=SCRAM-SHA-512', `sasl.username=${command}`, 'sasl.password=Secret1']);
    }
  });

  test('what a host runs at its start is a shell script', () => {
    for (const { Properties } of all('AWS::EC2::LaunchTemplate')) {
      const script = plain(Properties.LaunchTemplateData.UserData['Fn::Base64']);
      const checked = spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' });
      assert.equal(checked.status, 0, checked.stderr);
      assert.match(script, /NOTRACK/);
    }
  });

  test('the function that asks for the brokers tells them, and tells of failure', () => {
    const { ZipFile } = one('AWS::Lambda::Function').Code;
    const harness = `
import sys, types, json
answers = []
fake = types.ModuleType("cfnresponse")
fake.SUCCESS, fake.FAILED = "SUCCESS", "FAILED"
fake.send = lambda event, context, status, data, physical, reason=None: answers.append([status, data])
class Kafka:
    def get_bootstrap_brokers(self, ClusterArn):
        if ClusterArn == "gone": raise KeyError("no such cluster")
        return {"BootstrapBrokerStringSaslScram": "b-1:9096,b-2:9096"}
boto = types.ModuleType("boto3")
boto.client = lambda name: Kafka()
sys.modules.update(cfnresponse=fake, boto3=boto)
exec(${JSON.stringify(ZipFile)}, globals())
for kind, cluster in (("Create", "here"), ("Update", "gone"), ("Delete", "gone")):
    handler({"RequestType": kind, "ResourceProperties": {"Cluster": cluster}}, None)
print(json.dumps(answers))
`;
    const ran = spawnSync('python3', ['-c', harness], { encoding: 'utf8' });
    assert.deepEqual(JSON.parse(ran.stdout || ran.stderr), [['SUCCESS', { Brokers: 'b-1:9096,b-2:9096' }], ['FAILED', {}], ['SUCCESS', {}]]);
  });

  test('the pages tell what the code says: sizes and costs, and the parameters', () => {
    const architecture = read(join(root, 'docs/explanation/architecture-aws.md'));
    for (const users of audiences) assert.ok(architecture.includes(table(users)), `a table lags behind: tools/aws write\n${table(users)}`);
    const howTo = read(join(root, 'docs/how-to/deploy-aws.md'));
    for (const [name, { Default }] of Object.entries(committed.Parameters)) {
      if (name.startsWith('SsmParameter')) continue;
      const preset = Default === undefined ? 'none' : Default === '' ? 'empty' : `${Default}`;
      assert.ok(howTo.includes(`| \`${name}\` | ${preset} |`), `docs/how-to/deploy-aws.md lacks | \`${name}\` | ${preset} |`);
    }
  });
});
