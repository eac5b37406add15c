import {startJudgeRun} from './judge-run.ts';
import type {JudgeRun} from './judge-run.ts';

export const secrets = {
  STRIPE: 'whsec_the_new_one',
  STRIPE_OLD: 'whsec_the_old_one',
  GITHUB: "It's a Secret to Everybody",
  STANDARD: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  SVIX: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
  TWILIO: 'an auth token',
  SLACK: '8f742231b10e8888abcd99yyyzzz85a5',
};
export const FORM = 'application/x-www-form-urlencoded';
export const JSON_TYPE = {'content-type': 'application/json; charset=utf-8'};

export interface WebhookRun extends JudgeRun {
  /** `POST` to a source, as its provider does it. */
  deliver(source: string, body: string, headers: Record<string, string>): Promise<Response>;
}

/** A gateway that knows a source for each provider whose own library judges it. */
export async function startWebhookRun(): Promise<WebhookRun> {
  const run = await startJudgeRun({
    pipelinePath: 'test/judges/support/webhooks-pipeline.ts',
    secrets,
  });
  return {
    ...run,
    deliver: (source, body, headers) =>
      fetch(`${run.url}/v1/webhooks/${source}`, {method: 'POST', body, headers}),
  };
}
