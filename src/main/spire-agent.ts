import { runDropIn } from '../lib/cli/drop-in.ts';
import { loadCommand } from '../lib/cli/load-command.ts';
import { finishProcess, processIo } from '../lib/cli/process-exit.ts';

void finishProcess(runDropIn('spire-agent', process.argv.slice(2), loadCommand, { io: processIo() }));
