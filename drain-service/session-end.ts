/** Why a session ended. */
export type SessionEnd =
  | {readonly kind: 'stopped'}
  | {readonly kind: 'failed' | 'fenced'; readonly error: Error};
