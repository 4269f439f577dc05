// SPDX-License-Identifier: Apache-2.0
//
// Certificate: what emitters show to clients. TLS ends in the task, so certificate and key have to reach every host:
// from one secret, by host/tickcast-certificate, into a folder that the task has read-only. ACM's own certificates
// cannot: their keys do not leave it. docs/explanation/architecture-aws.md has the reasons and the failures.

import { readFileSync } from 'node:fs';
import { Aws } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Hosts } from './hosts.ts';
import { namespace } from './metrics.ts';

const folder = '/etc/tickcast/tls'; // on a host (its disk is encrypted) and in the task alike
const reader = 65532; // the image's group; see Dockerfile
const program = '/usr/local/sbin/tickcast-certificate';
const script = readFileSync(new URL('../../host/tickcast-certificate', import.meta.url), 'utf8');

export const daysLeft = 'certificate_days';

// The shell's last lines of a task: what the host has to say, if it has no certificate, and where it is.
export const warnOfProblem = `[ ! -r ${folder}/problem ] || cat ${folder}/problem >&2`;
export const tlsFlags = `--tls-certificate ${folder}/tls.pem --tls-key ${folder}/tls.pem`;

export function mountCertificate(task: ecs.Ec2TaskDefinition, container: ecs.ContainerDefinition): void {
  task.addVolume({ name: 'certificate', host: { sourcePath: folder } });
  container.addMountPoints({ sourceVolume: 'certificate', containerPath: folder, readOnly: true });
}

// ECS waits for a host's first script to end, so no task starts before the first fetch has been tried.
export function fetchCertificate(hosts: Hosts, secretArn: string, family: string): void {
  hosts.role.addToPolicy(new iam.PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [secretArn] }));
  hosts.role.addToPolicy(new iam.PolicyStatement({
    actions: ['cloudwatch:PutMetricData'],
    resources: ['*'], // it knows none
    conditions: { StringEquals: { 'cloudwatch:namespace': namespace } },
  }));
  const settings = {
    SECRET: secretArn, REGION: Aws.REGION, FAMILY: family, NAMESPACE: namespace, READER: reader, FOLDER: folder,
  };
  hosts.userData.addCommands(
    `cat >${program} <<'END'`, `${script}END`, `chmod 755 ${program}`,
    "cat >/etc/systemd/system/tickcast-certificate.service <<'END'",
    '[Unit]',
    'Description=Fetch the certificate that emitters show',
    'Wants=network-online.target',
    'After=network-online.target',
    '[Service]',
    'Type=oneshot',
    ...Object.entries(settings).map(([name, value]) => `Environment=${name}=${value}`),
    `ExecStart=${program}`,
    'TimeoutStartSec=300',
    'Restart=on-failure',
    'RestartSec=60',
    'END',
    "cat >/etc/systemd/system/tickcast-certificate.timer <<'END'",
    '[Timer]',
    'OnCalendar=daily',
    'RandomizedDelaySec=6h', // not every host at once; each at its own time of the day
    'FixedRandomDelay=true',
    'Persistent=true',
    '[Install]',
    'WantedBy=timers.target',
    'END',
    'systemctl daemon-reload',
    'systemctl enable --now tickcast-certificate.timer',
    'systemctl start tickcast-certificate.service',
  );
}

// The least of all hosts, once a day each.
export const daysLeftOfAll = (period: cloudwatch.MetricProps['period']) =>
  new cloudwatch.Metric({ namespace, metricName: daysLeft, dimensionsMap: { role: 'emitter' }, statistic: 'Minimum', period });
