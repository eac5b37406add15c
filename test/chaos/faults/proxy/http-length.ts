/** What is known of an HTTP/1.1 message's end: its bytes, that more must come, or that it lasts until the connection ends. */
export type HttpLength = number | 'incomplete' | 'until-close';

const END_OF_HEAD = '\r\n\r\n';

/** @returns the head with its blank line, when it is there whole */
export function httpHead(bytes: Buffer): string | undefined {
  const end = bytes.indexOf(END_OF_HEAD);
  return end < 0 ? undefined : bytes.toString('latin1', 0, end + END_OF_HEAD.length);
}

/** The length of the first message of `bytes`, head included (RFC 9112 §6.3). `requestMethod`: of answers, what they answer. */
export function httpLength(bytes: Buffer, head: string, requestMethod?: string): HttpLength {
  const isAnswer = requestMethod !== undefined;
  const status = isAnswer ? Number(head.slice(9, 12)) : 0;
  const hasNoBody = isAnswer && (requestMethod === 'HEAD' || status === 204 || status === 304);
  if (hasNoBody) return head.length;
  if (/\r\ntransfer-encoding:[^\r]*chunked/i.test(head)) return chunkedLength(bytes, head.length);
  const declared = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (declared === undefined) return isAnswer ? 'until-close' : head.length;
  const end = head.length + Number(declared);
  return bytes.length < end ? 'incomplete' : end;
}

function chunkedLength(bytes: Buffer, start: number): HttpLength {
  for (let at = start; ;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return 'incomplete';
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    at = lineEnd + 2 + size + 2;
    if (bytes.length < at) return 'incomplete';
    if (size === 0) return at;
  }
}
