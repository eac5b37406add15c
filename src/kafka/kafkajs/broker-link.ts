import type {ConnectionOptions} from 'node:tls';
import Connection, {type Exchange, type Logger} from 'kafkajs/src/network/connection.js';
import createSocketFactory from 'kafkajs/src/network/socketFactory.js';
import protocol, {type Definition} from 'kafkajs/src/protocol/requests/index.js';
import {ForebayError, toError} from '../../lib/errors.ts';
import type {KafkaOptions, KafkaSasl} from '../ports.ts';
import {withDeadline} from '../with-deadline.ts';
import {isAnswered, isWorthRetrying, throwOnCode} from './broker-error.ts';

export interface Place {
  readonly host: string;
  readonly port: number;
}

/** A request of our own making; what the library encodes well goes through `BrokerLink.request`. */
export interface RawRequest<Answer> {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly apiName: string;
  readonly body: Buffer;
  readonly decode: (payload: Buffer) => Answer;
}

interface VersionRange {
  readonly minVersion: number;
  readonly maxVersion: number;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** Connecting, TLS, versions and SASL together. */
const OPEN_TIMEOUT_MS = 10_000;
/** Of an authentication's life (KIP-368), how much a link uses. */
const SESSION_SHARE = 0.8;
/**
 * The library would authenticate again 10 s before the end: in a short session at every request, which a broker
 * refuses. A link ends instead, and the next one authenticates.
 */
const NEVER_MS = -(2 ** 50);
export const REQUEST_TIMEOUT_MS = 15_000;

const SILENT: Logger = {
  namespace: () => SILENT,
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
};

/** The library's word. */
const DISCONNECTED = 'disconnected';

const createSocket = createSocketFactory();

/**
 * One connection to one broker: the library's connection, authentication and requests, with our own deadlines.
 *
 * Invariant: a link that failed in any way but a broker's answer is closed and never used again, so an answer
 * cannot be taken for another request's. Nothing is retried here.
 */
export class BrokerLink {
  readonly #connection: Connection;
  readonly #closed = Promise.withResolvers<never>();
  readonly #ready: Promise<void>;
  #versions: Readonly<Record<number, VersionRange>> = {};
  #isClosed = false;
  #isRetired = false;
  #underWay = 0;
  #endsAtMs = Infinity;

  constructor(place: Place, options: KafkaOptions) {
    this.#connection = newConnection(place, options);
    this.#closed.promise.catch(() => {});
    // The library's promise stays open when a broker hangs up during the handshake, hence the race.
    this.#ready = withDeadline(Promise.race([this.#open(), this.#closed.promise]), OPEN_TIMEOUT_MS);
    this.#ready.catch((error: unknown) => this.close(error));
  }

  /** Whether new requests may be sent: it is not closed, and its authentication holds for some more time. */
  get isUsable(): boolean {
    return !this.#isClosed && !this.#isRetired && Date.now() < this.#endsAtMs;
  }

  /** Closes it once what is under way is answered. */
  retire(): void {
    this.#isRetired = true;
    if (this.#underWay === 0) this.close();
  }

  /** In the newest version both sides know. The answer is as decoded, with its error codes. */
  async request<Arguments, Answer>(
    definition: Definition<Arguments, Answer>,
    options: Arguments,
    timeoutMs = REQUEST_TIMEOUT_MS,
  ): Promise<Answer> {
    await this.#ready;
    return await this.#send(this.#newest(definition, options), timeoutMs);
  }

  async send<Answer>(raw: RawRequest<Answer>, timeoutMs = REQUEST_TIMEOUT_MS): Promise<Answer> {
    await this.#ready;
    this.#checkVersion(raw);
    const {apiKey, apiVersion, apiName, body, decode} = raw;
    const encode = async (): Promise<{buf: Buffer; buffer: Buffer}> => ({buf: body, buffer: body});
    const exchange: Exchange<Answer> = {
      request: {apiKey, apiVersion, apiName, encode},
      response: {
        decode: async (payload) => decode(payload),
        parse: async (answer) => answer as Answer,
      },
    };
    return await this.#send(exchange, timeoutMs);
  }

  close(cause?: unknown): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const error = closedError(cause);
    this.#closed.reject(error);
    // What is being encoded just now is refused before it is written.
    this.#connection.connectionStatus = DISCONNECTED;
    this.#connection.requestQueue.rejectAll(error);
    this.#connection.requestQueue.destroy();
    this.#connection.socket?.destroy();
  }

  async #open(): Promise<void> {
    const connection = this.#connection;
    const connecting = connection.connect();
    connection.socket?.setNoDelay(true);
    // A broker that hangs up during authentication would pass for one that denies it: being closed is told first.
    connection.socket?.once('end', () => this.close());
    connection.socket?.once('error', (error) => this.close(error));
    // The library listens for those two; a socket can close without either.
    connection.socket?.once('close', () => this.close());
    await connecting;
    quietQueue(connection);
    // Version 0 is what a broker answers even to a request for a version it does not know (KIP-511).
    const exchange = protocol.requests.ApiVersions.protocol({version: 0})(undefined);
    const answer = await connection.send(withoutThrowing(exchange));
    throwOnCode(answer.errorCode);
    this.#versions = Object.fromEntries(answer.apiVersions.map((v) => [v.apiKey, v]));
    connection.setVersions(this.#versions);
    connection.setSupportAuthenticationProtocol(true);
    await connection.authenticate();
    const lifetimeMs = connection.sessionLifetime.toInt();
    if (lifetimeMs > 0) this.#endsAtMs = Date.now() + SESSION_SHARE * lifetimeMs;
  }

  async #send<Answer>(exchange: Exchange<Answer>, timeoutMs: number): Promise<Answer> {
    if (this.#isClosed) throw closedError();
    this.#underWay += 1;
    try {
      return await withDeadline(this.#connection.send(withoutThrowing(exchange)), timeoutMs);
    } catch (error) {
      if (!isAnswered(error)) this.close(error);
      throw error;
    } finally {
      this.#underWay -= 1;
      if (this.#isRetired) this.retire();
    }
  }

  #newest<Arguments, Answer>(
    definition: Definition<Arguments, Answer>,
    options: Arguments,
  ): Exchange<Answer> {
    const newest = Math.max(...definition.versions.map(Number));
    // Any version of a request tells its key.
    const {apiKey, apiName} = definition.protocol({version: newest})(options).request;
    const version = Math.min(newest, this.#range(apiKey, apiName).maxVersion);
    this.#checkVersion({apiKey, apiName, apiVersion: version});
    return definition.protocol({version})(options);
  }

  #range(apiKey: number, apiName: string): VersionRange {
    const range = this.#versions[apiKey];
    if (range === undefined) throw unsupported(apiName, 'any version');
    return range;
  }

  #checkVersion(request: {apiKey: number; apiVersion: number; apiName: string}): void {
    const {apiKey, apiVersion, apiName} = request;
    const {minVersion, maxVersion} = this.#range(apiKey, apiName);
    if (apiVersion < minVersion || apiVersion > maxVersion) {
      throw unsupported(apiName, `version ${apiVersion} (it takes ${minVersion} to ${maxVersion})`);
    }
  }
}

function newConnection({host, port}: Place, options: KafkaOptions): Connection {
  return new Connection({
    host,
    port,
    clientId: options.clientId,
    logger: SILENT,
    socketFactory: createSocket,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Its check is a timer that never sleeps; deadlines are set per request here.
    enforceRequestTimeout: false,
    reauthenticationThreshold: NEVER_MS,
    ssl: options.tls === undefined ? null : tlsOptions(options.tls),
    sasl: options.sasl === undefined ? null : saslOptions(options.sasl),
  });
}

function tlsOptions({ca, cert, key}: NonNullable<KafkaOptions['tls']>): ConnectionOptions {
  return {
    ...(ca === undefined ? {} : {ca}),
    ...(cert === undefined ? {} : {cert}),
    ...(key === undefined ? {} : {key}),
  };
}

function saslOptions(sasl: KafkaSasl): object {
  if (sasl.mechanism !== 'OAUTHBEARER') return {...sasl};
  const {mechanism, token} = sasl;
  return {mechanism, oauthBearerProvider: async () => ({value: await token()})};
}

/** The library's `parse` turns error codes into errors and forgets codes it does not know; codes are kept instead. */
function withoutThrowing<Answer>({request, response}: Exchange<Answer>): Exchange<Answer> {
  return {
    request,
    response: {decode: response.decode, parse: async (decoded) => decoded as Answer},
  };
}

/** The library's queue sets a timer after every answer, of a negative time if nothing waits. */
function quietQueue({requestQueue}: Connection): void {
  const schedule = requestQueue.scheduleCheckPendingRequests.bind(requestQueue);
  requestQueue.scheduleCheckPendingRequests = () => {
    if (requestQueue.pending.length > 0) schedule();
  };
}

function closedError(cause?: unknown): ForebayError {
  const why = cause === undefined ? '' : `: ${toError(cause).message}`;
  const message = `the connection to the broker is closed${why}`;
  const isRetryable = cause === undefined || isWorthRetrying(cause);
  return new ForebayError({code: 'KAFKA_CONNECTION_CLOSED', message, cause, isRetryable});
}

function unsupported(apiName: string, what: string): ForebayError {
  return new ForebayError({
    code: 'KAFKA_PROTOCOL_UNSUPPORTED',
    message: `the broker does not take ${what} of ${apiName}`,
    hint: 'use KAFKA_CLIENT=platformatic, or a broker of Kafka 2.8 to 4',
  });
}
