import { runDropIn } from '../lib/cli/drop-in.ts';
import { finishProcess, processIo } from '../lib/cli/process-exit.ts';
import { loadCommand } from './load-command.ts';

void finishProcess(runDropIn('spire-server', process.argv.slice(2), loadCommand, { io: processIo() }));
