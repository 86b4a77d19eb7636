import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import type { Finished } from '../support/programs.ts';

/** One command line with what came of it. */
export interface GoldenStep {
  /** As it stands after the `$`: variables, program, arguments. */
  readonly line: string;
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A golden file: remarks, then steps. Each step runs in the same empty folder, `$DIR`. */
export interface GoldenFile {
  readonly remarks: readonly string[];
  readonly steps: readonly GoldenStep[];
}

/**
 * Reads the format: `#` remark, `$` command line, `=` exit code, `>` a line of stdout, `!` a line of stderr; `>|` and
 * `!|` are a last line without its end. A `$` line alone is a step that is still to be recorded.
 */
export function parseGolden(text: string): GoldenFile {
  const remarks: string[] = [];
  const steps: { line: string; code: number | null; stdout: string; stderr: string }[] = [];
  for (const line of text.split('\n')) {
    const mark = line.slice(0, 1);
    const rest = line.slice(2);
    const step = steps.at(-1);
    if (mark === '') continue;
    if (mark === '#' && step === undefined) remarks.push(rest);
    else if (mark === '$') steps.push({ line: rest, code: null, stdout: '', stderr: '' });
    else if (mark === '=' && step) step.code = Number(rest);
    else if (mark === '>' && step) step.stdout += outputOf(line);
    else if (mark === '!' && step) step.stderr += outputOf(line);
    else throw new SpirekitError('invalid-encoding', `not a line of a golden file: ${line}`);
  }
  return { remarks, steps };
}

function outputOf(line: string): string {
  return line[1] === '|' ? line.slice(3) : `${line.slice(2)}\n`;
}

/** Writes the format; reading it gives the same file. */
export function formatGolden(file: GoldenFile): string {
  const steps = file.steps.map(({ line, code, stdout, stderr }) =>
    [`$ ${line}`, `= ${code}`, ...marked('>', stdout), ...marked('!', stderr)].map((each) => `${each}\n`).join(''),
  );
  return `${file.remarks.map((remark) => `# ${remark}\n`).join('')}\n${steps.join('\n')}`;
}

function marked(mark: string, text: string): string[] {
  const lines = text.split('\n');
  const last = lines.pop() ?? '';
  return [
    ...lines.map((line) => (line === '' ? mark : `${mark} ${line}`)),
    ...(last === '' ? [] : [`${mark}| ${last}`]),
  ];
}

/** Splits a command line as a shell would, with quotes and nothing else, and takes leading `NAME=value` words apart. */
export function splitCommandLine(line: string): { env: Record<string, string>; argv: string[] } {
  const words = [...line.matchAll(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g)].map(([word]) => word.replace(/["']/g, ''));
  const start = words.findIndex((word) => !/^[A-Z_]+=/.test(word));
  const env = Object.fromEntries(words.slice(0, start).map((word) => word.split(/=(.*)/s).slice(0, 2)));
  return { env, argv: words.slice(start) };
}

/** What is compared: the folder by its name, and of help only its flags, their kinds, defaults, and command words. */
export function shapeOf(finished: Finished, folder: string): Omit<GoldenStep, 'line'> {
  const plain = (text: string): string => helpShape(text.replaceAll(folder, '$DIR'));
  return { code: finished.code, stdout: plain(finished.stdout), stderr: plain(finished.stderr) };
}

/** Help has wording of its own in each program; what scripts rely on is what remains here. */
function helpShape(text: string): string {
  if (!/^(Usage( of .*)?:|This command )/m.test(text)) return text;
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    const flag = /^ {2}(-[^\t]*)/.exec(line);
    const word = /^ {4}([a-z0-9]+)(?:\s|$)/.exec(line);
    const fallback = /^ {4}\t.*?( \(default .*\))$/.exec(line);
    if (flag) lines.push(`  ${flag[1]}`);
    else if (word) lines.push(`  ${word[1]}`);
    else if (fallback) lines.push(`${lines.pop()}${fallback[1]}`);
    else if (/^This command /.test(line)) lines.push('This command ...');
    else if (!/^( {4}\t|$|Subcommands:|Available commands are:|Commands:|flag: help requested)/.test(line))
      lines.push(line);
  }
  return `${lines.join('\n')}\n`;
}
