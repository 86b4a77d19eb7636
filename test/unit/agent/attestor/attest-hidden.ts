/** `attest-hidden.ts SOCKET`, where /proc hides the processes of others: prints how a caller was attested. */
import { serveAttestation } from './attesting-server.ts';

await using server = await serveAttestation(process.argv[2] ?? '');
console.log('listening');
const peer = await server.nextPeer();
console.log(JSON.stringify({ uid: peer.uid, attested: await server.attest(peer) }));
