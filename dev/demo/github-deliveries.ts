import {createHash} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {sign} from '@octokit/webhooks-methods';

/** A webhook delivery as GitHub sends it. */
export interface GithubDelivery {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface EventExamples {
  readonly name: string;
  readonly examples: readonly object[];
}

/** Every payload GitHub's webhooks are documented and tested with (npm `@octokit/webhooks-examples`), signed with `secret`. */
export async function* githubDeliveries(
  secret: string,
  fromDelivery = 0,
): AsyncGenerator<GithubDelivery> {
  const path = fileURLToPath(import.meta.resolve('@octokit/webhooks-examples'));
  const events: readonly EventExamples[] = JSON.parse(await readFile(path, 'utf8'));
  const deliveries = events.flatMap(({name, examples}) =>
    examples.map((payload, index) => ({name, id: `${name}/${index}`, payload})),
  );
  for (const {name, id, payload} of deliveries.slice(fromDelivery)) {
    const body = JSON.stringify(payload);
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'GitHub-Hookshot/forebay-demo',
      'x-github-event': name,
      'x-github-delivery': deliveryId(id),
      'x-hub-signature-256': await sign(secret, body),
    };
    yield {headers, body};
  }
}

/** GitHub's ids are UUIDs. The same example always has the same one, so that sending it again is a redelivery. */
function deliveryId(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
