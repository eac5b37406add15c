/**
 * The one error class for what is expected to go wrong. A programmer's mistake is an assertion instead.
 * `code` is stable and part of what operators grep for; `hint` names the fix.
 */
export class ForebayError extends Error {
  override readonly name = 'ForebayError';
  readonly code: string;
  readonly hint: string | undefined;
  readonly isRetryable: boolean;

  constructor(options: ForebayErrorOptions) {
    super(options.message, {cause: options.cause});
    this.code = options.code;
    this.hint = options.hint;
    this.isRetryable = options.isRetryable ?? false;
  }
}

export interface ForebayErrorOptions {
  /** UPPER_SNAKE: a noun, then the fact. */
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  readonly isRetryable?: boolean | undefined;
}

/** Any thrown value as an `Error`. */
export function toError(value: unknown): Error {
  return value instanceof Error ? value : new Error(String(value));
}

/** One line for a log: code, message, the chain of causes, and what to do. */
export function describeError(value: unknown): string {
  const parts: string[] = [];
  for (let error: unknown = value; error !== undefined && error !== null && parts.length < 4;) {
    const {code, message, cause} = toError(error) as Error & {code?: string};
    parts.push(code === undefined ? message : `${code}: ${message}`);
    error = cause;
  }
  const hint = value instanceof ForebayError && value.hint !== undefined ? ` (${value.hint})` : '';
  return parts.join(' <- ') + hint;
}
