/** `npm run check`: format, lint, types, dead code, and whether the Worker bundles. Cheapest first; all of them run. */
import {runTool} from './run-tool.ts';

const CHECKS = [
  ['oxfmt', '--check', '.'],
  ['oxlint'],
  ['tsc', '-b'],
  ['knip'],
  ['wrangler', 'types', '--check', 'gateway-worker/worker-configuration.d.ts'],
  ['wrangler', 'deploy', '--dry-run'],
] as const;

const failed: string[] = [];
for (const [command, ...args] of CHECKS) {
  const name = [command, ...args].join(' ');
  console.log(`\n• ${name}`);
  if ((await runTool(command, args)) !== 0) failed.push(name);
}
console.log(failed.length === 0 ? '\nall checks passed' : `\nfailed: ${failed.join(', ')}`);
process.exit(failed.length === 0 ? 0 : 1);
