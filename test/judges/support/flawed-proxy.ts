/** Stands before a gateway and makes of its first answers what networks and loaded gateways make of them. */
import {once} from 'node:events';
import {createServer} from 'node:http';
import type {IncomingMessage, ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';

/** An answer instead of the gateway's, which never sees the request; or the gateway's answer, lost on its way back. */
export type Flaw =
  | {readonly status: number; readonly headers?: Readonly<Record<string, string>>}
  | 'answer-lost';

/** What became of one request. */
export interface Attempt {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** The gateway's, as it gave it; `null` when it was not asked. */
  readonly answered: {readonly status: number; readonly body: string} | null;
}

export interface FlawedProxy {
  readonly url: string;
  readonly attempts: readonly Attempt[];
  end(): Promise<void>;
}

/** The first requests meet `flaws` in their order; those after them are passed on. */
export async function startFlawedProxy(
  target: string,
  flaws: readonly Flaw[],
): Promise<FlawedProxy> {
  const attempts: Attempt[] = [];
  const waiting = [...flaws];
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const flaw = waiting.shift();
    const body = await textOf(request);
    if (flaw !== undefined && flaw !== 'answer-lost') {
      attempts.push({headers: request.headers, body, answered: null});
      response.writeHead(flaw.status, flaw.headers).end();
      return;
    }
    const answer = await fetch(`${target}${request.url!}`, {
      method: request.method!,
      body,
      headers: {
        authorization: request.headers.authorization ?? '',
        'content-type': request.headers['content-type'] ?? '',
      },
    });
    const answered = {status: answer.status, body: await answer.text()};
    attempts.push({headers: request.headers, body, answered});
    if (flaw === 'answer-lost') request.socket.destroy();
    else response.writeHead(answered.status, Object.fromEntries(answer.headers)).end(answered.body);
  };
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    attempts,
    async end() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
