import {ForebayError} from '../src/lib/errors.ts';

const ASK_DEADLINE_MS = 2_000;

/** Asks the URL of a refused WebSocket handshake once more without the upgrade, to learn why, in words. */
export async function whyRefused(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<ForebayError> {
  try {
    const response = await fetch(url, {headers, signal: AbortSignal.timeout(ASK_DEADLINE_MS)});
    await response.body?.cancel();
    return new ForebayError({
      code: 'GATEWAY_REFUSED',
      message: `the gateway refused a connection to ${new URL(url).pathname} (${response.status})`,
      hint: hintFor(response.status),
      isRetryable: true,
    });
  } catch (cause) {
    return new ForebayError({
      code: 'GATEWAY_UNREACHABLE',
      message: `no gateway answers at ${new URL(url).origin}`,
      hint: 'start the gateway, or set FOREBAY_GATEWAY_URL to where it is',
      cause,
      isRetryable: true,
    });
  }
}

function hintFor(status: number): string {
  if (status === 401 || status === 403)
    return 'FOREBAY_DRAIN_KEY must be a key of this gateway with the scope drain';
  if (status === 404) return 'gateway and drain must run the same pipeline';
  return 'see the gateway’s log';
}
