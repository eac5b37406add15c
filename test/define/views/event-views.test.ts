/** Every line below a `@ts-expect-error` must be refused by the compiler; the type check of the tests is what proves it. */
import {expect, test} from 'vitest';
import * as z from 'zod';
import {
  apiKey,
  correlate,
  count,
  definePipeline,
  defineStream,
  enrich,
  filter,
  join,
  not,
  rekey,
  running,
  select,
  staticTable,
  step,
  tableOf,
  tableOfView,
} from '../../../src/define/index.ts';
import {MAX_STEPS} from '../../../src/define/views/correlate.ts';

const common = {owner: 'team', partitions: 4, accept: [apiKey()]};
const logins = defineStream({
  ...common,
  name: 'logins',
  schema: z.object({user: z.string(), country: z.string()}),
  key: ({user}) => user,
});
const payments = defineStream({
  ...common,
  name: 'payments',
  schema: z.object({user: z.string(), amount: z.number()}),
  key: ({user}) => user,
});
const signal = {name: 'signal', withinMs: 1_000, graceMs: 0};

test('a join knows the fields of both sides, and which may be missing', () => {
  const inner = join(logins, payments, {
    ...signal,
    where: (login, payment) => login.user === payment.user,
    select: (login, payment) => ({country: login.country, amount: payment.amount}),
  });
  expect(inner).toMatchObject({type: 'inner', beforeMs: 1_000, afterMs: 1_000, partitions: 4});
  select(inner, {name: 'large', row: ({amount}) => ({isLarge: amount > 100})});
  // @ts-expect-error -- the row of the join has no such field
  select(inner, {name: 'large', row: ({amuont}) => ({amuont})});
  // @ts-expect-error -- a login has no amount
  join(logins, payments, {...signal, where: (login) => login.amount > 1, select: () => ({})});
  join(logins, payments, {
    ...signal,
    type: 'left',
    // @ts-expect-error -- a left join may have no payment
    select: (_login, payment) => ({amount: payment.amount}),
  });
  join(logins, payments, {
    ...signal,
    type: 'outer',
    // @ts-expect-error -- an outer join may have no login
    select: (login) => ({country: login.country}),
  });
  // @ts-expect-error -- there is no such type of join
  join(logins, payments, {...signal, type: 'cross', select: () => ({})});
  // @ts-expect-error -- a row is an object
  join(logins, payments, {...signal, select: (login) => login.country});
});

test('before and after of a join default to its time', () => {
  const view = join(logins, payments, {
    name: 'pairs',
    withinMs: 10,
    afterMs: 20,
    graceMs: 0,
    select: () => ({}),
  });
  expect([view.beforeMs, view.afterMs]).toEqual([10, 20]);
});

test('a correlation knows the events by the names of their steps', () => {
  const view = correlate({
    ...signal,
    pattern: [
      step('login', logins, {where: ({country}) => country !== 'CH'}),
      step(
        'payment',
        filter(payments, ({amount}) => amount > 100),
      ),
      not(step('confirmation', payments)),
    ],
    select: ({login, payment, confirmation}) => {
      const none: undefined = confirmation;
      return {country: login.country, amount: payment.amount, none};
    },
  });
  expect(view).toMatchObject({
    kind: 'correlate',
    order: 'sequence',
    steps: [{}, {}, {isNegated: true}],
  });
  // @ts-expect-error -- a login has no amount
  step('login', logins, {where: ({amount}) => amount > 1});
  correlate({
    ...signal,
    pattern: [step('login', logins)],
    // @ts-expect-error -- there is no such step
    select: ({payment}) => ({payment}),
  });
  correlate({
    ...signal,
    pattern: [step('login', logins)],
    // @ts-expect-error -- a login has no amount
    select: ({login}) => ({amount: login.amount}),
  });
  correlate({
    ...signal,
    pattern: [step('login', logins), not(step('payment', payments))],
    // @ts-expect-error -- a negated step has no event
    select: ({payment}) => ({amount: payment.amount}),
  });
  // @ts-expect-error -- there is no such order
  correlate({...signal, order: 'random', pattern: [step('a', logins)], select: () => ({})});
  // @ts-expect-error -- a row is an object
  correlate({...signal, pattern: [step('a', logins)], select: ({a}) => a.user});
});

test('a selection knows the event', () => {
  expect(select(logins, {name: 'users', row: ({user}) => ({user})}).kind).toBe('select');
  // @ts-expect-error -- a login has no amount
  select(logins, {name: 'users', row: ({amount}) => ({amount})});
  // @ts-expect-error -- a row is an object
  select(logins, {name: 'users', row: ({user}) => user});
});

test('an enrichment knows the event and the row, which may be missing', () => {
  const countries = staticTable({
    name: 'countries',
    rows: [{code: 'CH', region: 'Europe'}],
    key: ({code}) => code,
  });
  expect(countries.rows.get('CH')).toEqual({code: 'CH', region: 'Europe'});
  const withRegion = enrich(logins, countries, {
    by: ({country}) => country,
    to: (login, row) => ({...login, region: row?.region}),
  });
  filter(withRegion, ({region}) => region === 'Europe');
  // @ts-expect-error -- what it was enriched with has another name
  filter(withRegion, ({reigon}) => reigon === 'Europe');
  // @ts-expect-error -- a login has no such field
  enrich(logins, countries, {by: ({contry}) => contry, to: (login) => login});
  // @ts-expect-error -- the table may have no row
  enrich(logins, countries, {to: (login, row) => ({...login, region: row.region})});
  // @ts-expect-error -- its rows have no such field
  staticTable({name: 'countries', rows: [{code: 'CH'}], key: ({name}) => name});
  // @ts-expect-error -- a login has no amount
  rekey(logins, {name: 'by-amount', key: ({amount}) => String(amount)});
});

test('tables know the fields of their stream or view', () => {
  enrich(payments, tableOf(logins, {name: 'last-login'}), {
    to: (payment, login) => ({...payment, country: login?.country}),
  });
  enrich(payments, tableOf(logins, {name: 'last-login'}), {
    // @ts-expect-error -- a login has no amount
    to: (payment, login) => ({...payment, of: login?.amount}),
  });
  const totals = running(logins, {name: 'totals', aggregates: {logins: count()}});
  enrich(payments, tableOfView(totals), {
    to: (payment, row) => ({...payment, isNew: (row?.logins ?? 0) < 3}),
  });
  // @ts-expect-error -- the view has no such aggregate
  enrich(payments, tableOfView(totals), {to: (payment, row) => ({...payment, n: row?.payments})});
});

test('a pattern of too many steps is a problem of the definition', () => {
  const pattern = Array.from({length: MAX_STEPS + 1}, (_, place) => step(`s${place}`, logins));
  const define = (steps: typeof pattern) =>
    definePipeline({
      name: 'demo',
      streams: [logins],
      views: [correlate({...signal, pattern: steps, select: () => ({})})],
    });
  expect(() => define(pattern)).toThrow('30 steps at most, not 31');
  expect(() => define(pattern.slice(1))).not.toThrow();
});
