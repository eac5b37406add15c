import type {AnyInput} from './input.ts';
import type {PipelineOptions} from './pipeline.ts';
import {duplicates, isWithin, MAX_PARTITIONS, NAME, problemIf} from './problem-if.ts';
import {reachOf} from './reach.ts';
import type {AnyStream} from './stream.ts';
import type {LatestTable} from './table.ts';
import {topologyOf, type TaskGroup} from './topology.ts';
import {MAX_STEPS} from './views/correlate.ts';
import {inputsOf, isClosingView, type AggregateView, type ViewDefinition} from './view.ts';

const FIELD = /^[A-Za-z][A-Za-z0-9_]{0,62}$/;
/** What a row of a view is made of besides its aggregates. */
const ROW_FIELDS = new Set(['key', 'start', 'end', 'id', 'final']);
/** Windows an event is in at most: each of them is a row. */
const MAX_OVERLAP = 100_000;
/** Of one view: their states, each of `MAX_STATE_BYTES` at most, are one record of the changelog. */
const MAX_OBJECT_AGGREGATES = 15;
/** A topic's name has 249 characters at most: room for prefix, pipeline and `.changelog`. */
const MAX_GROUP_NAME = 150;

export function viewsProblems(options: PipelineOptions): string[] {
  const {groups} = topologyOf(options);
  const {views, tables, staticTables, rekeys} = reachOf(options.views);
  const unpublished = [...views].filter((view) => !options.views.includes(view));
  // A view that is published twice is listed twice.
  const named = [...options.views, ...unpublished, ...tables, ...staticTables];
  return [
    ...duplicates(named.map(({name}) => name)).map(
      (name) => `two views or tables are named "${name}"`,
    ),
    ...duplicates([...rekeys].map(({name}) => name)).map(
      (name) => `two rekeys are named "${name}": use one for both, or another name`,
    ),
    ...duplicates(groups.map(({name}) => name)).map(
      (name) =>
        `two groups of views would share the changelog of "${name}": rename a rekey or a view behind it`,
    ),
    ...groups.flatMap((group) => groupProblems(group)),
    ...[...views].flatMap((view) => viewProblems(view, options.streams)),
    ...[...tables].flatMap((table) => tableProblems(table, options.streams)),
  ];
}

function groupProblems({name, roots, views}: TaskGroup): string[] {
  const [first] = roots;
  const at = views.map((view) => `"${view.name}"`).join(', ');
  const problems = problemIf(
    name.length > MAX_GROUP_NAME,
    `${at}: the names of what they read together are ${name.length} characters, more than ${MAX_GROUP_NAME} for a topic; use shorter ones`,
  );
  const other = roots.find(({partitions}) => partitions !== first!.partitions);
  if (other === undefined) return problems;
  return [
    ...problems,
    `${at}: ${first!.name} has ${first!.partitions} partitions and ${other.name} ${other.partitions}; what is joined by key needs as many: rekey one of them`,
  ];
}

function viewProblems(view: ViewDefinition, streams: readonly AnyStream[]): string[] {
  const at = `view "${view.name}"`;
  return [
    ...problemIf(!NAME.test(view.name), `${at}: the name must match ${NAME}`),
    ...inputsOf(view).flatMap((input) => inputProblems(input, at, streams)),
    ...durationProblems(view, at),
    ...problemIf(
      !['memory', 'disk'].includes(view.storage),
      `${at}: storage must be 'memory' or 'disk', not "${view.storage}"`,
    ),
    ...('aggregates' in view ? aggregateProblems(view, at) : []),
    ...(view.kind === 'correlate' ? stepProblems(view.steps, at) : []),
  ];
}

function tableProblems({name, from}: LatestTable, streams: readonly AnyStream[]): string[] {
  const at = `table "${name}"`;
  return [
    ...problemIf(!NAME.test(name), `${at}: the name must match ${NAME}`),
    ...inputProblems(from, at, streams),
  ];
}

function inputProblems(input: AnyInput, at: string, streams: readonly AnyStream[]): string[] {
  if (input.kind === 'stream') {
    return [
      ...problemIf(
        !streams.includes(input),
        `${at}: its stream "${input.name}" is not in streams; add it`,
      ),
      ...problemIf(
        input.key === undefined,
        `${at}: its stream "${input.name}" has no key to group by`,
      ),
    ];
  }
  if (input.kind === 'rows') {
    const {name, kind} = input.view;
    return problemIf(
      !isClosingView(input.view),
      `${at}: rowsOf("${name}"): only rows of tumbling, hopping, session and sliding windows become final, not those of ${kind}`,
    );
  }
  if (!('from' in input)) return [];
  const own =
    input.kind === 'rekey'
      ? [
          ...problemIf(
            !NAME.test(input.name),
            `${at}: rekey name "${input.name}" must match ${NAME}`,
          ),
          ...problemIf(
            !isWithin(input.partitions, 1, MAX_PARTITIONS),
            `${at}: rekey "${input.name}": partitions must be a whole number from 1 to ${MAX_PARTITIONS}, not ${input.partitions}`,
          ),
        ]
      : input.kind === 'enrich' && input.by !== undefined && input.table.kind !== 'static'
        ? [`${at}: enrich: only a static table can be asked by another key; rekey the input`]
        : [];
  return [...own, ...inputProblems(input.from, at, streams)];
}

function durationProblems(view: ViewDefinition, at: string): string[] {
  const above = (name: string, value: number) =>
    problemIf(
      !isWithin(value, 1, Number.MAX_SAFE_INTEGER),
      `${at}: ${name} must be a whole number of milliseconds above 0, not ${value}`,
    );
  const notBelow = (name: string, value: number) =>
    problemIf(
      !isWithin(value, 0, Number.MAX_SAFE_INTEGER),
      `${at}: ${name} must be a whole number of milliseconds, 0 or more, not ${value}`,
    );
  const kept = (name: string, least: number) =>
    problemIf(
      !isWithin(view.retentionMs, Number.isNaN(least) ? 1 : least, Number.MAX_SAFE_INTEGER),
      `${at}: retentionMs must be at least ${name}, not ${view.retentionMs}`,
    );
  switch (view.kind) {
    case 'tumbling':
    case 'hopping':
      return [
        ...above('sizeMs', view.sizeMs),
        ...(view.kind === 'hopping' ? above('advanceMs', view.advanceMs) : []),
        ...problemIf(
          view.advanceMs > view.sizeMs || view.sizeMs / view.advanceMs > MAX_OVERLAP,
          `${at}: advanceMs must be from sizeMs / ${MAX_OVERLAP} to sizeMs, not ${view.advanceMs}`,
        ),
        ...notBelow('graceMs', view.graceMs),
        ...kept('sizeMs + graceMs', view.sizeMs + view.graceMs),
      ];
    case 'session':
      return [
        ...above('gapMs', view.gapMs),
        ...notBelow('graceMs', view.graceMs),
        ...kept('gapMs + graceMs', view.gapMs + view.graceMs),
      ];
    case 'sliding':
      return [
        ...above('sizeMs', view.sizeMs),
        ...notBelow('graceMs', view.graceMs),
        ...kept('sizeMs + graceMs', view.sizeMs + view.graceMs),
      ];
    case 'join':
      return [
        ...problemIf(
          Number.isNaN(view.beforeMs) || Number.isNaN(view.afterMs),
          `${at}: give withinMs, or beforeMs and afterMs`,
        ),
        ...(Number.isNaN(view.beforeMs) ? [] : notBelow('beforeMs', view.beforeMs)),
        ...(Number.isNaN(view.afterMs) ? [] : notBelow('afterMs', view.afterMs)),
        ...notBelow('graceMs', view.graceMs),
        ...above('retentionMs', view.retentionMs),
      ];
    case 'correlate':
      return [
        ...above('withinMs', view.withinMs),
        ...notBelow('graceMs', view.graceMs),
        ...above('retentionMs', view.retentionMs),
      ];
    case 'select':
      return above('retentionMs', view.retentionMs);
    case 'running':
      break;
  }
  return [];
}

function aggregateProblems({aggregates, emit, kind}: AggregateView, at: string): string[] {
  const names = Object.keys(aggregates);
  const objects = Object.values(aggregates).filter((each) => each.kind === 'object').length;
  const isInterval = typeof emit === 'object' && isWithin(emit.everyMs, 1, Number.MAX_SAFE_INTEGER);
  return [
    ...problemIf(
      emit !== 'updates' && !isInterval && (emit !== 'final' || kind === 'running'),
      `${at}: emit must be ${kind === 'running' ? '' : `'final', `}'updates' or {everyMs}, not ${JSON.stringify(emit)}`,
    ),
    ...problemIf(names.length === 0, `${at}: aggregates is empty; add at least count()`),
    ...problemIf(
      objects > MAX_OBJECT_AGGREGATES,
      `${at}: ${objects} aggregates keep values or sketches, more than ${MAX_OBJECT_AGGREGATES}; let one of them keep an object of several values`,
    ),
    ...names.flatMap((name) =>
      problemIf(
        !FIELD.test(name) || ROW_FIELDS.has(name),
        `${at}: aggregate "${name}" must match ${FIELD} and not be one of ${[...ROW_FIELDS].join(', ')}`,
      ),
    ),
    ...Object.entries(aggregates).flatMap(([name, {op, problems = []}]) =>
      problems.map((problem) => `${at}: aggregate "${name}": ${op}: ${problem}`),
    ),
  ];
}

function stepProblems(steps: readonly {name: string; isNegated: boolean}[], at: string): string[] {
  const names = steps.map(({name}) => name);
  return [
    ...problemIf(
      steps.length > MAX_STEPS,
      `${at}: a pattern has ${MAX_STEPS} steps at most, not ${steps.length}`,
    ),
    ...problemIf(!steps.some(({isNegated}) => !isNegated), `${at}: every step is negated`),
    ...problemIf(steps[0]?.isNegated === true, `${at}: the first step must not be negated`),
    ...names.flatMap((name) =>
      problemIf(!FIELD.test(name), `${at}: step "${name}" must match ${FIELD}`),
    ),
    ...duplicates(names).map((name) => `${at}: two steps are named "${name}"`),
  ];
}
