import {readFile} from 'node:fs/promises';
import {buffer} from 'node:stream/consumers';
import {usageError} from '../cli-error.ts';
import {gatewayRequest, TOLD_BY_EVENT} from '../gateway-request.ts';
import type {Verb, VerbCall} from '../verb.ts';

export const send: Verb = {
  name: 'send',
  summary: 'Sends a file of events, or what comes on stdin, to a stream.',
  usage: ['STREAM [FILE] [--ndjson] [--idempotency-key KEY]'],
  options: {
    ndjson: {
      type: 'boolean',
      description:
        'one event a line, as in files named .ndjson or .jsonl; else one JSON object or array',
    },
    'idempotency-key': {
      type: 'string',
      value: 'KEY',
      description: 'sent again under the same key, it adds nothing',
    },
  },
  async run(call) {
    const [stream, file, ...more] = call.positionals;
    if (stream === undefined || more.length > 0)
      throw usageError('send', 'name one stream and at most one file');
    const body =
      file === undefined || file === '-' ? await buffer(process.stdin) : await read(file);
    const {status, json} = await gatewayRequest(
      {
        url: `${call.settings.gatewayUrl}/v1/streams/${encodeURIComponent(stream)}`,
        method: 'POST',
        key: call.settings.sendKey(),
        body,
        headers: headersOf(call, file),
      },
      TOLD_BY_EVENT,
    );
    return {json, lines: JSON.stringify(json, undefined, 2).split('\n'), isFailure: status !== 202};
  },
};

async function read(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch {
    throw usageError('send', `the file ${file} cannot be read`);
  }
}

function headersOf({options}: VerbCall, file = ''): Record<string, string> {
  const key = options['idempotency-key'];
  const isLines = options['ndjson'] === true || /\.(?:ndjson|jsonl)$/.test(file);
  return {
    'content-type': isLines ? 'application/x-ndjson' : 'application/json',
    ...(typeof key === 'string' ? {'idempotency-key': JSON.stringify(key)} : {}),
  };
}
