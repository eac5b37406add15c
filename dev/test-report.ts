import * as z from 'zod';

/** The part of vitest's JSON report that is counted here. */
const Report = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numPendingTests: z.int(),
  numTodoTests: z.int(),
  testResults: z.array(
    z.object({status: z.string(), assertionResults: z.array(z.object({status: z.string()}))}),
  ),
});

export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * What a run amounts to. A file that could not be loaded is one failure. An error outside any test is in the exit
 * code only, and so is a run that ended before its report: each counts as one failure too, so that a run that was not
 * good never reads as one that was.
 */
export function countTests(report: string | undefined, exitCode: number): TestCounts {
  if (report === undefined) return {passed: 0, failed: 1, skipped: 0};
  const parsed = Report.parse(JSON.parse(report));
  const unloadable = parsed.testResults.filter(
    ({status, assertionResults}) =>
      status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
  ).length;
  const failed = parsed.numFailedTests + unloadable;
  return {
    passed: parsed.numPassedTests,
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped: parsed.numPendingTests + parsed.numTodoTests,
  };
}

export function summaryLine({passed, failed, skipped}: TestCounts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
