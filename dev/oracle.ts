/** `npm run oracle -- [--json] FILE…`: case files through the engine of the processor; see stream-processor/oracle/main.ts. */
import {join, resolve} from 'node:path';
import {runTool} from './run-tool.ts';

const PROGRAM = join(import.meta.dirname, '..', 'stream-processor', 'oracle', 'main.ts');
/** npm runs scripts in the project; files are named from where it was called. */
const calledFrom = process.env['INIT_CWD'] ?? process.cwd();

const args = process.argv
  .slice(2)
  .map((arg) => (arg.startsWith('-') ? arg : resolve(calledFrom, arg)));
process.exit(await runTool('node', [PROGRAM, ...args]));
