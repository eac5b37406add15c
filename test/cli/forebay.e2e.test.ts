import {execFile} from 'node:child_process';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {MadeKey} from '../../src/protocol/keys.ts';
import {alterTopic} from '../support/alter-topic.ts';
import {startJudgeRun} from '../judges/support/judge-run.ts';
import type {JudgeRun} from '../judges/support/judge-run.ts';
import {runForebay} from './support/run-forebay.ts';
import type {CliResult} from './support/run-forebay.ts';

let run: JudgeRun;
let forebay: (args: string) => Promise<CliResult>;
let directory: string;
beforeAll(async () => {
  run = await startJudgeRun({pipelinePath: 'test/judges/support/pipeline.ts'});
  forebay = (args) => runForebay(args.split(' '), run.env);
  directory = await mkdtemp(join(tmpdir(), 'forebay-cli-'));
});
afterAll(async () => {
  await run.end();
  await rm(directory, {recursive: true});
});

const json = ({out}: CliResult): unknown => JSON.parse(out);

describe('what was rejected is replayed once its schema is mended', () => {
  test('each event arrives once, byte for byte under its original id, however often it is replayed', async () => {
    const lines = [
      '{"customer":"ada", "n":"one"}',
      '{"customer":"ada","n":2}',
      '{"customer":"bob","n":"x"}',
    ];
    const file = join(directory, 'orders.ndjson');
    await writeFile(file, lines.join('\n'));
    const sent = await forebay(`send orders ${file} --ndjson --json --idempotency-key first`);
    expect(sent.code).toBe(1);
    expect(json(sent)).toMatchObject({accepted: 1, rejected: 2});
    await run.arrived('orders.rejected', 2);

    const listed = await forebay('rejected orders --json');
    expect(json(listed)).toMatchObject({rejected: 2, groups: [{pointer: '#/n', count: 2}]});
    const refused = await forebay('replay orders --json');
    expect(json(refused)).toMatchObject({read: 2, accepted: 0, rejected: 2});

    await run.redeploy('test/cli/support/mended-pipeline.ts');
    expect(json(await forebay('replay orders --json --dry-run'))).toEqual({read: 2});
    const one = await forebay('replay orders --json --id first:2');
    expect(json(one)).toMatchObject({read: 1, accepted: 1});
    const all = await forebay('replay orders');
    expect(all.out).toContain('1 added, 1 were there already, 0 are still not valid');
    expect(all.code).toBe(0);
    const again = await forebay('replay orders --json');
    expect(json(again)).toMatchObject({read: 2, accepted: 0, duplicates: 2, rejected: 0});

    const records = await run.arrived('orders', 3);
    const arrived = records.map(
      ({key, value, headers}) => [headers['ce_id'], [key, value]] as const,
    );
    expect(arrived).toHaveLength(3);
    expect(new Map(arrived)).toEqual(
      new Map([
        ['first:0', ['ada', lines[0]]],
        ['first:1', ['ada', lines[1]]],
        ['first:2', ['bob', lines[2]]],
      ]),
    );
  });
});

describe('what Kafka does not take is replayed once its topic is altered', () => {
  test('each event arrives once under its original id, however often it is replayed', async () => {
    const topic = `${run.env['FOREBAY_TOPIC_PREFIX']!}orders`;
    const {KAFKA_BROKERS: brokers} = run.env;
    const large = JSON.stringify({customer: 'eve', n: 2, pad: 'x'.repeat(5_000)});
    const lines = ['{"customer":"eve","n":1}', large, '{"customer":"eve","n":3}'];
    const file = join(directory, 'large.ndjson');
    await writeFile(file, lines.join('\n'));
    await alterTopic(brokers!, topic, {'max.message.bytes': '2000'});
    const sent = await forebay(`send orders ${file} --ndjson --json --idempotency-key large`);
    expect(json(sent), 'it is accepted: the gateway knows no limit but its own').toMatchObject({
      accepted: 3,
    });
    await run.arrived('orders.dead-letter', 1);
    const listed = await forebay('rejected orders --dead-letters --json');
    expect(json(listed)).toMatchObject({
      deadLetters: 1,
      groups: [{code: 'MESSAGE_TOO_LARGE', count: 1, id: 'large:1'}],
    });
    const tooEarly = await forebay('replay orders --dead-letters --json');
    expect(json(tooEarly)).toMatchObject({read: 1, accepted: 1});
    await run.arrived('orders.dead-letter', 2);

    await alterTopic(brokers!, topic, {'max.message.bytes': '2097152'});
    const all = await forebay('replay orders --dead-letters');
    expect(all.out).toContain('1 added, 1 were there already');
    const again = await forebay('replay orders --dead-letters --json');
    expect(json(again)).toMatchObject({read: 2, accepted: 0, duplicates: 2});

    const ids = ['large:0', 'large:1', 'large:2'];
    const arrived = (await run.arrived('orders', 6)).filter(({headers}) =>
      ids.includes(headers['ce_id']!),
    );
    expect(new Map(arrived.map(({headers, value}) => [headers['ce_id'], value]))).toEqual(
      new Map(ids.map((id, index) => [id, lines[index]])),
    );
    expect(arrived).toHaveLength(3);
  });
});

/** What a request without an event is answered: 400 to who is let in. */
const sendWith = async (key: string) => {
  const response = await fetch(`${run.url}/v1/streams/orders`, {
    method: 'POST',
    body: '[]',
    headers: {authorization: `Bearer ${key}`, 'content-type': 'application/json'},
  });
  return response.status;
};

test('a key is made, shown once, rotated and revoked', async () => {
  const [LET_IN, REFUSED] = [400, 401];
  const made = json(
    await forebay('key create --scope ingest:write:orders --quota 9:9 --json'),
  ) as MadeKey;
  expect(await sendWith(made.key)).toBe(LET_IN);
  const shown = await forebay(`key show ${made.id}`);
  expect(shown.out).toContain('"eventsPerSecond": 9');
  expect(shown.out).not.toContain(made.key);
  const next = json(await forebay(`key rotate ${made.id} --overlap 0 --json`)) as MadeKey;
  expect([await sendWith(made.key), await sendWith(next.key)]).toEqual([REFUSED, LET_IN]);
  expect((await forebay(`key revoke ${made.id}`)).out).toBe(`${made.id} is revoked`);
  expect(await sendWith(next.key)).toBe(REFUSED);
  expect((await forebay('key list')).out).toMatch(new RegExp(`^${made.id}  revoked`, 'm'));
  const wrong = await forebay('key create --scope everything');
  expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('#/scopes/0')]);
});

describe('a wrong call', () => {
  test.each([
    ['', 2, 'forebay VERB'],
    ['fly', 2, 'forebay help'],
    ['replay', 2, 'forebay replay --help'],
    ['replay orders --sinse x', 2, 'forebay replay --help'],
    ['rejected orders --since yesterday', 2, 'is no time'],
    ['rejected nothing', 1, 'there is no topic'],
    ['schema nothing', 1, '404'],
    ['send orders /no/such/file', 2, 'cannot be read'],
    ['key show', 2, 'forebay key list'],
  ])('"forebay %s" ends with %i and says what to do', async (args, code, words) => {
    const result = await runForebay(args === '' ? [] : args.split(' '), run.env);
    expect(result.code).toBe(code);
    expect(result.out + result.err).toContain(words);
  });

  test('without a key or with a wrong one it says which variable to set', async () => {
    const {FOREBAY_ADMIN_KEY: _, ...keyless} = run.env;
    const without = await runForebay(['key', 'list'], keyless);
    expect([without.code, without.err]).toEqual([2, expect.stringContaining('FOREBAY_ADMIN_KEY')]);
    const wrong = await runForebay(['key', 'list'], {...run.env, FOREBAY_ADMIN_KEY: 'fb_x'});
    expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('401')]);
  });

  test('a gateway that is not there is named', async () => {
    const env = {...run.env, FOREBAY_GATEWAY_URL: 'http://127.0.0.1:9'};
    const result = await runForebay(['schema', 'orders'], env);
    expect([result.code, result.err]).toEqual([1, expect.stringContaining('127.0.0.1:9')]);
  });
});

test('every verb has help that names its options', async () => {
  const overview = await forebay('help');
  const verbs = [...overview.out.matchAll(/^ {2}([a-z]+) {2,}/gm)].map(([, name]) => name!);
  expect(verbs).toEqual(expect.arrayContaining(['send', 'schema', 'key', 'rejected', 'replay']));
  for (const verb of verbs) {
    const help = await forebay(`${verb} --help`);
    expect([verb, help.code, help.out]).toEqual([verb, 0, expect.stringContaining('--json')]);
  }
});

test('the command runs on whatever Node there is, and hands its exit code on', async () => {
  const command = join(import.meta.dirname, '../../cli/forebay.js');
  const {stdout} = await promisify(execFile)(process.execPath, [command, 'help']);
  expect(stdout).toContain('forebay VERB');
  const wrong = promisify(execFile)(process.execPath, [command, 'fly']);
  await expect(wrong).rejects.toMatchObject({code: 2, stderr: expect.stringContaining('fly')});
});
