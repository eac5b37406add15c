import {existsSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {rootCertificates} from 'node:tls';
import * as z from 'zod';
import {runTool} from './run-tool.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----/g;

const Settings = z.object({
  globalconfig: z.string(),
  userconfig: z.string(),
  cafile: z.string().nullish(),
  registry: z.string(),
});

/**
 * This machine's settings for npm as one .npmrc that means the same elsewhere: a file of certificates is copied into it,
 * since its path says nothing inside a build.
 */
export async function registrySettings(): Promise<string> {
  const listed = await runTool('npm', ['config', 'list', '--long', '--json']);
  const {globalconfig, userconfig, cafile, registry} = Settings.parse(JSON.parse(listed));
  const files = [globalconfig, userconfig];
  const lines = (await Promise.all(files.map(textOf)))
    .flatMap((text) => text.split('\n'))
    .filter((line) => !/^\s*(cafile|prefix|cache)\s*=/.test(line));
  const authorities = await ownAuthorities(cafile ?? '');
  return [
    ...lines,
    `registry=${registry}`,
    ...authorities.map((pem) => `ca[]=${JSON.stringify(pem)}`),
    '',
  ].join('\n');
}

/** Instead of node's own, if this machine trusts others. */
async function ownAuthorities(cafile: string): Promise<readonly string[]> {
  const given = (await textOf(cafile)).match(CERTIFICATE);
  if (given !== null) return given;
  const extra = (await textOf(process.env['NODE_EXTRA_CA_CERTS'] ?? '')).match(CERTIFICATE);
  return extra === null ? [] : [...rootCertificates, ...extra];
}

/** Empty without the file. */
async function textOf(path: string): Promise<string> {
  return existsSync(path) ? await readFile(path, 'utf8') : '';
}
