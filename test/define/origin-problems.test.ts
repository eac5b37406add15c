import {expect, test} from 'vitest';
import {originProblems} from '../../src/define/origin-problems.ts';

test.each([
  {allow: '*'},
  {allow: ['events.example.com', 'localhost:8080'], requestsPerMinute: 1},
] as const)('%j is a consent', (origins) => {
  expect(originProblems(origins)).toEqual([]);
});

test.each([
  [{allow: []}, /allow/],
  [{allow: ['']}, /allow/],
  [{allow: ['https://example.com/']}, /allow/],
  [{allow: ['*.example.com']}, /allow/],
  [{allow: '*', requestsPerMinute: 0}, /requestsPerMinute/],
  [{allow: '*', requestsPerMinute: 1.5}, /requestsPerMinute/],
] as const)('%j is none', (origins, problem) => {
  expect(originProblems(origins)).toEqual([expect.stringMatching(problem)]);
});
