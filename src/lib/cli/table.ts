import { escapeControls } from './terminal-text.ts';

/** Rows for the umbrella's tables; cells are plain text. */
export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** The last column holds sentences, which may go on below on a narrow terminal. */
  readonly endsInProse?: boolean;
}

/** How tables are drawn. */
export interface TableOptions {
  readonly color: boolean;
  /** Of the terminal, in characters; undefined when there is none. */
  readonly columns?: number | undefined;
}

/** Between two columns. */
const GAP = 2;

/** Prose in less than this is hard to read; better that the terminal breaks it. */
const LEAST_PROSE = 20;

/** Draws a table for people; colour only where the caller found a terminal that wants it. */
export async function renderTable(table: Table, options: TableOptions): Promise<string> {
  const [{ default: CliTable }, { Chalk }] = await Promise.all([import('cli-table3'), import('chalk')]);
  const chalk = new Chalk({ level: options.color ? 1 : 0 });
  const drawn = new CliTable({
    head: table.head.map((title) => chalk.bold(title)),
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': GAP },
    chars: NO_LINES,
    ...(table.endsInProse === true ? proseWidths(table, options.columns) : {}),
  });
  for (const row of table.rows) drawn.push(row.map(escapeControls));
  return `${drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')}\n`;
}

/** Gives the last column what the others leave of the terminal. */
function proseWidths({ head, rows }: Table, columns: number | undefined): { colWidths?: number[]; wordWrap?: boolean } {
  const widths = head.slice(0, -1).map((title, index) => {
    const cells = [title, ...rows.map((row) => row[index] ?? '')];
    return Math.max(...cells.map((cell) => cell.length)) + GAP;
  });
  const rest = (columns ?? 0) - widths.reduce((sum, width) => sum + width, 0);
  return rest < LEAST_PROSE ? {} : { colWidths: [...widths, rest], wordWrap: true };
}

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
};
