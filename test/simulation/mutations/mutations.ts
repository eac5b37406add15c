import {BUFFER_MUTATIONS} from './buffer-mutations.ts';
import {DRAIN_MUTATIONS} from './drain-mutations.ts';
import type {Mutation} from './mutation.ts';
import {PROCESSOR_MUTATIONS} from './processor-mutations.ts';

export const MUTATIONS: readonly Mutation[] = [
  ...DRAIN_MUTATIONS,
  ...BUFFER_MUTATIONS,
  ...PROCESSOR_MUTATIONS,
];
