import type {Gateway} from './gateway.ts';
import type {Operation} from './openapi/operation.ts';
import type {RequestScope} from './request-scope.ts';
import type {Grant} from './verify/grant.ts';

/** One request on its way to a handler. */
export interface Call {
  readonly gateway: Gateway;
  readonly request: Request;
  /** Of the path. */
  readonly params: Readonly<Record<string, string>>;
  readonly scope: RequestScope;
  /** Whose key let it in, where the route's access asks for one. */
  readonly grant?: Grant;
}

/**
 * Who may come in. `admin` and `drain`: a key with that scope, checked before the handler runs. `sender`: credentials of a
 * stream, checked by the handler, which knows where its dialect puts them. `signature`: signed by a webhook's provider.
 */
export type Access = 'public' | 'sender' | 'signature' | 'admin' | 'drain';

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE' | 'OPTIONS';
  /** As Hono writes it: `/v1/streams/:stream`. */
  readonly path: string;
  readonly access: Access;
  readonly operation: Operation;
  readonly handle: (call: Call) => Promise<Response> | Response;
}

/** @throws when the path of the route has no such parameter: a mistake of the route's author */
export function param({params}: Call, name: string): string {
  const value = params[name];
  if (value === undefined) throw new Error(`the route has no parameter ${name}`);
  return value;
}
