import {Problem} from '../answer/problem.ts';
import {concatBytes} from '../../src/lib/bytes.ts';
import {MAX_REQUEST_BYTES} from '../limits.ts';
import {EXPIRED} from '../deadline.ts';
import type {Deadline} from '../deadline.ts';

export type ContentEncoding = 'identity' | 'gzip' | 'deflate';

/** The encoding of a body; the platform hands bodies over as they came. */
export function contentEncodingOf(header: string | null): ContentEncoding {
  const name = (header ?? 'identity').trim().toLowerCase();
  if (name === '' || name === 'identity') return 'identity';
  if (name === 'gzip' || name === 'x-gzip') return 'gzip';
  if (name === 'deflate') return 'deflate';
  throw new Problem('unsupported-encoding', 'Content-Encoding may be gzip, deflate or absent', {
    headers: {'accept-encoding': 'gzip, deflate'},
  });
}

/** The body's raw bytes, once, as they were sent. Never more than MAX_REQUEST_BYTES are held. */
export async function readBody(request: Request, deadline: Deadline): Promise<Uint8Array> {
  const declared = request.headers.get('content-length');
  if (declared !== null && Number(declared) > MAX_REQUEST_BYTES) throw tooLarge();
  try {
    // HTTP itself ends a body at its declared length, so this one is bounded without counting.
    const body =
      declared === null
        ? await readCounted(request.body, deadline)
        : await deadline.race(request.arrayBuffer());
    if (body === EXPIRED) throw tooSlow();
    return body instanceof Uint8Array ? body : new Uint8Array(body);
  } catch (error) {
    if (error instanceof Problem) throw error;
    // The sender hung up, or its chunks are none: nothing anybody here should look at.
    throw new Problem('body-timeout', 'the body broke off; send all of it');
  }
}

/** The body as its sender wrote it, before any Content-Encoding. */
export async function readDecompressed(request: Request, deadline: Deadline): Promise<Uint8Array> {
  const encoding = contentEncodingOf(request.headers.get('content-encoding'));
  return decompress(await readBody(request, deadline), encoding, deadline);
}

/** Stops as soon as the decompressed bytes are too many: a bomb costs no more than a large request. */
export async function decompress(
  bytes: Uint8Array,
  encoding: ContentEncoding,
  deadline: Deadline,
): Promise<Uint8Array> {
  if (encoding === 'identity') return bytes;
  const source = new Blob([bytes]).stream();
  try {
    return await readCounted(source.pipeThrough(new DecompressionStream(encoding)), deadline);
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem('malformed-encoding', `the body is not whole ${encoding} data`);
  }
}

async function readCounted(
  stream: ReadableStream<Uint8Array> | null,
  deadline: Deadline,
): Promise<Uint8Array> {
  if (stream === null) return new Uint8Array(0);
  const reader = stream.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const read = await deadline.race(reader.read());
    if (read === EXPIRED) {
      cancel(reader);
      throw tooSlow();
    }
    if (read.done) break;
    length += read.value.byteLength;
    if (length > MAX_REQUEST_BYTES) {
      cancel(reader);
      throw tooLarge();
    }
    parts.push(read.value);
  }
  return parts.length === 1 ? parts[0]! : concatBytes(parts);
}

function cancel(reader: ReadableStreamDefaultReader<Uint8Array>): void {
  reader.cancel().catch(() => undefined);
}

function tooLarge(): Problem {
  return new Problem(
    'request-too-large',
    `a request has at most ${MAX_REQUEST_BYTES} bytes, compressed and decompressed`,
  );
}

function tooSlow(): Problem {
  return new Problem('body-timeout', 'send the whole body faster, or in smaller requests');
}
