/**
 * A TLS server as many are: reads its certificate at its start, and again on SIGHUP, SIGUSR2 or when it is asked on its
 * control socket. Everything is in the working folder.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createControl } from 'node:net';
import { createServer } from 'node:tls';

const read = () => ({ cert: readFileSync('certs/svid.pem'), key: readFileSync('certs/svid_key.pem') });
const server = createServer(read(), (socket) => socket.end('hello'));
const reload = (): void => server.setSecureContext(read());
process.on('SIGHUP', reload);
process.on('SIGUSR2', reload);
for (const path of ['tls.sock', 'control.sock']) rmSync(path, { force: true });
createControl((socket) => {
  reload();
  socket.end();
}).listen('control.sock');
server.listen('tls.sock', () => writeFileSync('tls-server.pid', `${process.pid}\n`));
