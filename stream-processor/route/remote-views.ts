import * as z from 'zod';
import type {ViewDefinition} from '../../src/define/view.ts';
import {describeError} from '../../src/lib/errors.ts';
import type {LiveEvent} from '../../src/protocol/query.ts';
import type {RowRange} from '../engine/operator.ts';
import {QueryFailed} from '../query/problem.ts';
import type {RowsAnswer} from './all-views.ts';
import type {PartitionFollowOptions, PartitionViews} from './partition-views.ts';
import {decodeEvent, KEEP_ALIVE_MS, RowsAnswerBody} from './partition-wire.ts';
import {readLines} from './read-lines.ts';

/** Of an owner that is asked: then it counts as away. */
const ANSWER_MS = 5_000;
/** Of a live answer, between two signs of life. */
const SILENCE_MS = 3 * KEEP_ALIVE_MS;

export interface RemoteViewsOptions {
  /** Who is asked, for the reason when it does not answer. */
  readonly name: string;
  /** Base URL. */
  readonly url: string;
  readonly fetch: (request: Request) => Promise<Response>;
}

const Problem = z.object({type: z.string(), detail: z.string()});
const PASSED_ON = ['restoring', 'not-local', 'owner-away', 'too-many-rows'] as const;

/** The views of a worker or of another replica, asked over HTTP: see partition-wire.ts. */
export class RemoteViews implements PartitionViews {
  readonly #options: RemoteViewsOptions;

  constructor(options: RemoteViewsOptions) {
    this.#options = options;
  }

  async rows(
    view: ViewDefinition,
    range: RowRange,
    partitions: readonly number[],
    signal?: AbortSignal,
  ): Promise<RowsAnswer> {
    const timeout = AbortSignal.timeout(ANSWER_MS);
    const both = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
    try {
      const response = await this.#ask(`${view.name}/rows`, {...range, partitions}, both);
      return RowsAnswerBody.parse(await response.json());
    } catch (error) {
      throw this.#failure(error, signal);
    }
  }

  async *follow(
    view: ViewDefinition,
    range: RowRange,
    {partitions, signal, lastEventId}: PartitionFollowOptions,
  ): AsyncGenerator<LiveEvent> {
    const silence = new AbortController();
    const both = AbortSignal.any([silence.signal, signal]);
    const silent = () => silence.abort(new Error(`nothing came for ${SILENCE_MS} ms`));
    const timer = setTimeout(silent, SILENCE_MS);
    try {
      const question = {...range, partitions, lastEventId};
      const response = await this.#ask(`${view.name}/live`, question, both);
      for await (const line of readLines(response)) {
        timer.refresh();
        if (line !== '') yield decodeEvent(line);
      }
    } catch (error) {
      if (signal.aborted) return;
      throw this.#failure(error, undefined);
    } finally {
      clearTimeout(timer);
      silence.abort();
    }
  }

  async #ask(path: string, question: object, signal: AbortSignal): Promise<Response> {
    const request = new Request(`${this.#options.url}/partitions/${path}`, {
      method: 'POST',
      headers: {'content-type': 'application/json'},
      body: JSON.stringify(question),
      signal,
    });
    const response = await this.#options.fetch(request);
    if (response.ok) return response;
    throw await problemOf(response);
  }

  #failure(error: unknown, signal: AbortSignal | undefined): unknown {
    if (error instanceof QueryFailed) return error;
    if (signal?.aborted === true) return signal.reason;
    const detail = `${this.#options.name} does not answer: ${describeError(error)}`;
    return new QueryFailed({code: 'owner-away', detail});
  }
}

async function problemOf(response: Response): Promise<Error> {
  const text = await response.text();
  try {
    const {type, detail} = Problem.parse(JSON.parse(text));
    const code = PASSED_ON.find((each) => type === `urn:forebay:problem:${each}`);
    if (code !== undefined) return new QueryFailed({code, detail});
  } catch {
    // Not a problem of ours.
  }
  return new Error(`it answered ${response.status}`);
}
