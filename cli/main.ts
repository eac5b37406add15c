import {runCli} from './run-cli.ts';
import {verbs} from './verbs.ts';

process.exitCode = await runCli(verbs, {
  args: process.argv.slice(2),
  env: process.env,
  print: (line) => process.stdout.write(`${line}\n`),
  complain: (line) => process.stderr.write(`${line}\n`),
});
