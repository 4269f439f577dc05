// SPDX-License-Identifier: Apache-2.0
//
// Hosts: EC2 machines that ECS places tasks on, one group for each role, so that neither role's comings and
// goings touch the other. One task a host: it has the host's network to itself.

import { Duration } from 'aws-cdk-lib';
import * as autoscaling from 'aws-cdk-lib/aws-autoscaling';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { clientPort, Network } from './network.ts';

export interface HostsProps {
  network: Network;
  cluster: ecs.Cluster;
  group: ec2.SecurityGroup;
  subnets: ec2.SubnetSelection;
  publicAddress: boolean;
  instanceType: string;
  min: number;
  max: number;
}

// What a container on the host's network can't set for itself. Every line has its reason in
// docs/explanation/architecture-aws.md.
function tune(data: ec2.UserData): void {
  data.addCommands(
    "cat >/etc/sysctl.d/90-tickcast.conf <<'END'",
    'net.core.somaxconn = 65535',
    'net.ipv4.tcp_max_syn_backlog = 65535',
    'net.ipv4.tcp_slow_start_after_idle = 0',
    'net.netfilter.nf_conntrack_max = 1048576',
    'END',
    'modprobe nf_conntrack',
    'sysctl --system',
    `iptables -t raw -I PREROUTING -p tcp --dport ${clientPort} -j NOTRACK`,
    `iptables -t raw -I OUTPUT -p tcp --sport ${clientPort} -j NOTRACK`,
  );
}

export class Hosts extends Construct {
  readonly provider: ecs.AsgCapacityProvider;
  readonly autoScalingGroup: autoscaling.AutoScalingGroup;
  readonly role: iam.Role; // of each host
  readonly userData = ec2.UserData.forLinux(); // what each runs when it first starts

  constructor(scope: Construct, id: string, props: HostsProps) {
    super(scope, id);
    tune(this.userData);
    this.role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') });
    const template = new ec2.LaunchTemplate(this, 'Template', {
      instanceType: new ec2.InstanceType(props.instanceType),
      machineImage: ecs.EcsOptimizedImage.amazonLinux2023(ecs.AmiHardwareType.ARM),
      userData: this.userData,
      role: this.role,
      securityGroup: props.group,
      associatePublicIpAddress: props.publicAddress,
      requireImdsv2: true,
      httpPutResponseHopLimit: 1,
      detailedMonitoring: true,
      blockDevices: [
        {
          deviceName: '/dev/xvda',
          volume: ec2.BlockDeviceVolume.ebs(30, { encrypted: true, volumeType: ec2.EbsDeviceVolumeType.GP3 }),
        },
      ],
    });
    this.autoScalingGroup = new autoscaling.AutoScalingGroup(this, 'Group', {
      vpc: props.network.vpc,
      vpcSubnets: props.subnets,
      launchTemplate: template,
      minCapacity: props.min,
      maxCapacity: props.max,
      defaultInstanceWarmup: Duration.minutes(1),
    });
    this.provider = new ecs.AsgCapacityProvider(this, 'Provider', {
      autoScalingGroup: this.autoScalingGroup,
      enableManagedScaling: true,
      // A host goes when its task has been stopped in peace, and never for another reason.
      enableManagedTerminationProtection: true,
      enableManagedDraining: true,
      targetCapacityPercent: 100,
    });
    props.cluster.addAsgCapacityProvider(this.provider);
  }
}
