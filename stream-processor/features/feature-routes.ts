import {Hono} from 'hono';
import type {Context} from 'hono';
import type {Pipeline} from '../../src/define/pipeline.ts';
import {topologyOf} from '../../src/define/topology.ts';
import type {ViewDefinition} from '../../src/define/view.ts';
import type {EntityFeatures, FeaturesAnswer} from '../../src/protocol/query.ts';
import {parseTime, refuseUnknown} from '../query/parse-query.ts';
import {QueryFailed} from '../query/problem.ts';
import type {AllViews} from '../route/all-views.ts';
import {newestRows} from './newest-rows.ts';
import {replayEntity, type FeatureReplaysOptions} from './replay-features.ts';

/** Each reads a partition's log in this thread. */
const MAX_REPLAYS = 2;

export interface FeatureRoutesOptions extends FeatureReplaysOptions {
  readonly views: AllViews;
}

interface Question {
  readonly entity: string;
  readonly views: readonly ViewDefinition[];
  /** `undefined`: now. */
  readonly atMs: number | undefined;
}

type Known = ReadonlyMap<string, {features: EntityFeatures; watermark: number | null}>;

/** `GET /v1/features/{entity}?views=a,b&at=T`. What it throws: see answer-problems.ts. */
export function featureRoutes(options: FeatureRoutesOptions): Hono {
  let replays = 0;
  return new Hono().get('/v1/features/:entity', async (c) => {
    const question = questionOf(c, options.pipeline);
    if (question.atMs === undefined) return c.json(await featuresNow(options, question));
    if (replays >= MAX_REPLAYS) {
      const detail = `${MAX_REPLAYS} replays run already`;
      throw new QueryFailed({code: 'too-many-queries', detail});
    }
    replays++;
    try {
      return c.json(await featuresAt(options, question, c.req.raw.signal));
    } finally {
      replays--;
    }
  });
}

/** @throws QueryFailed */
function questionOf(c: Context, pipeline: Pipeline): Question {
  const parameters = c.req.query();
  refuseUnknown(parameters, ['views', 'at']);
  const {views: names, at} = parameters;
  const atMs = at === undefined ? undefined : parseTime(at);
  if (at !== undefined && atMs === undefined) {
    const detail = 'at must be RFC 3339 or milliseconds';
    throw new QueryFailed({code: 'invalid-parameter', detail});
  }
  const entity = c.req.param('entity')!;
  const possible = atMs === undefined ? pipeline.views : replayableViews(pipeline);
  if (names === undefined) return {entity, views: possible, atMs};
  const views = names.split(',').map((name) => viewNamed(name, pipeline));
  const unknown = views.find((view) => !possible.includes(view));
  if (unknown === undefined) return {entity, views, atMs};
  const detail = `${unknown.name} is behind a rekey: the topic it reads has no past times; ask for it without at, or leave it out`;
  throw new QueryFailed({code: 'invalid-parameter', detail});
}

/** Repartition topics hold what several tasks found at one moment of the clock, not of event time. */
function replayableViews(pipeline: Pipeline): readonly ViewDefinition[] {
  const {groups} = topologyOf(pipeline);
  const replayable = groups.filter(({roots}) => roots.every(({kind}) => kind === 'stream'));
  return pipeline.views.filter((view) => replayable.some(({views}) => views.includes(view)));
}

/** @throws QueryFailed */
function viewNamed(wanted: string, {views}: Pipeline): ViewDefinition {
  const view = views.find(({name}) => name === wanted);
  if (view !== undefined) return view;
  const known = views.map(({name}) => name).join(', ');
  const detail = `there is no view ${wanted}; the views are: ${known}`;
  throw new QueryFailed({code: 'not-found', detail});
}

async function featuresNow(
  {views: source, clock}: FeatureRoutesOptions,
  {entity, views}: Question,
): Promise<FeaturesAnswer> {
  const known = new Map(
    await Promise.all(
      views.map(async (view) => [view.name, await newestRows(source, view, entity)] as const),
    ),
  );
  return {entity, at: null, ...answerOf(known, clock.nowMs())};
}

async function featuresAt(
  options: FeatureRoutesOptions,
  {entity, views, atMs = 0}: Question,
  signal: AbortSignal,
): Promise<FeaturesAnswer> {
  const known: [string, {features: EntityFeatures; watermark: number | null}][] = [];
  for (const group of topologyOf(options.pipeline).groups) {
    const ofGroup = views.filter((view) => group.views.includes(view));
    if (ofGroup.length === 0) continue;
    const replayed = await replayEntity(options, {group, entity, atMs, signal});
    for (const {name} of ofGroup) known.push([name, replayed.features(name)]);
  }
  return {entity, at: atMs, ...answerOf(new Map(known), atMs)};
}

/** `nowMs`: what lags are counted from. */
function answerOf(known: Known, nowMs: number): Pick<FeaturesAnswer, 'features' | 'freshness'> {
  const features = Object.fromEntries(
    Array.from(known, ([name, {features: ofView}]) => [name, ofView]),
  );
  const freshness = Object.fromEntries(
    Array.from(known, ([name, {watermark}]) => [
      name,
      {watermark, lagMs: watermark === null ? null : nowMs - watermark},
    ]),
  );
  return {features, freshness};
}
