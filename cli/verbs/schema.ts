import {gatewayRequest} from '../gateway-request.ts';
import {usageError} from '../cli-error.ts';
import type {Verb} from '../verb.ts';

export const schema: Verb = {
  name: 'schema',
  summary: 'The JSON Schema of what a stream takes.',
  usage: ['STREAM'],
  options: {},
  async run({positionals, settings}) {
    const [stream, ...more] = positionals;
    if (stream === undefined || more.length > 0) throw usageError('schema', 'name one stream');
    const url = `${settings.gatewayUrl}/v1/streams/${encodeURIComponent(stream)}/schema`;
    const {json} = await gatewayRequest({url});
    return {json, lines: JSON.stringify(json, undefined, 2).split('\n')};
  },
};
