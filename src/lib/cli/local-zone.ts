import { closeSync, openSync, readSync } from 'node:fs';
import type { Environment } from './command-context.ts';
import { UTC, type Zone } from './go-time.ts';

/** Where zone files lie, in the order in which Go looks for them. */
const ZONE_FOLDERS = ['/usr/share/zoneinfo/', '/usr/share/lib/zoneinfo/', '/usr/lib/locale/TZ/', '/etc/zoneinfo/'];

/** Real zone files have a few KiB. */
const MAX_ZONE_FILE_BYTES = 64 * 1024;

/**
 * The process's own zone at a moment, named as Go names it: Node knows the offset but not the short name (`CET`), so that
 * one comes from the zone file. Without a zone file it is UTC, as in Go.
 */
export function localZone(epochSeconds: bigint, env: Environment): Zone {
  const file = readZoneFile(env['TZ']);
  if (file === undefined) return UTC;
  const offsetMinutes = new Date(Number(epochSeconds) * 1000).getTimezoneOffset();
  const offsetSeconds = Number.isNaN(offsetMinutes) ? 0 : -offsetMinutes * 60;
  return { offsetSeconds, abbreviation: abbreviationOf(file, offsetSeconds) };
}

/**
 * The short name that a zone file (RFC 9636) has for an offset: by the rule at its end, which holds for the years to
 * come, else by its list of types, else the offset itself as the zone database writes it.
 */
export function abbreviationOf(file: Uint8Array, offsetSeconds: number): string {
  const zones = [...typesOf(file), ...footerZones(file)];
  const match = zones.findLast((zone) => zone.offsetSeconds === offsetSeconds);
  if (match !== undefined) return match.abbreviation;
  const minutes = Math.trunc(Math.abs(offsetSeconds) / 60);
  const text = String(Math.trunc(minutes / 60) * 100 + (minutes % 60)).padStart(4, '0');
  return `${offsetSeconds < 0 ? '-' : '+'}${text.replace(/00$/, '')}`;
}

function readZoneFile(name: string | undefined): Uint8Array | undefined {
  if (name === undefined) return readBounded('/etc/localtime');
  const path = name.replace(/^:/, '');
  if (path === '' || path === 'UTC') return undefined;
  if (path.startsWith('/')) return readBounded(path);
  for (const folder of ZONE_FOLDERS) {
    const file = readBounded(folder + path);
    if (file !== undefined) return file;
  }
  return undefined;
}

function readBounded(path: string): Uint8Array | undefined {
  try {
    const descriptor = openSync(path, 'r');
    try {
      const buffer = Buffer.alloc(MAX_ZONE_FILE_BYTES);
      const file = buffer.subarray(0, readSync(descriptor, buffer));
      return file.toString('latin1', 0, 4) === 'TZif' ? file : undefined;
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return undefined;
  }
}

/** The local time types of the first data block, which every version of the format has. */
function typesOf(file: Uint8Array): Zone[] {
  if (file.length < 44) return [];
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const [transitions, types, characters] = [view.getUint32(32), view.getUint32(36), view.getUint32(40)];
  const typesAt = 44 + transitions * 5;
  const namesAt = typesAt + types * 6;
  if (namesAt + characters > file.length) return [];
  const names = Buffer.from(file.subarray(namesAt, namesAt + characters)).toString('latin1');
  return Array.from({ length: types }, (_, index) => {
    const at = typesAt + index * 6;
    const nameAt = view.getUint8(at + 5);
    return { offsetSeconds: view.getInt32(at), abbreviation: names.slice(nameAt).split('\0', 1)[0] ?? '' };
  });
}

/** Standard and summer time of the last line, such as `CET-1CEST,M3.5.0,M10.5.0/3`: offsets there count westwards. */
function footerZones(file: Uint8Array): Zone[] {
  const line = /\n([^\n]*)\n$/.exec(Buffer.from(file).toString('latin1'))?.[1] ?? '';
  const name = '<[A-Za-z0-9+-]+>|[A-Za-z]+';
  const rule = new RegExp(`^(${name})([+-]?[0-9:]+)(?:(${name})([+-]?[0-9:]+)?)?`).exec(line);
  if (rule === null) return [];
  const [, standard = '', westOfStandard = '', summer, westOfSummer] = rule;
  const standardOffset = -secondsOf(westOfStandard);
  const zones = [{ offsetSeconds: standardOffset, abbreviation: bare(standard) }];
  if (summer === undefined) return zones;
  const summerOffset = westOfSummer === undefined ? standardOffset + 3600 : -secondsOf(westOfSummer);
  return [...zones, { offsetSeconds: summerOffset, abbreviation: bare(summer) }];
}

function secondsOf(text: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = text.replace(/^[+-]/, '').split(':').map(Number);
  return (text.startsWith('-') ? -1 : 1) * (hours * 3600 + minutes * 60 + seconds);
}

function bare(name: string): string {
  return name.replace(/^<|>$/g, '');
}
