/** `serve-namespace.ts SOCKET`, in a pid namespace of its own: prints why it refused its first caller. */
import { serveAttestation } from './attesting-server.ts';

await using server = await serveAttestation(process.argv[2] ?? '');
console.log('listening');
while (server.refusals.length === 0) await new Promise((resolve) => setImmediate(resolve));
console.log(server.refusals[0]);
