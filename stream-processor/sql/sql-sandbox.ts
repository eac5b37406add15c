import {fork, type ChildProcess} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import type {SqlResult, SqlValue} from '../../src/protocol/query.ts';
import {QueryFailed} from '../query/problem.ts';
import type {SqlAsk, SqlReply, TableChange} from './sql-messages.ts';

/** Of one run of a statement. */
const SQL_TIME_LIMIT_MS = 5_000;
/** Of starting the process and filling its tables. */
const LOAD_TIME_LIMIT_MS = 20_000;
const SQL_MAX_RESULT_ROWS = 10_000;
const MAX_RESULT_BYTES = 8_000_000;
const MAX_JS_HEAP_MB = 256;
const PROCESS = fileURLToPath(new URL('sql-process.ts', import.meta.url));

/** A database in a process of its own, which is killed when a statement takes too long. */
export class SqlSandbox {
  readonly #child: ChildProcess;
  #end: (error: QueryFailed) => void = () => {};

  constructor() {
    this.#child = fork(PROCESS, [], {
      execArgv: [`--max-old-space-size=${MAX_JS_HEAP_MB}`],
      env: {},
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#child.on('error', () => this.#end(hasEnded()));
    this.#child.on('exit', () => this.#end(hasEnded()));
  }

  async load(changes: readonly TableChange[]): Promise<void> {
    const reply = await this.#ask({kind: 'load', changes}, LOAD_TIME_LIMIT_MS);
    if (reply.kind !== 'loaded') throw failureOf(reply);
  }

  /** @throws QueryFailed `sql-invalid`, `too-many-rows`, `sql-timeout` */
  async run(sql: string, params: readonly SqlValue[]): Promise<SqlResult> {
    const limits = {maxRows: SQL_MAX_RESULT_ROWS, maxBytes: MAX_RESULT_BYTES};
    const reply = await this.#ask({kind: 'run', sql, params, ...limits}, SQL_TIME_LIMIT_MS);
    if (reply.kind !== 'result') throw failureOf(reply);
    return {columns: reply.columns, rows: reply.rows};
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }

  #ask(ask: SqlAsk, limitMs: number): Promise<SqlReply> {
    const {promise, resolve, reject} = Promise.withResolvers<SqlReply>();
    const timer = setTimeout(() => {
      const detail = `it took over ${limitMs} ms; read fewer rows`;
      reject(new QueryFailed({code: 'sql-timeout', detail}));
      this.close();
    }, limitMs);
    this.#end = reject;
    this.#child.once('message', resolve);
    this.#child.send(ask, (error) => {
      if (error === null) return;
      reject(hasEnded());
      this.close();
    });
    return promise.finally(() => {
      clearTimeout(timer);
      this.#child.off('message', resolve);
    });
  }
}

function failureOf(reply: SqlReply): QueryFailed {
  const code = reply.kind === 'too-many-rows' ? 'too-many-rows' : 'sql-invalid';
  const detail = 'message' in reply ? reply.message : 'there was no answer';
  return new QueryFailed({code, detail});
}

function hasEnded(): QueryFailed {
  const detail = 'the process that runs it has ended; it took too much memory';
  return new QueryFailed({code: 'sql-invalid', detail});
}
