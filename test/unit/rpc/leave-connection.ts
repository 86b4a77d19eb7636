/**
 * `leave-connection.ts SOCKET` connects, hands its connection down to a process that goes on after it (its id is
 * printed), and ends when its standard input does.
 */
import { spawn } from 'node:child_process';
import { connect } from 'node:net';

const socket = connect(process.argv[2] ?? '');
socket.once('connect', () => {
  const heir = spawn('sleep', ['600'], { stdio: ['ignore', 'ignore', 'ignore', socket], detached: true });
  heir.once('spawn', () => console.log(heir.pid));
});
process.stdin.resume();
process.stdin.once('end', () => process.exit(0));
