/**
 * Shifts a Node program's wall clock, as a time server's correction or an operator's hand does:
 *
 *   FOREBAY_CHAOS_CLOCK=/tmp/clock node --import ./test/chaos/faults/clock-step.ts drain-service/main.ts
 *   echo 600000 > /tmp/clock     ten minutes ahead
 *   echo 0 > /tmp/clock          and back
 *
 * `Date.now()` and `new Date()` jump at once for all of the program; `performance.now()` and timers go on, as they do on a
 * real machine, where they count from boot.
 */
import {readClockFile} from './clock-file.ts';

/** How long a step takes to be seen. */
const POLL_MS = 50;

const path = process.env['FOREBAY_CHAOS_CLOCK'];
if (path !== undefined) shiftClock(path);

function shiftClock(file: string): void {
  const RealDate = Date;
  const realNow = Date.now.bind(Date);
  let offsetMs = readClockFile(file);
  setInterval(() => (offsetMs = readClockFile(file)), POLL_MS).unref();
  const now = (): number => realNow() + offsetMs;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args: unknown[], newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as Date,
    apply: () => new RealDate(now()).toString(),
    get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
  });
}
