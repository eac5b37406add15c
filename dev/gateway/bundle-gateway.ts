import {execFile} from 'node:child_process';
import {copyFile, mkdir} from 'node:fs/promises';
import {createRequire} from 'node:module';
import path from 'node:path';
import {promisify} from 'node:util';
import {ForebayError, toError} from '../../src/lib/errors.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const BUNDLE_TIMEOUT_MS = 60_000;
/** Resolved here: a bundler is slow to find what it may not use, and the gateway uses nothing of Node. */
const require = createRequire(import.meta.url);

export interface BundleOptions {
  /** Another definition than src/pipeline.ts. */
  readonly pipelinePath?: string | undefined;
  /** Another Worker than gateway-worker/index.ts; it is named index.ts, too. */
  readonly entryPath?: string | undefined;
  readonly outDir: string;
}

/**
 * Bundles the Worker as a deployment would, into `outDir/index.js`, with the configuration of `workerd serve` beside it.
 * @throws ForebayError `GATEWAY_BUNDLE_FAILED` with what the bundler said
 */
export async function bundleGateway({
  pipelinePath,
  entryPath,
  outDir,
}: BundleOptions): Promise<void> {
  await mkdir(outDir, {recursive: true});
  const swap =
    pipelinePath === undefined ? [] : ['--alias', `#pipeline:${path.resolve(pipelinePath)}`];
  const wrangler = path.join(
    path.dirname(require.resolve('wrangler/package.json')),
    'bin/wrangler.js',
  );
  const entry = entryPath === undefined ? [] : [path.resolve(entryPath)];
  const outdir = path.resolve(outDir);
  const args = [wrangler, 'deploy', ...entry, '--dry-run', '--outdir', outdir, ...swap];
  try {
    await promisify(execFile)(process.execPath, args, {
      cwd: ROOT,
      timeout: BUNDLE_TIMEOUT_MS,
      env: {...process.env, WRANGLER_SEND_METRICS: 'false', CI: 'true'},
    });
  } catch (error) {
    const {stdout = '', stderr = ''} = error as {stdout?: string; stderr?: string};
    throw new ForebayError({
      code: 'GATEWAY_BUNDLE_FAILED',
      message: `the gateway cannot be bundled:\n${stderr}${stdout}`.trim(),
      hint: 'npx wrangler deploy --dry-run shows the same',
      cause: toError(error),
    });
  }
  await copyFile(path.join(ROOT, 'deploy/workerd.capnp'), path.join(outDir, 'workerd.capnp'));
}
