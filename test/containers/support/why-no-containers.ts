import {existsSync} from 'node:fs';
import {delimiter, join} from 'node:path';
import {toError} from '../../../src/lib/errors.ts';
import {runTool} from './run-tool.ts';

/** Builds images · runs containers, as a Docker engine does · makes a Debian for them. */
const TOOLS = ['buildah', 'runc', 'mmdebstrap'];

/** Why this machine cannot build and run a container, in words; `null` when it can. Installs what is missing if it may. */
export async function whyNoContainers(): Promise<string | null> {
  if (process.platform !== 'linux') return 'containers need Linux';
  if (process.getuid?.() !== 0) return 'mounting the root of a container needs root';
  const missing = TOOLS.filter((tool) => !isInstalled(tool));
  if (missing.length === 0) return null;
  if (!isInstalled('apt-get')) return `there is no ${missing.join(', no ')}`;
  const options = ['-q', '-y', '-o', 'DPkg::Lock::Timeout=120'];
  const env = {DEBIAN_FRONTEND: 'noninteractive'};
  try {
    await runTool('apt-get', ['update', ...options], env);
    await runTool('apt-get', ['install', '--no-install-recommends', ...options, ...missing], env);
    return null;
  } catch (error) {
    return `${missing.join(', ')} cannot be installed: ${toError(error).message}`;
  }
}

function isInstalled(tool: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.some((folder) => existsSync(join(folder, tool)));
}
