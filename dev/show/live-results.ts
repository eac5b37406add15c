import {setTimeout as delay} from 'node:timers/promises';
import {toError} from '../../src/lib/errors.ts';
import {StatusDocument, type StageStatus} from '../../src/protocol/status.ts';
import type {RunningStack} from '../stack/start-stack.ts';
import {rowsLine, rowsTable} from './rows-table.ts';
import type {Screen} from './screen.ts';
import {ViewFollower} from './view-follower.ts';

const TERMINAL_EVERY_MS = 2_000;
const PLAIN_EVERY_MS = 10_000;
/** Of each key the window that has just closed and the one that is open. */
const ON_TERMINAL = {rows: 6, perKey: 2};
const IN_LINE = {rows: 3, perKey: 1};
const STATUS_DEADLINE_MS = 5_000;

/** Shows the views as they fill, and the lag, until `signal` is aborted. */
export async function showLiveResults(
  stack: RunningStack,
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  const followers = stack.pipeline.views.map(({name}) => new ViewFollower(stack.urls.query, name));
  const following = followers.map((follower) => follower.follow(signal));
  while (!signal.aborted) {
    await delay(screen.isTerminal ? TERMINAL_EVERY_MS : PLAIN_EVERY_MS, undefined, {signal}).catch(
      toError,
    );
    const lag = await lagLine(stack, signal);
    if (signal.aborted) break;
    if (screen.isTerminal) screen.draw(['', ...followers.flatMap(tableOf), lag]);
    else for (const line of [...followers.flatMap(lineOf), lag]) screen.line(line);
  }
  screen.draw([]);
  await Promise.all(following);
}

function tableOf(follower: ViewFollower): string[] {
  const rows = follower.newest(ON_TERMINAL);
  if (rows.length === 0) return [`${follower.view}: no rows yet`];
  return [follower.view, ...rowsTable(rows).map((line) => `  ${line}`)];
}

function lineOf(follower: ViewFollower): string[] {
  const rows = follower.newest(IN_LINE);
  return rows.length === 0 ? [] : [`${follower.view}: ${rowsLine(rows)}`];
}

/** The console's verdict, and what waits at each stage. */
async function lagLine({urls, adminKey}: RunningStack, stopping: AbortSignal): Promise<string> {
  try {
    const answer = await fetch(`${urls.console}/v1/status`, {
      headers: {authorization: `Bearer ${adminKey}`},
      signal: AbortSignal.any([stopping, AbortSignal.timeout(STATUS_DEADLINE_MS)]),
    });
    const {verdict, stages, partitions} = StatusDocument.parse(await answer.json());
    const late = partitions.reduce((total, {lateRecords}) => total + lateRecords, 0);
    const lags = Object.entries(stages).map(([name, stage]) => `${name} ${lagOf(stage)}`);
    return `lag: ${verdict} — ${lags.join(', ')}${late === 0 ? '' : `; ${late} late records`}`;
  } catch (error) {
    return `lag: the console does not answer (${toError(error).message})`;
  }
}

/** `?`: not known. */
function lagOf(stage: StageStatus | null): string {
  if (stage === null || stage.lagRecords === null) return '?';
  return `${stage.lagRecords} (${stage.lagSeconds === null ? '?' : stage.lagSeconds.toFixed(1)} s)`;
}
