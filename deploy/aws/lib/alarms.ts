// SPDX-License-Identifier: Apache-2.0
//
// Alarms: what someone should be woken for. Each says what it means and what to look at first.

import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { daysLeftOfAll } from './certificate.ts';
import { metric } from './metrics.ts';
import type { Parameters } from './parameters.ts';

export interface AlarmsProps {
  parameters: Parameters;
  key: kms.Key;
  clusterName: string; // of Kafka
  emitterTargets: elb.NetworkTargetGroup;
}

const { GREATER_THAN_THRESHOLD: above, LESS_THAN_THRESHOLD: below } = cloudwatch.ComparisonOperator;

export class Alarms extends Construct {
  readonly topic: sns.Topic;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.topic = new sns.Topic(this, 'Topic', { masterKey: props.key, enforceSSL: true });
    // A policy of one's own replaces the one that lets the account's alarms in.
    const alarms = new iam.ServicePrincipal('cloudwatch.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
    });
    this.topic.grantPublish(alarms);
    props.key.grantEncryptDecrypt(alarms);
    const email = new sns.CfnSubscription(this, 'Email', {
      topicArn: this.topic.topicArn, protocol: 'email', endpoint: props.parameters.alarmEmail,
    });
    email.cfnOptions.condition = props.parameters.hasAlarmEmail;

    this.quotes();
    this.clients(props);
    this.brokers(props.clusterName);
  }

  private quotes(): void {
    this.alarm('NoProducer', 'No producer has a live exchange, so clients see last quotes. See the log of producers.', {
      metric: metric('producer', 'tickcast_ready', 'Maximum'), comparisonOperator: below, threshold: 1,
      evaluationPeriods: 2, treatMissingData: cloudwatch.TreatMissingData.BREACHING,
    });
    this.alarm('OneProducer', 'One of the two producers is down or has no live exchange; the other carries all.', {
      metric: metric('producer', 'tickcast_ready', 'Minimum'), comparisonOperator: below, threshold: 1, evaluationPeriods: 5,
    });
    this.alarm('TopicTakesNothing', 'A producer cannot write the topic; clients live on the direct lane. See Kafka.', {
      metric: metric('producer', 'tickcast_kafka_taking', 'Minimum'), comparisonOperator: below, threshold: 1, evaluationPeriods: 2,
    });
    this.alarm('EmitterNotReady', 'An emitter serves last quotes: neither the topic nor the lane brings it new ones.', {
      metric: metric('emitter', 'tickcast_ready', 'Minimum'), comparisonOperator: below, threshold: 1,
      evaluationPeriods: 3, treatMissingData: cloudwatch.TreatMissingData.BREACHING,
    });
    this.alarm('EmitterBehind', 'An emitter is 10 s of the topic behind (60,000 records at 6,000/s).', {
      metric: metric('emitter', 'tickcast_kafka_lag_records', 'Maximum'), comparisonOperator: above, threshold: 60_000, evaluationPeriods: 3,
    });
  }

  private clients(props: AlarmsProps): void {
    this.alarm('ClientsRefused', 'Emitters are full and refuse clients: EmittersMax is reached, or hosts cannot be had.', {
      metric: metric('emitter', 'tickcast_refusals_total', 'Sum'), comparisonOperator: above, threshold: 100, evaluationPeriods: 5,
    });
    this.alarm('EmitterBusy', 'A turn of a shard takes over 100 ms: clients see quotes that late. More emitters.', {
      metric: metric('emitter', 'tickcast_loop_turn_longest_seconds', 'Maximum'), comparisonOperator: above, threshold: 0.1, evaluationPeriods: 5,
    });
    this.alarm('CertificateEnds', 'In 14 days or less clients will refuse the certificate of an emitter. See its secret, then the host.', {
      metric: daysLeftOfAll(Duration.days(1)), comparisonOperator: below, threshold: 15, evaluationPeriods: 1,
      treatMissingData: cloudwatch.TreatMissingData.IGNORE, // each host reports once a day
    });
    this.alarm('EmitterGone', 'An emitter takes no connections. ECS replaces it.', {
      metric: props.emitterTargets.metrics.unHealthyHostCount({ statistic: 'Maximum', period: Duration.minutes(1) }),
      comparisonOperator: above, threshold: 0, evaluationPeriods: 3,
    });
  }

  private brokers(clusterName: string): void {
    const kafka = (metricName: string, statistic: string, broker?: string) =>
      new cloudwatch.Metric({
        namespace: 'AWS/Kafka', metricName, statistic, period: Duration.minutes(1),
        dimensionsMap: { 'Cluster Name': clusterName, ...(broker && { 'Broker ID': broker }) },
      });
    this.alarm('PartitionOffline', 'The topic has no leader: nothing is read or written.', {
      metric: kafka('OfflinePartitionsCount', 'Maximum'), comparisonOperator: above, threshold: 0, evaluationPeriods: 2,
    });
    for (const broker of ['1', '2', '3'])
      this.alarm(`Broker${broker}Disk`, `Broker ${broker} has used 70 % of its volume.`, {
        metric: kafka('KafkaDataLogsDiskUsed', 'Maximum', broker), comparisonOperator: above, threshold: 70, evaluationPeriods: 5,
      });
  }

  private alarm(name: string, alarmDescription: string, props: cloudwatch.AlarmProps): void {
    const alarm = new cloudwatch.Alarm(this, name, {
      alarmDescription, treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING, ...props,
    });
    alarm.addAlarmAction(new SnsAction(this.topic));
    alarm.addOkAction(new SnsAction(this.topic));
  }
}
