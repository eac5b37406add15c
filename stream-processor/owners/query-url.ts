export interface QueryUrlOptions {
  /** What the operator says; empty for nothing. */
  readonly configured: string;
  /** The address it listens on. */
  readonly host: string;
  readonly port: number;
  readonly hostname: string;
}

const ANY_ADDRESS = new Set(['0.0.0.0', '::']);

/** Where other replicas reach the queries of this one. */
export function queryUrl({configured, host, port, hostname}: QueryUrlOptions): string {
  if (configured !== '') return configured;
  const name = ANY_ADDRESS.has(host) ? hostname : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}
