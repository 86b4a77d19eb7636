import { finishProcess } from '../lib/cli/process-exit.ts';
import { runUmbrella } from '../lib/cli/umbrella.ts';
import { loadCommand } from './load-command.ts';

await finishProcess(runUmbrella(process.argv.slice(2), loadCommand));
