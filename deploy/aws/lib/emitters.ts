// SPDX-License-Identifier: Apache-2.0
//
// Emitters: as many as clients and bytes ask for, one on each host, behind the balancer that clients connect to.

import { Duration, Token } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';
import { fetchCertificate } from './certificate.ts';
import { Hosts } from './hosts.ts';
import { metric } from './metrics.ts';
import { clientPort, Network } from './network.ts';
import type { Parameters } from './parameters.ts';
import type { Producers, ServiceProps } from './producers.ts';
import { createTargets, createTask, familyOf } from './task.ts';
import { saslPort } from './topic.ts';

// 60,000 clients in a minute: 1,000 a second come back to the other emitters.
const drain = Duration.seconds(60);

const publicPort = 443;

export interface EmittersProps extends ServiceProps {
  producers: Producers;
}

export class Emitters extends Construct {
  readonly balancer: elb.NetworkLoadBalancer;
  readonly targets: elb.NetworkTargetGroup;
  readonly service: ecs.Ec2Service;

  constructor(scope: Construct, id: string, props: EmittersProps) {
    super(scope, id);
    const { network, topic, parameters, producers } = props;
    const group = network.closedGroup('EmitterHosts', 'Hosts of emitters');
    group.connections.allowTo(topic.group, ec2.Port.tcp(saslPort), 'Kafka');
    group.connections.allowTo(producers.laneGroup, ec2.Port.tcp(clientPort), 'Direct lane');
    group.connections.allowTo(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), 'AWS');

    const hosts = new Hosts(this, 'Hosts', {
      network,
      cluster: props.cluster,
      group,
      subnets: { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
      publicAddress: false,
      instanceType: parameters.emitterInstanceType,
      min: 0, // ECS asks for as many as it has tasks
      max: parameters.emitterHostsMax,
    });
    fetchCertificate(hosts, parameters.certificate, familyOf('emitter'));
    this.service = new ecs.Ec2Service(this, 'Service', {
      cluster: props.cluster,
      taskDefinition: createTask(this, {
        role: 'emitter',
        ...props,
        environment: {
          TICKCAST_UPSTREAM: `ws://${producers.lane.loadBalancerDnsName}:${clientPort}`,
          TICKCAST_MAX_CONNECTIONS: Token.asString(parameters.clientsMax),
          TICKCAST_DRAIN: String(drain.toSeconds()),
        },
        tls: true,
        memoryReservationMiB: 4096, // ClientsMax under TLS are 2.5 GB
        stopTimeout: drain.plus(Duration.seconds(30)),
      }),
      // New ones first, on hosts of their own; half as many again at most.
      minHealthyPercent: 100,
      maxHealthyPercent: 150,
      capacityProviderStrategies: [{ capacityProvider: hosts.provider.capacityProviderName, weight: 1 }],
      placementConstraints: [ecs.PlacementConstraint.distinctInstances()],
      placementStrategies: [ecs.PlacementStrategy.spreadAcross(ecs.BuiltInAttributes.AVAILABILITY_ZONE)],
      circuitBreaker: { rollback: true },
      healthCheckGracePeriod: Duration.seconds(60),
      // Each zone's clients are served in their zone, so zones must stay alike.
      availabilityZoneRebalancing: ecs.AvailabilityZoneRebalancing.ENABLED,
    });

    this.balancer = this.createBalancer(network, group);
    this.targets = createTargets(this, network);
    this.service.attachToNetworkTargetGroup(this.targets);
    // TLS passes through, to where it ends: in the task.
    this.balancer.addListener('Listener', {
      port: publicPort, protocol: elb.Protocol.TCP, defaultTargetGroups: [this.targets],
    });
    this.scale(parameters);
  }

  private createBalancer(network: Network, hosts: ec2.SecurityGroup): elb.NetworkLoadBalancer {
    const group = network.closedGroup('Clients', 'Balancer that clients connect to');
    group.connections.allowTo(hosts, ec2.Port.tcp(clientPort), 'Emitters');
    new ec2.CfnSecurityGroupIngress(this, 'FromAnywhere', {
      groupId: group.securityGroupId,
      ipProtocol: 'tcp',
      cidrIp: '0.0.0.0/0',
      fromPort: publicPort,
      toPort: publicPort,
      description: 'Clients',
    });
    return new elb.NetworkLoadBalancer(this, 'Balancer', {
      vpc: network.vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC },
      internetFacing: true,
      crossZoneEnabled: false, // what crosses zones costs, and each has its emitters
      securityGroups: [group],
      deletionProtection: false,
    });
  }

  // By what an emitter holds and sends. Not by CPU: a shard that has work batches it, so a busy core says nothing.
  private scale(parameters: Parameters): void {
    const count = this.service.autoScaleTaskCount({
      minCapacity: parameters.emittersMin, maxCapacity: parameters.emittersMax,
    });
    const cooldowns = { scaleOutCooldown: Duration.minutes(3), scaleInCooldown: Duration.minutes(15) };
    count.scaleToTrackCustomMetric('Clients', {
      metric: metric('emitter', 'tickcast_clients', 'Average'),
      targetValue: parameters.clientsPerEmitter,
      ...cooldowns,
    });
    count.scaleToTrackCustomMetric('Bytes', {
      metric: metric('emitter', 'tickcast_sent_bytes_total', 'Average'),
      targetValue: parameters.emitterBytesPerMinute,
      ...cooldowns,
    });
  }
}
