// SPDX-License-Identifier: Apache-2.0
//
// What the stack must be. Nothing here needs an account, credentials or a network.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createApp } from '../app.ts';
import { audiences, plan, table, loads } from '../capacity.ts';
import { daysLeft } from '../lib/certificate.ts';
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

const userData = (role: string): string => plain(one('AWS::EC2::LaunchTemplate', role).LaunchTemplateData.UserData['Fn::Base64']);

const program = join(folder, 'host/tickcast-certificate');
const setting = (name: string) => userData('Emitters').match(new RegExp(`^Environment=${name}=(.*)$`, 'm'))![1]!;

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

  test('clients come by TCP to the balancer, and by TLS to the task', () => {
    const listener = one('AWS::ElasticLoadBalancingV2::Listener', 'Emitters');
    assert.deepEqual([listener.Protocol, listener.Port, listener.Certificates], ['TCP', 443, undefined]);
    for (const group of all('AWS::ElasticLoadBalancingV2::TargetGroup')) assert.equal(group.Properties.Protocol, 'TCP');
    assert.match(container('Emitters').Command[0], /tickcast emitter --tls-certificate (\S+) --tls-key \1$/);
    assert.doesNotMatch(container('Producers').Command[0], /tls/, 'the lane is inside of the VPC');
    // As before TLS: whether the process lives is asked in clear, at a port of its own.
    assert.ok(container('Emitters').HealthCheck.Command.includes('http://127.0.0.1:9464/healthz'));
  });

  test('the task reads the folder where its host puts the certificate, and nobody else does', () => {
    const [folder] = container('Emitters').Command[0].match(/(\/\S+)(?=\/tls.pem$)/);
    assert.equal(setting('FOLDER'), folder);
    assert.deepEqual(one('AWS::ECS::TaskDefinition', 'Emitters').Volumes, [{ Name: 'certificate', Host: { SourcePath: folder } }]);
    assert.deepEqual(container('Emitters').MountPoints, [{ ContainerPath: folder, ReadOnly: true, SourceVolume: 'certificate' }]);
    assert.deepEqual(container('Emitters', 'metrics').MountPoints ?? [], []);
    assert.match(read(join(root, 'Dockerfile')), new RegExp(`^USER \\d+:${setting('READER')}$`, 'm'));
    assert.equal(setting('FAMILY'), plain(one('AWS::ECS::TaskDefinition', 'Emitters').Family));
    assert.doesNotMatch(userData('Producers'), /certificate/);
  });

  test('the hosts of emitters may read one secret, the certificate, and report into one namespace', () => {
    const of = (service: string) => all('AWS::IAM::Policy', 'EmittersHosts')
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
      .filter(({ Action }) => text(Action).includes(`"${service}:`));
    assert.deepEqual(of('secretsmanager'), [
      { Action: 'secretsmanager:GetSecretValue', Effect: 'Allow', Resource: { Ref: 'Certificate' } }]);
    assert.equal(setting('SECRET'), 'Certificate');
    const [report, ...more] = of('cloudwatch');
    assert.deepEqual([report.Action, more], ['cloudwatch:PutMetricData', []]);
    assert.equal(plain(report.Condition.StringEquals['cloudwatch:namespace']), setting('NAMESPACE'));
    assert.doesNotMatch(text(all('AWS::IAM::Policy', 'ProducersHosts')), /secretsmanager|PutMetricData/);
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
      const ours = /tickcast/.test(text(Properties.Namespace)) && Properties.MetricName !== daysLeft; // that one is the hosts'
      if (ours) used.add(Properties.MetricName);
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
      assert.ok(first!.startsWith(`${ran.pid} ${command}`), first);
      assert.deepEqual(settings, [
        'security.protocol=SASL_SSL', 'sasl.mechanisms=SCRAM-SHA-512', `sasl.username=${command}`, 'sasl.password=Secret1']);
    }
  });

  test('a task that starts without a certificate says what its host found', () => {
    const { EntryPoint, Command } = container('Emitters');
    writeFileSync(join(temporary, 'problem'), 'no new certificate from here: it cannot be read\n');
    const start = Command[0].replaceAll(setting('FOLDER'), temporary).replace('exec tickcast', 'exec echo');
    const ran = spawnSync(EntryPoint[0], [EntryPoint[1], start], { encoding: 'utf8' });
    assert.equal(ran.stderr, 'no new certificate from here: it cannot be read\n');
    assert.match(ran.stdout, /emitter --tls-certificate/);
  });

  test('what a host runs at its start is a shell script, and so is what it installs', () => {
    for (const role of ['Producers', 'Emitters']) {
      const script = userData(role);
      const checked = spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' });
      assert.equal(checked.status, 0, checked.stderr);
      assert.match(script, /NOTRACK/);
      assert.ok(Buffer.byteLength(script) < 12_000, 'EC2 takes 16 KB'); // references are longer once they are resolved
    }
    const linted = spawnSync('shellcheck', [program], { encoding: 'utf8' });
    assert.equal(linted.status, 0, `${linted.error ?? ''}${linted.stdout}`);
    assert.match(userData('Emitters'), /systemctl enable --now tickcast-certificate.timer\nsystemctl start tickcast-certificate.service/);
    assert.match(userData('Emitters'), /OnCalendar=daily/);
  });

  describe('the script that fetches the certificate', () => {
    const tools = join(temporary, 'tools');
    const tls = join(temporary, 'tls');
    const answer = join(temporary, 'answer'); // of Secrets Manager; none: it refuses
    const calls = join(temporary, 'calls'); // of docker and of CloudWatch

    before(() => {
      mkdirSync(tools);
      const tool = (name: string, lines: string[]) =>
        writeFileSync(join(tools, name), ['#!/bin/sh', ...lines, ''].join('\n'), { mode: 0o755 });
      tool('aws', [`[ "$1" = secretsmanager ] || { echo "$*" >>${calls}; exit; }`, `exec cat ${answer}`]);
      tool('docker', [`echo "$*" >>${calls}`, '[ "$1" != ps ] || echo task1']);
    });
    // With the settings of its unit, but a folder and a group that whoever runs the tests has.
    const fetch = (value?: string) => {
      rmSync(answer, { force: true });
      rmSync(calls, { force: true });
      if (value !== undefined) writeFileSync(answer, value);
      const settings = Object.fromEntries(['SECRET', 'REGION', 'FAMILY', 'NAMESPACE'].map((name) => [name, setting(name)]));
      const env = { ...process.env, ...settings, PATH: `${tools}:${process.env.PATH}`, FOLDER: tls, READER: `${process.getgid!()}` };
      const { status, stderr } = spawnSync(program, { env, encoding: 'utf8' });
      const told = read(calls).split('\n').filter((line) => line.startsWith('kill'));
      const days = Number(read(calls).match(/certificate_days .*--value (-?\d+)/)![1]);
      return { status, stderr, told, days };
    };
    const [key, certificate] = [join(temporary, 'key.pem'), join(temporary, 'certificate.pem')];
    const openssl = (...args: string[]) => {
      const ran = spawnSync('openssl', args, { encoding: 'utf8' });
      assert.equal(ran.status, 0, ran.stderr);
      return { certificate: read(certificate), key: read(key) };
    };
    const issue = (days: number, ...protection: string[]) =>
      openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-days', `${days}`, '-subj', '/CN=ticks.example.org',
        '-keyout', key, '-out', certificate, ...(protection.length ? protection : ['-nodes']));
    const expired = () => {
      issue(30);
      return openssl('x509', '-in', certificate, '-signkey', key, '-days', '-1', '-out', certificate);
    };
    // A second after it was issued, a certificate's last day is no longer whole.
    const around = (days: number, expected: number) => assert.ok(days === expected || days === expected - 1, `${days} days, not ${expected}`);
    const installed = () => read(join(tls, 'tls.pem'));

    test('installs it, and tells the tasks when it is another one', () => {
      const [first, second] = [issue(30), issue(60)];
      const begun = fetch(JSON.stringify(first));
      assert.deepEqual([begun.status, begun.stderr, begun.told], [0, '', []], 'a task that starts will read it');
      around(begun.days, 30);
      assert.equal(installed(), `${first.certificate}\n${first.key}\n`);
      assert.equal(statSync(join(tls, 'tls.pem')).mode & 0o777, 0o640);
      assert.equal(statSync(tls).mode & 0o777, 0o750);
      assert.deepEqual(fetch(JSON.stringify(first)).told, [], 'the same one');
      const renewed = fetch(JSON.stringify(second));
      assert.deepEqual([renewed.status, renewed.stderr, renewed.told], [0, '', ['kill --signal HUP task1']]);
      around(renewed.days, 60);
      assert.equal(installed(), `${second.certificate}\n${second.key}\n`);
      assert.deepEqual(readdirSync(tls), ['tls.pem'], 'nothing is left behind');
    });

    test('names what is wrong with it, and keeps the one before', () => {
      const [good, other] = [issue(30), issue(30)];
      assert.equal(fetch(JSON.stringify(good)).status, 0);
      for (const [value, complaint] of [
        [undefined, /it cannot be read/],
        ['a passphrase', /its value is not/],
        [JSON.stringify({ certificate: good.certificate }), /its value is not/],
        [JSON.stringify({ ...good, certificate: 'none' }), /no certificate/],
        [JSON.stringify(issue(30, '-passout', 'pass:secret')), /no key .*no pass phrase/],
        [JSON.stringify({ ...good, key: other.key }), /the key is not the one of the certificate/],
        [JSON.stringify(expired()), /has expired/],
      ] as [string | undefined, RegExp][]) {
        const { status, stderr, told, days } = fetch(value);
        assert.deepEqual([status, told], [1, []], stderr);
        around(days, 30);
        assert.match(read(join(tls, 'problem')), complaint);
        assert.match(stderr, complaint);
        assert.doesNotMatch(stderr, /BEGIN/);
        assert.equal(installed(), `${good.certificate}\n${good.key}\n`);
      }
      assert.equal(fetch(JSON.stringify(good)).status, 0);
      assert.deepEqual(readdirSync(tls), ['tls.pem'], 'the problem is gone');
    });

    test('tells tasks later that could not be told at once', () => {
      const docker = read(join(tools, 'docker'));
      writeFileSync(join(tools, 'docker'), '#!/bin/sh\nexit 1\n');
      const renewed = JSON.stringify(issue(90));
      assert.notEqual(fetch(renewed).status, 0);
      writeFileSync(join(tools, 'docker'), docker);
      const { status, told } = fetch(renewed);
      assert.deepEqual([status, told], [0, ['kill --signal HUP task1']]);
    });

    test('says so where there has never been one', () => {
      rmSync(tls, { recursive: true });
      const { status, days } = fetch();
      assert.deepEqual([status, days, readdirSync(tls)], [1, 0, ['problem']]);
    });
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
