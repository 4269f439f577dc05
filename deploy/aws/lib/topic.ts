// SPDX-License-Identifier: Apache-2.0
//
// Topic: Amazon MSK, a broker in each zone, reached with SASL/SCRAM over TLS. One user for producers and one
// for emitters, each in a secret that only its role reads. The producers make the topic themselves.

import { Aws, CustomResource, Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as msk from 'aws-cdk-lib/aws-msk';
import * as secrets from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { Network, zones } from './network.ts';
import type { Parameters } from './parameters.ts';

export const saslPort = 9096;

export type Role = 'producer' | 'emitter';

// CloudFormation does not tell a cluster's addresses, so a function asks for them.
const askForBrokers = `import boto3, cfnresponse
def handler(event, context):
    try:
        data = {}
        if event["RequestType"] != "Delete":
            cluster = event["ResourceProperties"]["Cluster"]
            answer = boto3.client("kafka").get_bootstrap_brokers(ClusterArn=cluster)
            data = {"Brokers": answer["BootstrapBrokerStringSaslScram"]}
        cfnresponse.send(event, context, cfnresponse.SUCCESS, data, "brokers")
    except Exception as error:
        cfnresponse.send(event, context, cfnresponse.FAILED, {}, "brokers", reason=str(error))
`;

export class Topic extends Construct {
  readonly group: ec2.SecurityGroup;
  readonly brokers: string; // host:port,host:port,host:port
  readonly clusterName: string;
  readonly users: Record<Role, secrets.Secret>;

  constructor(scope: Construct, id: string, network: Network, key: kms.Key, parameters: Parameters) {
    super(scope, id);
    this.group = network.closedGroup('Brokers', 'Kafka brokers');
    this.clusterName = Aws.STACK_NAME;

    const configuration = new msk.CfnConfiguration(this, 'Configuration', {
      name: this.clusterName,
      // min.insync.replicas of 2 out of 3: a zone may be lost without losing a record or a write.
      serverProperties: [
        'auto.create.topics.enable=false',
        'default.replication.factor=3',
        'min.insync.replicas=2',
        'num.partitions=1',
        'unclean.leader.election.enable=false',
        'log.retention.minutes=10',
        '',
      ].join('\n'),
    });
    const cluster = new msk.CfnCluster(this, 'Cluster', {
      clusterName: this.clusterName,
      kafkaVersion: parameters.kafkaVersion,
      numberOfBrokerNodes: zones,
      brokerNodeGroupInfo: {
        instanceType: parameters.kafkaInstanceType,
        clientSubnets: network.vpc.selectSubnets({ subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS }).subnetIds,
        securityGroups: [this.group.securityGroupId],
        // 10 minutes of 1.2 MB/s are 0.7 GB; the rest is for segments not yet deleted, and MSK's own.
        storageInfo: { ebsStorageInfo: { volumeSize: 50 } },
      },
      configurationInfo: { arn: configuration.attrArn, revision: configuration.attrLatestRevisionRevision },
      clientAuthentication: { sasl: { scram: { enabled: true }, iam: { enabled: false } }, unauthenticated: { enabled: false } },
      encryptionInfo: {
        encryptionAtRest: { dataVolumeKmsKeyId: key.keyArn },
        encryptionInTransit: { clientBroker: 'TLS', inCluster: true },
      },
      enhancedMonitoring: 'PER_BROKER',
      loggingInfo: {
        brokerLogs: {
          cloudWatchLogs: {
            enabled: true,
            logGroup: new logs.LogGroup(this, 'Log', {
              retention: logs.RetentionDays.ONE_WEEK,
              removalPolicy: RemovalPolicy.DESTROY,
            }).logGroupName,
          },
        },
      },
    });

    this.users = { producer: this.user('producer', key), emitter: this.user('emitter', key) };
    const accepted = new msk.CfnBatchScramSecret(this, 'Users', {
      clusterArn: cluster.ref,
      secretArnList: [this.users.producer.secretArn, this.users.emitter.secretArn],
    });

    this.brokers = this.askForBrokers(cluster);
    // Whoever needs the addresses also needs the users to be there.
    this.node.findChild('Addresses').node.addDependency(accepted);
  }

  // MSK asks for the name's prefix and for a key of the account's own.
  private user(role: Role, key: kms.Key): secrets.Secret {
    return new secrets.Secret(this, role, {
      secretName: `AmazonMSK_${Aws.STACK_NAME}_${role}`,
      description: `What a ${role} signs in to Kafka with`,
      encryptionKey: key,
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ username: role }),
        generateStringKey: 'password',
        passwordLength: 40,
        excludePunctuation: true, // it becomes a line of librdkafka's settings
      },
    });
  }

  private askForBrokers(cluster: msk.CfnCluster): string {
    const role = new iam.Role(this, 'AskRole', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
    const log = new logs.LogGroup(this, 'AskLog', {
      retention: logs.RetentionDays.ONE_WEEK,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    log.grantWrite(role);
    role.addToPolicy(new iam.PolicyStatement({ actions: ['kafka:GetBootstrapBrokers'], resources: [cluster.ref] }));
    const ask = new lambda.Function(this, 'Ask', {
      runtime: lambda.Runtime.PYTHON_3_14,
      architecture: lambda.Architecture.ARM_64,
      handler: 'index.handler',
      code: lambda.Code.fromInline(askForBrokers),
      timeout: Duration.seconds(30),
      role,
      logGroup: log,
    });
    // The CDK names the role twice, by its ARN and as a dependency.
    (ask.node.defaultChild as lambda.CfnFunction).addMetadata('cfn-lint', { config: { ignore_checks: ['W3005'] } });
    const addresses = new CustomResource(this, 'Addresses', {
      serviceToken: ask.functionArn,
      // Asked again when the brokers change.
      properties: { Cluster: cluster.ref, Version: cluster.kafkaVersion },
    });
    return addresses.getAttString('Brokers');
  }
}

// The container's environment for librdkafka's settings; the password is never in the template.
export const kafkaSettings = ['security.protocol=SASL_SSL', 'sasl.mechanisms=SCRAM-SHA-512'].join('\n');
