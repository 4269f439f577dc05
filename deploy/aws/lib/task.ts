// SPDX-License-Identifier: Apache-2.0
//
// Task: one tickcast role on a host's network, and the agent that reports its metrics.

import { Aws, Duration } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { mountCertificate, tlsFlags, warnOfProblem } from './certificate.ts';
import { addAgent, adminAddress } from './metrics.ts';
import { clientPort, Network } from './network.ts';
import type { Parameters } from './parameters.ts';
import { kafkaSettings, type Role, type Topic } from './topic.ts';

export interface TaskProps {
  role: Role;
  parameters: Parameters;
  topic: Topic;
  log: logs.ILogGroup; // of the container and of its agent
  events: logs.ILogGroup; // the agent's metrics
  environment: Record<string, string>;
  tls: boolean; // with the certificate that its host holds
  memoryReservationMiB: number;
  stopTimeout: Duration;
}

// User and password come as variables of their own, from the secret; librdkafka wants them as two more settings.
// `exec`, so that tickcast is the process that ECS stops.
const start = ({ role, tls }: TaskProps) =>
  [
    'export TICKCAST_KAFKA_CONFIG="$KAFKA_SETTINGS',
    'sasl.username=$KAFKA_USERNAME',
    'sasl.password=$KAFKA_PASSWORD"',
    ...(tls ? [warnOfProblem, `exec tickcast ${role} ${tlsFlags}`] : [`exec tickcast ${role}`]),
  ].join('\n');

export const familyOf = (role: Role) => `${Aws.STACK_NAME}-${role}`;

export function createTask(scope: Construct, props: TaskProps): ecs.Ec2TaskDefinition {
  const { role, parameters, topic } = props;
  const task = new ecs.Ec2TaskDefinition(scope, 'Task', {
    family: familyOf(role),
    networkMode: ecs.NetworkMode.HOST,
  });
  const linux = new ecs.LinuxParameters(scope, 'Linux');
  linux.dropCapabilities(ecs.Capability.ALL);
  const container = task.addContainer('tickcast', {
    image: ecs.ContainerImage.fromEcrRepository(
      ecr.Repository.fromRepositoryName(scope, 'Repository', parameters.repository), parameters.imageTag),
    entryPoint: ['/bin/sh', '-c'],
    command: [start(props)],
    environment: {
      TICKCAST_BROKERS: topic.brokers,
      TICKCAST_TOPIC: 'book-tickers',
      TICKCAST_LISTEN: `:${clientPort}`,
      KAFKA_SETTINGS: kafkaSettings,
      ...props.environment,
    },
    secrets: {
      KAFKA_USERNAME: ecs.Secret.fromSecretsManager(topic.users[role], 'username'),
      KAFKA_PASSWORD: ecs.Secret.fromSecretsManager(topic.users[role], 'password'),
    },
    portMappings: [{ containerPort: clientPort }],
    // Whether the process lives, not whether its market does: ECS replaces what fails this.
    healthCheck: {
      command: ['CMD', 'tickcast', 'healthcheck', '--url', `http://${adminAddress}/healthz`],
      interval: Duration.seconds(10),
      timeout: Duration.seconds(5),
      retries: 3,
      startPeriod: Duration.seconds(30),
    },
    memoryReservationMiB: props.memoryReservationMiB,
    readonlyRootFilesystem: true,
    dockerSecurityOptions: ['no-new-privileges'],
    linuxParameters: linux,
    stopTimeout: props.stopTimeout,
    logging: ecs.LogDrivers.awsLogs({
      logGroup: props.log, streamPrefix: role, mode: ecs.AwsLogDriverMode.NON_BLOCKING,
    }),
  });
  container.addUlimits({ name: ecs.UlimitName.NOFILE, softLimit: 1_048_576, hardLimit: 1_048_576 });
  if (props.tls) mountCertificate(task, container);
  addAgent(task, role, props.events, props.log);
  return task;
}

// A target group for connections that last for days: no event short of a task's own end may cut them.
export function createTargets(scope: Construct, network: Network): elb.NetworkTargetGroup {
  const targets = new elb.NetworkTargetGroup(scope, 'Targets', {
    vpc: network.vpc,
    port: clientPort,
    protocol: elb.Protocol.TCP,
    targetType: elb.TargetType.INSTANCE,
    preserveClientIp: true,
    connectionTermination: false, // the task ends its clients itself, with a word
    // Balancers go on sending new clients for up to two minutes after they were told.
    deregistrationDelay: Duration.seconds(120),
    // A connection, not /readyz: ECS kills what fails this, and a silent exchange would have it kill every emitter. No
    // TLS either: one that is full, or has no certificate that is good, serves those it has.
    healthCheck: { protocol: elb.Protocol.TCP, interval: Duration.seconds(10), healthyThresholdCount: 2, unhealthyThresholdCount: 2 },
  });
  targets.setAttribute('target_health_state.unhealthy.connection_termination.enabled', 'false');
  targets.setAttribute('load_balancing.cross_zone.enabled', 'use_load_balancer_configuration');
  return targets;
}
