/** What `npm start` leaves in its state directory for other programs of this machine. */
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import * as z from 'zod';

/** `run.json`: which process does the work of each part, and where. */
export const RunDocument = z.partialRecord(
  z.enum(['gateway', 'drain', 'processor', 'console', 'kafka']),
  z.object({pid: z.int().optional(), url: z.string()}),
);
export type RunDocument = z.infer<typeof RunDocument>;

/** `secrets.json`, readable by its owner only. */
export const LocalSecrets = z.object({
  /** May send to every stream. */
  ingestKey: z.string(),
  adminKey: z.string(),
  drainKey: z.string(),
  /** Of webhooks and devices, by the name the definition gives it. */
  webhookSecrets: z.record(z.string(), z.string()),
});
export type LocalSecrets = z.infer<typeof LocalSecrets>;

/** What an earlier or a present run left; empty when there is none or it cannot be read. */
export async function readRunFile(stateDir: string): Promise<RunDocument> {
  try {
    return RunDocument.parse(JSON.parse(await readFile(runFilePath(stateDir), 'utf8')));
  } catch {
    return {};
  }
}

export function runFilePath(stateDir: string): string {
  return join(stateDir, 'run.json');
}

/** `undefined` when there are none. @throws when they are damaged */
export async function readLocalSecrets(stateDir: string): Promise<LocalSecrets | undefined> {
  const text = await readFile(localSecretsPath(stateDir), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : LocalSecrets.parse(JSON.parse(text));
}

export function localSecretsPath(stateDir: string): string {
  return join(stateDir, 'secrets.json');
}
