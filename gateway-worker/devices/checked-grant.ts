import type {Gateway} from '../gateway.ts';
import type {RequestScope} from '../request-scope.ts';
import {authenticate} from '../verify/authenticate.ts';
import type {Grant} from '../verify/grant.ts';
import {RECHECK_MS} from './device-limits.ts';

/** The grant of a socket's credentials, asked for again now and then: keys are revoked and expire while devices stay. */
export class CheckedGrant {
  readonly #gateway: Gateway;
  readonly #token: string;
  #grant: Grant | null = null;
  #checkedMs = 0;

  constructor(gateway: Gateway, token: string) {
    this.#gateway = gateway;
    this.#token = token;
  }

  /** @throws Problem as authenticate does */
  async now(scope: RequestScope): Promise<Grant> {
    const nowMs = this.#gateway.nowMs();
    if (this.#grant !== null && nowMs - this.#checkedMs < RECHECK_MS) return this.#grant;
    this.#grant = await authenticate(this.#gateway, {token: this.#token}, scope);
    this.#checkedMs = nowMs;
    return this.#grant;
  }
}
