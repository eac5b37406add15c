/**
 * Regular expressions of a definition's schemas on which a sender could keep a gateway busy for seconds with one short
 * text (ReDoS): a pattern runs in the Worker, nothing can interrupt it, and `.max()` before it only helps with
 * `{abort: true}`.
 */
import {check} from 'recheck';
import {jsonSchemaOf} from '../src/define/pipeline.ts';
import type {Pipeline} from '../src/define/pipeline.ts';

/** For one pattern; one that is not decided by then is reported as such. */
const CHECK_TIMEOUT_MS = 10_000;

/** A sentence for each pattern that takes more than linear time, with a text that shows it. */
export async function findSlowPatterns({streams}: Pick<Pipeline, 'streams'>): Promise<string[]> {
  const problems: string[] = [];
  for (const stream of streams) {
    for (const pattern of new Set(patternsOf(jsonSchemaOf(stream)))) {
      const problem = await problemOf(pattern);
      if (problem !== null) problems.push(`stream "${stream.name}": /${pattern}/ ${problem}`);
    }
  }
  return problems;
}

async function problemOf(pattern: string): Promise<string | null> {
  const result = await check(pattern, '', {timeout: CHECK_TIMEOUT_MS});
  if (result.status === 'safe') return null;
  if (result.status === 'unknown')
    return `could not be decided (${result.error.kind}); write it more simply`;
  const {complexity, attack} = result;
  return `takes ${complexity.summary} time, as on ${attack.pattern}; write it without nested or overlapping repetition, or test the length first with .max(n, {abort: true})`;
}

/** Of a JSON Schema: `pattern` anywhere in it, and the names of `patternProperties`. */
function patternsOf(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([name, value]: [string, unknown]) => {
    if (name === 'pattern' && typeof value === 'string') return [value];
    const names = name === 'patternProperties' ? Object.keys(value as object) : [];
    return [...names, ...patternsOf(value)];
  });
}
