import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  contextJson,
  contextTable,
  formatContextList,
  formatContextShow,
  shownContextJson,
} from '../../../../src/lib/cli/pretty/context.ts';

const listed = fc.record({
  name: fc.stringMatching(/^[a-z]{1,8}$/),
  settings: fc.record({
    agentSocket: fc.stringMatching(/^\/[a-z]{1,8}$/),
    callerSVID: fc.stringMatching(/^\/[a-z]{1,8}$/),
  }),
  isCurrent: fc.boolean(),
});
const place = fc.record({ path: fc.string(), source: fc.string(), isVouchedFor: fc.boolean() });
const looks = fc.array(fc.oneof(fc.record({ place }), fc.record({ place, reason: fc.string() })), { maxLength: 3 });

describe('contexts in a list', () => {
  it('stand with their settings under the names of the flags', () => {
    fc.assert(
      fc.property(fc.array(listed, { minLength: 1 }), (contexts) => {
        const text = formatContextList(contexts);
        const { rows } = contextTable(contexts);
        for (const [index, context] of contexts.entries()) {
          const { name, settings, isCurrent } = context;
          expect(text).toContain(
            `${name}${isCurrent ? ' (current)' : ''}\n  agent-socket        : ${settings.agentSocket}\n`,
          );
          expect(rows[index]).toEqual([
            isCurrent ? '*' : '',
            name,
            `agent-socket=${settings.agentSocket} caller-svid=${settings.callerSVID}`,
          ]);
          expect(contextJson(context)).toEqual({
            name,
            current: isCurrent,
            settings: { agent_socket: settings.agentSocket, caller_svid: settings.callerSVID },
          });
        }
      }),
    );
  });
});

describe('what would be called', () => {
  it('is what was asked for by name, else a variable, else the context, else what answers', () => {
    const answering = { place: { path: '/found', source: 'a usual place', isVouchedFor: false } };
    const variable = { name: 'SPIFFE_ENDPOINT_SOCKET', value: 'unix:///variable' };
    const chosen = { name: 'edge', context: { agentSocket: '/context' } };
    const choice = (shown: object, kind: object = {}) =>
      /Agent: (.*)/.exec(
        formatContextShow({ isAsked: false, kinds: [{ kind: 'agent', looks: [answering], ...kind }], ...shown }),
      )?.[1];
    expect(choice({ chosen, isAsked: true }, { variable })).toBe('/context (context edge)');
    expect(choice({ chosen }, { variable })).toBe('unix:///variable (SPIFFE_ENDPOINT_SOCKET)');
    expect(choice({ chosen })).toBe('/context (context edge)');
    expect(choice({})).toBe('/found (a usual place)');
    expect(choice({}, { looks: [{ ...answering, reason: 'is no socket' }] })).toBe('none answers');
  });

  it('is told in lines without control characters, and as data of the same places', () => {
    fc.assert(
      fc.property(looks, fc.string(), (each, value) => {
        const kind = { kind: 'server' as const, looks: each, variable: { name: 'SPIRE_SERVER_PRIVATE_SOCKET', value } };
        const shown = { isAsked: false, kinds: [kind] };
        expect(formatContextShow(shown).replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
        const json = JSON.parse(JSON.stringify(shownContextJson(shown)));
        expect(json.sockets[0].places).toHaveLength(each.length);
      }),
    );
  });
});
