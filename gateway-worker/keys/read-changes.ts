import {withTimeout} from '../../src/lib/with-timeout.ts';
import type {Env} from '../env.ts';
import {KEYS_OBJECT, KEYS_PER_PAGE} from './keys-protocol.ts';
import type {Changes, CopiedKey, CopyState} from './keys-protocol.ts';

/** The registry keeps some 20,000 rows; changes while it is read add a few. */
const MAX_PAGES = Math.ceil(40_000 / KEYS_PER_PAGE);

export interface ReadOptions {
  readonly copy: CopyState | null;
  /** Id → minute of its last use. */
  readonly used: ReadonlyMap<string, number>;
  readonly timeoutMs: number;
}

/** All that is new to the copy. @throws when the registry does not answer in time */
export function readChanges(env: Env, options: ReadOptions): Promise<Omit<Changes, 'hasMore'>> {
  const {timeoutMs} = options;
  return withTimeout(readPages(env, options), {what: 'reading the keys', timeoutMs});
}

async function readPages(env: Env, {copy, used}: ReadOptions): Promise<Omit<Changes, 'hasMore'>> {
  const keys: CopiedKey[] = [];
  let afterVersion: number | null = null;
  let first: Changes | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const changes: Changes = await env.KEYS.getByName(KEYS_OBJECT).changes({
      copy,
      afterVersion,
      used: page === 0 ? [...used] : [],
    });
    first ??= changes;
    if (changes.isWhole !== first.isWhole || changes.state.incarnation !== first.state.incarnation)
      throw new Error('the registry began anew while it was read');
    keys.push(...changes.keys);
    if (!changes.hasMore) return {keys, state: changes.state, isWhole: changes.isWhole};
    afterVersion = keys.at(-1)?.version ?? null;
  }
  throw new Error(`the registry has over ${MAX_PAGES} pages`);
}
