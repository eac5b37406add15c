import {DurableObject} from 'cloudflare:workers';

/** The price of one hop: every request makes one call to a Durable Object that does nothing. */
export class Empty extends DurableObject {
  call() {
    return 1;
  }
}

const OBJECTS = 4;
let next = 0;

export default {
  async fetch(request, env) {
    next = (next + 1) % OBJECTS;
    await env.EMPTY.getByName(`empty-${next}`).call();
    return new Response('{"accepted":1}', {status: 202});
  },
};
