import { loadCommand } from '../lib/cli/load-command.ts';
import { finishProcess, processIo } from '../lib/cli/process-exit.ts';
import { runUmbrella } from '../lib/cli/umbrella.ts';

void finishProcess(runUmbrella(process.argv.slice(2), loadCommand, { io: processIo() }));
