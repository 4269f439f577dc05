// SPDX-License-Identifier: Apache-2.0
//
// The whole of it. docs/explanation/architecture-aws.md has the picture and the reasons.

import { CfnOutput, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { Alarms } from './alarms.ts';
import { Emitters } from './emitters.ts';
import { Network } from './network.ts';
import { Parameters } from './parameters.ts';
import { Producers } from './producers.ts';
import { Topic } from './topic.ts';

export class TickcastStack extends Stack {

  constructor(scope: Construct, id: string, props: StackProps) {
    super(scope, id, props);
    const parameters = new Parameters(this, 'Parameters');
    const network = new Network(this, 'Network');
    const key = new kms.Key(this, 'Key', {
      description: 'Kafka users, the topic at rest, alarms',
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.DESTROY, // nothing outlives the stack that it would be needed for
    });
    const topic = new Topic(this, 'Topic', network, key, parameters);
    const cluster = new ecs.Cluster(this, 'Cluster', {
      vpc: network.vpc, containerInsightsV2: ecs.ContainerInsights.ENABLED,
    });
    const service = {
      network, cluster, topic, parameters,
      log: this.log('Log', logs.RetentionDays.ONE_MONTH),
      events: this.log('Metrics', logs.RetentionDays.ONE_WEEK),
    };
    const producers = new Producers(this, 'Producers', service);
    const emitters = new Emitters(this, 'Emitters', { ...service, producers });
    const alarms = new Alarms(this, 'Alarms', {
      parameters, key, clusterName: topic.clusterName, emitterTargets: emitters.targets,
    });

    this.output('Clients', `wss://${emitters.balancer.loadBalancerDnsName}`,
      'Where clients connect. The certificate holds for a name of yours: point it here');
    this.output('Brokers', topic.brokers, 'Kafka, inside of the VPC');
    this.output('AlarmTopic', alarms.topic.topicArn, 'Where alarms go; subscribe whoever is on call');
  }

  private log(id: string, retention: logs.RetentionDays): logs.LogGroup {
    return new logs.LogGroup(this, id, { retention, removalPolicy: RemovalPolicy.DESTROY });
  }
  private output(name: string, value: string, description: string): void {
    new CfnOutput(this, `${name}Output`, { value, description }).overrideLogicalId(name === 'Brokers' ? 'BrokerAddresses' : name);
  }
}
