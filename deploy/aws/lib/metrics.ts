// SPDX-License-Identifier: Apache-2.0
//
// Metrics: a CloudWatch agent beside each task scrapes its /metrics once a minute and writes what is named here
// as log events from which CloudWatch makes metrics (EMF). The agent sends of a counter what was added since the
// last scrape, and drops histograms; so every value below is "now", or "in this minute", of one task.

import { Aws, Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Role } from './topic.ts';

export const adminAddress = '127.0.0.1:9464'; // tickcast's /metrics and /healthz; loopback only

// What alarms and scaling use, and nothing else: each costs money.
export const scraped = [
  'tickcast_ready',
  'tickcast_clients',
  'tickcast_sent_bytes_total',
  'tickcast_refusals_total',
  'tickcast_loop_turn_longest_seconds',
  'tickcast_kafka_taking',
  'tickcast_kafka_lag_records',
] as const;

const refusals = 'tickcast_refusals_total';

const agentImage = 'public.ecr.aws/cloudwatch-agent/cloudwatch-agent:1.300072.0b1766';

export const namespace = `tickcast/${Aws.STACK_NAME}`;

// One of them over the tasks of a role: each task is a sample a minute.
export function metric(
  role: Role, name: (typeof scraped)[number], statistic: string, period = Duration.minutes(1),
): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace, metricName: name, dimensionsMap: { role }, statistic, period,
  });
}

// Which series count, by their labels' values joined with ";". In CloudWatch the role is all that is left of the labels.
const declare = (labels: string[], values: string, names: readonly string[]) => ({
  source_labels: labels,
  label_matcher: values,
  dimensions: [['role']],
  metric_selectors: names.map((name) => `^${name}$`),
});

export function addAgent(task: ecs.Ec2TaskDefinition, role: Role, events: logs.ILogGroup, log: logs.ILogGroup): void {
  const scrape = {
    global: { scrape_interval: '1m', scrape_timeout: '10s' },
    scrape_configs: [{ job_name: 'tickcast', static_configs: [{ targets: [adminAddress], labels: { role } }] }],
  };
  const agent = {
    agent: { region: Stack.of(task).region },
    logs: {
      force_flush_interval: 5,
      metrics_collected: {
        prometheus: {
          log_group_name: events.logGroupName,
          prometheus_config_path: 'env:PROMETHEUS_CONFIG_CONTENT',
          emf_processor: {
            metric_namespace: namespace,
            metric_declaration: [
              declare(['role'], `^${role}$`, scraped.filter((name) => name !== refusals)),
              // Of the refusals, those that more emitters would have served.
              declare(['role', 'reason'], `^${role};full$`, [refusals]),
            ],
          },
        },
      },
    },
  };
  task.addContainer('metrics', {
    image: ecs.ContainerImage.fromRegistry(agentImage),
    essential: false, // clients are served without it too
    cpu: 64,
    memoryLimitMiB: 256,
    environment: {
      PROMETHEUS_CONFIG_CONTENT: Stack.of(task).toJsonString(scrape), // JSON is YAML
      CW_CONFIG_CONTENT: Stack.of(task).toJsonString(agent),
    },
    logging: ecs.LogDrivers.awsLogs({ logGroup: log, streamPrefix: role }),
  });
  events.grantWrite(task.taskRole);
  events.grant(task.taskRole, 'logs:DescribeLogStreams');
}
