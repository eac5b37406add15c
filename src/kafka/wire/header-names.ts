/** Entries, a power of two. A topic has a few dozen header names at most; a name that misses is decoded as usual. */
const CACHE_SIZE = 512;
/** Slots tried for one name. Two names that shared a slot would evict each other for every record. */
const PROBES = 4;

interface CachedName {
  readonly bytes: Uint8Array;
  readonly name: string;
}

const cache: (CachedName | undefined)[] = Array.from({length: CACHE_SIZE});

/**
 * A header's name as a string. Records repeat the same few names millions of times, so names are looked up
 * by their bytes and neither decoded nor allocated again.
 */
export function headerName(bytes: Buffer, start: number, end: number): string {
  let hash = end - start;
  for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + (bytes[i] ?? 0)) | 0;
  let slot = hash & (CACHE_SIZE - 1);
  for (let probe = 0; probe < PROBES; probe++) {
    const probed = (hash + probe) & (CACHE_SIZE - 1);
    const cached = cache[probed];
    if (cached === undefined) {
      slot = probed;
      break;
    }
    if (equals(cached.bytes, bytes, start, end)) return cached.name;
  }
  const name = bytes.toString('utf8', start, end);
  // A copy: a slice would keep the whole fetch it came from in memory.
  cache[slot] = {bytes: Uint8Array.from(bytes.subarray(start, end)), name};
  return name;
}

// oxlint-disable-next-line max-params -- one call per header of every record: no options object here
function equals(cached: Uint8Array, bytes: Buffer, start: number, end: number): boolean {
  if (cached.length !== end - start) return false;
  for (let i = 0; i < cached.length; i++) {
    if (cached[i] !== bytes[start + i]) return false;
  }
  return true;
}
