import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync} from 'node:fs';
import {mkdtemp, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import pipeline from '../../../src/pipeline.ts';
import {apiKeyId, hashApiKey} from '../../../src/lib/api-key.ts';
import {keepSecrets, keyEntries} from '../../../dev/stack/dev-secrets.ts';
import {endLeftovers} from '../../../dev/stack/end-leftovers.ts';
import {RunFile} from '../../../dev/stack/run-file.ts';
import {readRunFile} from '../../../src/program/local-run.ts';
import {lockStateDir} from '../../../dev/stack/supervisor-lock.ts';
import {waitUntil} from '../../support/wait-until.ts';
import {isAlive} from './stand-in.ts';

let stateDir: string;
beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'forebay-state-'));
});
afterEach(() => rm(stateDir, {recursive: true}));

function sleeper(mark: string) {
  const code = 'setInterval(() => {}, 1000)';
  return spawn(process.execPath, ['-e', code, mark], {stdio: 'ignore'});
}

describe('run.json', () => {
  test('names the process and the address of every part, and follows a restart', async () => {
    const file = new RunFile(stateDir);
    file.set('gateway', {pid: 11, url: 'http://127.0.0.1:1'});
    file.set('kafka', {pid: undefined, url: 'broker:9092'});
    file.set('gateway', {pid: 12, url: 'http://127.0.0.1:1'});
    expect(JSON.parse(await readFile(join(stateDir, 'run.json'), 'utf8'))).toEqual({
      gateway: {pid: 12, url: 'http://127.0.0.1:1'},
      kafka: {url: 'broker:9092'},
    });
    file.remove();
    expect(await readRunFile(stateDir)).toEqual({});
  });

  test('is never seen half written', async () => {
    const file = new RunFile(stateDir);
    file.set('drain', {pid: 1, url: 'u'});
    const url = `http://127.0.0.1/${'x'.repeat(100_000)}`;
    const written = new AbortController();
    const reader = (async () => {
      let reads = 0;
      for (; !written.signal.aborted; reads += 1) {
        expect(Object.keys(await readRunFile(stateDir))).toEqual(['drain']);
      }
      return reads;
    })();
    for (let pid = 1; pid <= 200; pid += 1) {
      file.set('drain', {pid, url});
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    written.abort();
    expect(await reader).toBeGreaterThan(0);
  });
});

describe('what a killed supervisor left', () => {
  test('is ended, and somebody else’s process with the same pid is not', async () => {
    const ours = sleeper('drain-service/main.ts');
    const theirs = sleeper('an-editor');
    const file = new RunFile(stateDir);
    file.set('drain', {pid: ours.pid, url: 'u'});
    file.set('processor', {pid: theirs.pid, url: 'u'});
    expect(await endLeftovers(stateDir)).toEqual(['drain']);
    await waitUntil('the exit', 5_000, () => ours.signalCode === 'SIGTERM');
    expect(isAlive(theirs.pid!)).toBe(true);
    theirs.kill('SIGKILL');
  });

  test('includes a process that ignores SIGTERM', async () => {
    const code = `process.on('SIGTERM', () => {}); process.stdout.write('up'); setInterval(() => {}, 1000)`;
    const stubborn = spawn(process.execPath, ['-e', code, 'console/main.ts'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(stubborn.stdout, 'data');
    new RunFile(stateDir).set('console', {pid: stubborn.pid, url: 'u'});
    expect(await endLeftovers(stateDir, {stopDeadlineMs: 200})).toEqual(['console']);
    await waitUntil('the exit', 5_000, () => stubborn.signalCode === 'SIGKILL');
  });
});

describe('the state directory', () => {
  test('has one supervisor at a time', async () => {
    const release = await lockStateDir(stateDir);
    await expect(lockStateDir(stateDir)).rejects.toMatchObject({code: 'STATE_DIR_BUSY'});
    release();
    (await lockStateDir(stateDir))();
  });

  test('is not locked by a supervisor that is gone, even if its pid is somebody else’s now', async () => {
    await writeFile(
      join(stateDir, 'supervisor'),
      `${process.pid}\nnode dev/start.ts of another day`,
    );
    (await lockStateDir(stateDir))();
    expect(existsSync(join(stateDir, 'supervisor'))).toBe(false);
  });
});

describe('the keys', () => {
  test('are made once, readable by their owner only, with a secret for every webhook', async () => {
    const first = await keepSecrets(stateDir, pipeline);
    expect(await keepSecrets(stateDir, pipeline)).toEqual(first);
    expect(first.webhookSecrets['GITHUB_WEBHOOK_SECRET']).toMatch(/^[0-9a-f]{48}$/);
    expect((await stat(join(stateDir, 'secrets.json'))).mode & 0o777).toBe(0o600);
  });

  test('reach the gateway as hashes only', async () => {
    const secrets = await keepSecrets(stateDir, pipeline);
    const entries = await keyEntries(secrets);
    expect(entries.map(({scopes}) => scopes)).toEqual([['ingest:write:*'], ['admin'], ['drain']]);
    expect(entries[0]).toMatchObject({
      id: apiKeyId(secrets.ingestKey),
      hash: await hashApiKey(secrets.ingestKey),
    });
    expect(JSON.stringify(entries)).not.toContain(secrets.ingestKey);
  });
});
