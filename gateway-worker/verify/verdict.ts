import type {Grant} from './grant.ts';

/** Not even right credentials of this kind could be told from wrong ones: a secret or the keys are missing. */
export const NOT_CONFIGURED = Symbol('not configured');

/** What a verifier says of credentials: whose they are; `null` for wrong ones, whatever is wrong. */
export type Verdict = Grant | null | typeof NOT_CONFIGURED;

/** How far the clocks of those who issue and those who verify may be apart. */
export const LEEWAY_MS = 60_000;
