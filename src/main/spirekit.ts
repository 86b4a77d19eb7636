import { finishProcess, processIo } from '../lib/cli/process-exit.ts';
import { runUmbrella } from '../lib/cli/umbrella.ts';
import { loadCommand } from './load-command.ts';

void finishProcess(runUmbrella(process.argv.slice(2), loadCommand, { io: processIo() }));
