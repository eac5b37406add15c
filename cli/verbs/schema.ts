import {gatewayRequest} from '../gateway-request.ts';
import {oneStream} from '../one-stream.ts';
import type {Verb} from '../verb.ts';

export const schema: Verb = {
  name: 'schema',
  summary: 'The JSON Schema of what a stream takes.',
  usage: ['STREAM'],
  options: {},
  async run(call) {
    const stream = encodeURIComponent(oneStream('schema', call));
    const url = `${call.settings.gatewayUrl}/v1/streams/${stream}/schema`;
    const {json} = await gatewayRequest({url});
    return {json, lines: JSON.stringify(json, undefined, 2).split('\n')};
  },
};
