/** The price of reading: every request's body is read and parsed, and nothing else. */
export default {
  async fetch(request) {
    const events = JSON.parse(await request.text());
    return new Response(`{"accepted":${events.length}}`, {status: 202});
  },
};
