import { Placeholders, withEqualGaps } from '../../../test/golden/placeholders.ts';
import type { Chapter } from './chapters.ts';

/** A chapter with what each of its lines has printed. */
export interface RecordedChapter extends Chapter {
  readonly printed: readonly string[];
}

/** The page that people read. */
export function formatSessionPage(chapters: readonly RecordedChapter[]): string {
  const parts = chapters.map(({ title, prose, lines, printed }) => {
    const steps = lines.map((line, index) => `$ ${line}\n${printed[index] ?? ''}`);
    return `## ${title}\n\n${prose}\n\n\`\`\`console\n${steps.join('\n')}\`\`\`\n`;
  });
  return `# A session\n\nEverything below was printed by running it, line by line, in a folder of a throwaway trust domain with one server and one
agent, whose sockets the environment names. \`npm run proof -- session\` runs it again and compares; \`-- --record\` writes this
page anew.\n\n${parts.join('\n')}`;
}

/** What is left of a page to compare, beyond what golden files leave out: no lengths of time, shares of a life, numbers of processes. */
export function comparablePage(page: string): string {
  return withEqualGaps(new Placeholders().mask(page))
    .replaceAll(/\b\d+ (?:second|minute|hour|day)s?\b/g, '<long>')
    .replaceAll(/\b\d+(?:\.\d+)? (?:ms|%|MiB)(?=\W)/g, '<amount>')
    .replaceAll(/<kid-\d+>|\b[A-Za-z0-9]{32}\b/g, '<kid>')
    .replaceAll(/\bup \d[\dhms]*|\b\d+ s ago\b/g, '<long>')
    .replaceAll(/\bpid \d+|\bprocess \d+/g, '<process>')
    .replaceAll(/\b\d+h(?:\d+m)?\b/g, '<long>')
    .replaceAll(/\.\.<?[\w>-]+\.[0-9a-f]{8}/g, '<generation>')
    .replaceAll(/-{2,}|#+-*/g, '<bar>');
}
