import { connect } from 'node:http2';
import type { Socket } from 'node:net';
import type { ClientSession, SessionWindows } from './client-session.ts';

/** Starts Node's own HTTP/2 on a connected socket. */
export function startNodeSession(socket: Socket, windows: SessionWindows): ClientSession {
  const session = connect('http://localhost', {
    createConnection: () => socket,
    settings: { enablePush: false, initialWindowSize: windows.streamWindowBytes },
  });
  session.once('connect', () => session.setLocalWindowSize(windows.connectionWindowBytes));
  return session;
}
