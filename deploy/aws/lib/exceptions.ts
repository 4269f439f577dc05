// SPDX-License-Identifier: Apache-2.0
//
// Findings of cdk-nag that are not fixed, each with why. An exception holds for the constructs named beside it
// and what is in them; the same finding elsewhere still ends the synthesis. test/ counts that none is unused.

import { Validations, type Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

interface Exception {
  rule: string;
  where: string[]; // paths below the stack
  reason: string;
}

export const exceptions: Exception[] = [
  {
    rule: 'AwsSolutions-L1',
    where: ['Topic/Ask'],
    reason: 'One Python behind the newest, which not every region has at once. A dozen lines that run when the stack changes.',
  },
  {
    rule: 'AwsSolutions-SMG4',
    where: ['Topic/producer', 'Topic/emitter'],
    reason:
      'MSK takes a new password at once and cuts nobody off, but tasks read it when they start: rotating is a deployment, ' +
      'as docs/how-to/deploy-aws.md tells, and not a schedule that would restart every emitter.',
  },
  {
    rule: 'AwsSolutions-IAM5[Resource::*]',
    where: ['Producers/Task/ExecutionRole', 'Emitters/Task/ExecutionRole'],
    reason: 'ecr:GetAuthorizationToken knows no resource. Pulling is allowed from one repository only.',
  },
  {
    rule: 'AwsSolutions-IAM5[Resource::*]',
    where: ['Producers/Hosts/Role', 'Emitters/Hosts/Role'],
    reason:
      'Of the ECS agent on a host: ecs:DiscoverPollEndpoint, and the like that know no resource. The rest is bound to the cluster by a condition, ' +
      'and cloudwatch:PutMetricData of the certificate to its namespace.',
  },
  {
    rule: 'AwsSolutions-IAM5[Action::ecs:Submit*]',
    where: ['Producers/Hosts/Role', 'Emitters/Hosts/Role'],
    reason: 'The three state changes that the ECS agent submits, on this cluster.',
  },
  {
    rule: 'AwsSolutions-AS3',
    where: ['Producers/Hosts/Group', 'Emitters/Hosts/Group'],
    reason: 'Hosts come and go all day as clients do. What matters to people is in the alarms.',
  },
  {
    rule: 'AwsSolutions-ECS2',
    where: ['Producers/Task', 'Emitters/Task'],
    reason: 'Settings, none of them secret. User and password come from Secrets Manager.',
  },
  {
    rule: 'AwsSolutions-ELB2',
    where: ['Producers/Lane', 'Emitters/Balancer'],
    reason:
      'A Network Load Balancer logs TLS handshakes, nothing of TCP: a record for every reconnect of every client, ' +
      'which the counters of the emitters already tell. Worth a bucket where an audit asks for it.',
  },
  {
    rule: 'AwsSolutions-EC23',
    where: ['Emitters/FromAnywhere'],
    reason: 'Where the public connects: one port, to the balancer alone.',
  },
];

export function explainExceptions(stack: Stack): void {
  for (const { rule, where, reason } of exceptions)
    for (const path of where) {
      const construct = path.split('/').reduce((parent, id) => parent.node.findChild(id), stack as IConstruct);
      Validations.of(construct).acknowledge({ id: rule, reason });
    }
}
