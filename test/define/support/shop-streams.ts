import * as z from 'zod';
import {apiKey, count, defineStream, rekey} from '../../../src/define/index.ts';
import {topologyOf} from '../../../src/define/topology.ts';
import type {ViewDefinition} from '../../../src/define/view.ts';

export function stream(name: string, partitions: number) {
  return defineStream({
    name,
    owner: 'test',
    schema: z.object({user: z.string(), shop: z.string()}),
    key: ({user}) => user,
    partitions,
    accept: [apiKey()],
  });
}

export const logins = stream('logins', 4);
export const payments = stream('payments', 4);
export const refunds = stream('refunds', 4);
export const visits = stream('visits', 8);
export const byShop = rekey(payments, {
  name: 'by-shop',
  key: ({shop}) => shop,
  partitions: 2,
});
export const aggregates = {events: count()};
export const window = {sizeMs: 10, graceMs: 0, emit: 'final', aggregates} as const;

/** The groups of a definition by the names of what is in them. */
export function groupNames(views: readonly ViewDefinition[]) {
  return topologyOf({views}).groups.map((group) => ({
    name: group.name,
    partitions: group.partitions,
    roots: group.roots.map(({name}) => name),
    views: group.views.map(({name}) => name),
    tables: group.tables.map(({name}) => name),
    sinks: group.sinks.map(({name}) => name),
  }));
}
