// SPDX-License-Identifier: Apache-2.0
//
// The CDK application: one stack, checked by cdk-nag whenever it is synthesised. A finding that is neither
// fixed nor explained (lib/exceptions.ts) ends the synthesis with an error.
//
//   npx tsc && node build/app.js     writes the cloud assembly to cdk.out (CDK_OUTDIR), as `cdk synth` does

import { fileURLToPath } from 'node:url';
import { App, DefaultStackSynthesizer, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { explainExceptions } from './lib/exceptions.ts';
import { TickcastStack } from './lib/stack.ts';

export const stackName = 'tickcast';

// The market's region: Tokyo, where Binance's own servers are. Another one: CDK_REGION.
export const region = process.env.CDK_REGION || 'ap-northeast-1';

// Without the explanations for a test that compares them with what there is to explain.
export function createApp(outdir?: string, explained = true): App {
  const app = new App({ outdir, analyticsReporting: false, treeMetadata: false });
  const stack = new TickcastStack(app, stackName, {
    env: { region },
    description: 'tickcast: best bid and ask of every symbol, from the exchange through Kafka to WebSocket clients',
    // The template stands alone: no bootstrap stack, no assets, so it can be deployed without the CDK too.
    synthesizer: new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }),
  });
  if (explained) explainExceptions(stack);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return app;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) createApp(process.env.CDK_OUTDIR).synth();
