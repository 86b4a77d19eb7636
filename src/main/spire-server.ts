import { runDropIn } from '../lib/cli/drop-in.ts';
import { finishProcess } from '../lib/cli/process-exit.ts';
import { loadCommand } from './load-command.ts';

await finishProcess(runDropIn('spire-server', process.argv.slice(2), loadCommand));
