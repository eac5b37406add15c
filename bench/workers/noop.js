/** The price of a request: reads nothing, answers a fixed body. */
export default {
  fetch: () => new Response('{"accepted":1}', {status: 202}),
};
