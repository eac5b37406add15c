import {expect, test} from 'vitest';
import {countTests, summaryLine} from '../../dev/test-report.ts';

const report = (counts: object, testResults: object[] = []) =>
  JSON.stringify({
    numPassedTests: 3,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    testResults,
    ...counts,
  });

test('a good run', () => {
  expect(summaryLine(countTests(report({}), 0))).toBe('3 passed, 0 failed');
  expect(summaryLine(countTests(report({numPendingTests: 2}), 0))).toBe(
    '3 passed, 0 failed, 2 skipped',
  );
});

test('a file that could not be loaded is a failure beside the failed tests', () => {
  const results = [
    {status: 'failed', assertionResults: []},
    {status: 'failed', assertionResults: [{status: 'failed'}, {status: 'passed'}]},
    {status: 'passed', assertionResults: [{status: 'passed'}]},
  ];
  expect(countTests(report({numFailedTests: 1}, results), 1)).toMatchObject({failed: 2});
});

test('an error outside any test, and a run without a report, never read as good', () => {
  expect(countTests(report({}), 1)).toEqual({passed: 3, failed: 1, skipped: 0});
  expect(countTests(undefined, 0)).toEqual({passed: 0, failed: 1, skipped: 0});
});
