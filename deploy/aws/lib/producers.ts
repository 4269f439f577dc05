// SPDX-License-Identifier: Apache-2.0
//
// Producers: two, in two zones, both with both legs to the exchange, both writing the topic; readers take each
// update from whoever brings it first. Emitters also reach them directly, past Kafka, through an internal balancer.

import { Duration } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { Hosts } from './hosts.ts';
import { clientPort, Network } from './network.ts';
import type { Parameters } from './parameters.ts';
import { createTargets, createTask } from './task.ts';
import { saslPort, type Topic } from './topic.ts';

export interface ServiceProps {
  network: Network;
  cluster: ecs.Cluster;
  topic: Topic;
  parameters: Parameters;
  log: logs.ILogGroup;
  events: logs.ILogGroup;
}

export class Producers extends Construct {
  readonly laneGroup: ec2.SecurityGroup; // of the internal balancer
  readonly lane: elb.NetworkLoadBalancer;
  readonly targets: elb.NetworkTargetGroup;
  readonly service: ecs.Ec2Service;

  constructor(scope: Construct, id: string, props: ServiceProps) {
    super(scope, id);
    const { network, topic, parameters } = props;
    const group = network.closedGroup('ProducerHosts', 'Hosts of producers');
    group.connections.allowTo(topic.group, ec2.Port.tcp(saslPort), 'Kafka');
    group.connections.allowTo(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), 'The exchange, and AWS');

    const hosts = new Hosts(this, 'Hosts', {
      network,
      cluster: props.cluster,
      group,
      // A public address each: the exchange counts connections by address, and 2 legs of 6,000 updates/s do not pass a NAT.
      subnets: { subnetType: ec2.SubnetType.PUBLIC, availabilityZones: network.vpc.availabilityZones.slice(0, 2) },
      publicAddress: true,
      instanceType: parameters.producerInstanceType,
      min: 2,
      max: 2,
    });
    this.service = new ecs.Ec2Service(this, 'Service', {
      cluster: props.cluster,
      taskDefinition: createTask(this, {
        role: 'producer',
        ...props,
        environment: { TICKCAST_REPLICATION: '3', TICKCAST_MIN_INSYNC_REPLICAS: '2', TICKCAST_PARTITIONS: '1' },
        tls: false, // its clients are emitters, inside of the VPC
        memoryReservationMiB: 1024,
        stopTimeout: Duration.seconds(30),
      }),
      desiredCount: 2,
      // One at a time, in place: the other goes on meanwhile.
      minHealthyPercent: 50,
      maxHealthyPercent: 100,
      capacityProviderStrategies: [{ capacityProvider: hosts.provider.capacityProviderName, weight: 1 }],
      placementConstraints: [ecs.PlacementConstraint.distinctInstances()],
      placementStrategies: [ecs.PlacementStrategy.spreadAcross(ecs.BuiltInAttributes.AVAILABILITY_ZONE)],
      circuitBreaker: { rollback: true },
      healthCheckGracePeriod: Duration.seconds(60),
      availabilityZoneRebalancing: ecs.AvailabilityZoneRebalancing.DISABLED,
    });

    this.laneGroup = network.closedGroup('Lane', 'Balancer of the direct lane');
    this.laneGroup.connections.allowTo(group, ec2.Port.tcp(clientPort), 'Direct lane');
    this.lane = new elb.NetworkLoadBalancer(this, 'Lane', {
      vpc: network.vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
      internetFacing: false,
      crossZoneEnabled: true, // two producers, three zones
      securityGroups: [this.laneGroup],
    });
    this.targets = createTargets(this, network);
    this.service.attachToNetworkTargetGroup(this.targets);
    this.lane.addListener('Quotes', { port: clientPort, protocol: elb.Protocol.TCP, defaultTargetGroups: [this.targets] });
  }
}
