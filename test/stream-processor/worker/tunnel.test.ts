/** What goes through a tunnel is what `fetch` would bring from a server. */
import {MessageChannel} from 'node:worker_threads';
import {afterEach, describe, expect, test} from 'vitest';
import {answerTunnel} from '../../../stream-processor/worker/answer-tunnel.ts';
import {TunnelAsker} from '../../../stream-processor/worker/tunnel-asker.ts';
import {MAX_REQUEST_BYTES} from '../../../stream-processor/worker/tunnel-frames.ts';
import {waitUntil} from '../../support/wait-until.ts';

const DEADLINE_MS = 5_000;
const URL_ASKED = 'http://worker/path?x=1';

const channels: MessageChannel[] = [];
afterEach(() => channels.splice(0).forEach(({port1}) => port1.close()));

function tunnelTo(answer: (request: Request) => Response | Promise<Response>): TunnelAsker {
  const channel = new MessageChannel();
  channels.push(channel);
  answerTunnel(channel.port2, answer);
  return new TunnelAsker(channel.port1);
}

/** Chunks for as long as they are asked for. */
class Endless {
  made = 0;
  isCancelled = false;
  readonly body = new ReadableStream<Uint8Array>(
    {
      pull: (controller) => controller.enqueue(new Uint8Array([this.made++])),
      cancel: () => {
        this.isCancelled = true;
      },
    },
    {highWaterMark: 0},
  );
}

describe('a tunnel', () => {
  test('carries method, address, headers and body there, and status, headers and body back', async () => {
    const asker = tunnelTo(async (request) => {
      const {method, url, headers} = request;
      const told = {method, url, kind: headers.get('x-kind'), body: await request.text()};
      return Response.json(told, {status: 418, headers: {'x-answer': 'yes'}});
    });
    const body = 'température';
    const response = await asker.fetch(
      new Request(URL_ASKED, {method: 'POST', headers: {'x-kind': 'test'}, body}),
    );
    expect(response.status).toBe(418);
    expect(response.headers.get('x-answer')).toBe('yes');
    expect(await response.json()).toEqual({method: 'POST', url: URL_ASKED, kind: 'test', body});
  });

  test('carries answers without a body, and many at once', async () => {
    const asker = tunnelTo((request) => {
      const number = new URL(request.url).searchParams.get('n');
      return number === '0' ? new Response(null, {status: 204}) : new Response(number);
    });
    const answers = await Promise.all(
      Array.from({length: 20}, (_, n) => asker.fetch(new Request(`http://worker/?n=${n}`))),
    );
    expect(answers[0]!.status).toBe(204);
    const texts = await Promise.all(answers.slice(1).map((answer) => answer.text()));
    expect(texts).toEqual(Array.from({length: 19}, (_, n) => String(n + 1)));
  });

  test('makes only as much of an answer as is read', async () => {
    const source = new Endless();
    const asker = tunnelTo(({url}) => new Response(url === URL_ASKED ? source.body : 'other'));
    const response = await asker.fetch(new Request(URL_ASKED));
    const reader = response.body!.getReader();
    for (let at = 0; at < 3; at++)
      expect((await reader.read()).value).toEqual(new Uint8Array([at]));
    // A round trip later still nobody has made more.
    await (await asker.fetch(new Request('http://worker/other'))).text();
    expect(source.made).toBe(3);
    await reader.cancel();
    await waitUntil('the answer to be cancelled', DEADLINE_MS, () => source.isCancelled);
  });

  test('passes an abort on, before and after the answer has begun', async () => {
    const source = new Endless();
    const seen: AbortSignal[] = [];
    const asker = tunnelTo((request) => {
      seen.push(request.signal);
      return request.url.endsWith('late') ? new Promise(() => {}) : new Response(source.body);
    });
    for (const path of ['late', 'begun']) {
      const abort = new AbortController();
      const asked = asker.fetch(new Request(`http://worker/${path}`, {signal: abort.signal}));
      const read = asked.then((response) => response.body!.getReader().read());
      if (path === 'begun') await read;
      else await waitUntil('the request to arrive', DEADLINE_MS, () => seen.length === 1);
      const outcome = read.then(
        () => 'read',
        (error: Error) => error.message,
      );
      abort.abort(new Error('enough'));
      await waitUntil('the abort to arrive', DEADLINE_MS, () => seen.at(-1)!.aborted);
      expect(await outcome).toBe(path === 'late' ? 'enough' : 'read');
    }
    await waitUntil('the answer to be cancelled', DEADLINE_MS, () => source.isCancelled);
  });

  test('says what went wrong at the other end, in the head and in the body', async () => {
    const asker = tunnelTo((request) => {
      if (request.url.endsWith('head')) throw new Error('no head');
      return new Response(
        new ReadableStream({pull: (controller) => controller.error(new Error('no body'))}),
      );
    });
    await expect(asker.fetch(new Request('http://worker/head'))).rejects.toThrow('no head');
    const response = await asker.fetch(new Request('http://worker/body'));
    await expect(response.text()).rejects.toThrow('no body');
  });

  test('ends what is open when the other thread ends', async () => {
    const asker = tunnelTo(() => new Promise(() => {}));
    const asked = asker.fetch(new Request(URL_ASKED));
    await Promise.all([
      expect(asked).rejects.toMatchObject({code: 'TUNNEL_FAILED'}),
      Promise.resolve().then(() => channels[0]!.port2.close()),
    ]);
  });

  test('refuses a request that is too large', async () => {
    const asker = tunnelTo(() => new Response());
    const body = new Uint8Array(MAX_REQUEST_BYTES + 1);
    await expect(asker.fetch(new Request(URL_ASKED, {method: 'POST', body}))).rejects.toMatchObject(
      {code: 'TUNNEL_REQUEST_TOO_LARGE'},
    );
  });
});
