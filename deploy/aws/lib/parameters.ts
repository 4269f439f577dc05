// SPDX-License-Identifier: Apache-2.0
//
// What whoever deploys may choose, as parameters of the template. Everything else is decided in the code, with
// its reason. docs/explanation/architecture-aws.md derives the sizes.

import { CfnCondition, CfnParameter, Fn } from 'aws-cdk-lib';
import { Construct } from 'constructs';

export class Parameters extends Construct {
  readonly repository = this.text('Repository', 'tickcast', 'ECR repository of the image, in this account and region');
  readonly imageTag = this.text('ImageTag', undefined, 'Tag of the image in it; built for arm64');
  readonly certificate = this.parameter('Certificate', {
    type: 'String',
    description: 'ARN of a secret of this region: {"certificate": "PEM, the chain behind it", "key": "PEM"}',
    allowedPattern: 'arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+-[A-Za-z0-9]{6}',
    constraintDescription: 'the whole ARN of a secret, with the six letters at its end',
  }).valueAsString;
  readonly alarmEmail = this.text('AlarmEmail', '', 'Told of every alarm, once it has confirmed. Empty: nobody');

  readonly emitterInstanceType = this.graviton(
    'EmitterInstanceType', 'c7g.2xlarge', 'Host of one emitter. Its baseline bandwidth bounds EmitterBytesPerMinute');
  readonly emittersMin = this.number('EmittersMin', 3, 3, 1000, 'Emitters at least: one in each zone');
  readonly emittersMax = this.number('EmittersMax', 24, 3, 1000, 'Emitters at most');
  readonly emitterHostsMax = this.number(
    'EmitterHostsMax', 36, 3, 1500, '1.5 times EmittersMax: a deployment starts new emitters before it stops old ones');
  readonly clientsPerEmitter = this.number(
    'ClientsPerEmitter', 60_000, 100, 1_000_000, 'Emitters are added when the average has more clients');
  readonly clientsMax = this.number(
    'ClientsMax', 100_000, 100, 1_000_000,
    'An emitter refuses further clients (503). At least 1.5 times ClientsPerEmitter: two zones then carry three');
  readonly emitterBytesPerMinute = this.number(
    'EmitterBytesPerMinute', 16_800_000_000, 1_000_000, 1_000_000_000_000,
    'Emitters are added when the average sends more. 60 % of c7g.2xlarge: 3.75 Gbit/s / 8 x 60 s x 0.6');

  readonly producerInstanceType = this.graviton('ProducerInstanceType', 'c7g.large', 'Host of one producer');

  readonly kafkaVersion = this.text('KafkaVersion', '4.1.x.kraft', 'As MSK names it');
  readonly kafkaInstanceType = this.text(
    'KafkaInstanceType', 'kafka.m7g.large', 'One broker in each zone; one of them serves the topic to every emitter');

  readonly hasAlarmEmail = this.given('HasAlarmEmail', this.alarmEmail);

  // Parameters are named as they are here, without the path of this construct.
  private parameter(name: string, props: ConstructorParameters<typeof CfnParameter>[2]): CfnParameter {
    const parameter = new CfnParameter(this, name, props);
    parameter.overrideLogicalId(name);
    return parameter;
  }
  private text(name: string, preset: string | undefined, description: string): string {
    return this.parameter(name, {
      type: 'String', default: preset, description, ...(preset === undefined && { minLength: 1 }),
    }).valueAsString;
  }
  private number(name: string, preset: number, least: number, most: number, description: string): number {
    return this.parameter(name, {
      type: 'Number', default: preset, minValue: least, maxValue: most, description,
    }).valueAsNumber;
  }
  private graviton(name: string, preset: string, description: string): string {
    return this.parameter(name, {
      type: 'String', default: preset, description,
      allowedPattern: '[a-z]+[0-9]+g[a-z]*\\.[a-z0-9]+',
      constraintDescription: 'a Graviton instance type, as c7g.2xlarge: the image is built for arm64',
    }).valueAsString;
  }
  private given(name: string, value: string): CfnCondition {
    const condition = new CfnCondition(this, name, { expression: Fn.conditionNot(Fn.conditionEquals(value, '')) });
    condition.overrideLogicalId(name);
    return condition;
  }
}
