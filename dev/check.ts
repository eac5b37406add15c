/**
 * `npm run check`: format, lint, types, dead code, whether the Worker bundles, and whether a schema's patterns can be made
 * slow. Cheapest first; all of them run.
 */
import {describeError} from '../src/lib/errors.ts';
import {loadPipeline} from '../src/program/load-pipeline.ts';
import {findSlowPatterns} from './find-slow-patterns.ts';
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
console.log('\n• patterns of the schemas');
for (const problem of await slowPatterns()) failed.push(problem);
console.log(failed.length === 0 ? '\nall checks passed' : `\nfailed: ${failed.join(', ')}`);
process.exit(failed.length === 0 ? 0 : 1);

async function slowPatterns(): Promise<readonly string[]> {
  try {
    const path = process.env['FOREBAY_PIPELINE'] ?? '';
    const pipeline = await loadPipeline({path, importBuiltIn: () => import('#pipeline')});
    return await findSlowPatterns(pipeline);
  } catch (error) {
    return [`the pipeline cannot be loaded: ${describeError(error)}`];
  }
}
