import type { DocumentFormat } from './document-format.ts';

/** A field, in quotes (doubled inside) or without any. */
const FIELD = /(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))/.source;
const ROW = new RegExp(`^${FIELD},${FIELD},${FIELD}(\\r?\\n?)$`);
const DECIMALS = 4;

/**
 * A table with a row for each photograph and its best caption, as RFC 4180 has it.
 *
 * @param options.header left out in all shards of a run but the first, so that their files concatenate
 */
export function csv({ header }: { header: boolean }): DocumentFormat {
  return {
    name: 'csv',
    head: header ? 'file_name,text,score\r\n' : '',
    separator: '',
    tail: '',
    lineEnd: '\r\n',

    keyOf: (name) => name,

    // The score has all its decimals, so that one cut short can be told from it.
    record: (name, { captions: [best] }) =>
      `${field(name)},${field(best!.text)},${best!.logProb.toFixed(DECIMALS)}\r\n`,

    keyIn(record) {
      const row = ROW.exec(record);
      if (!row) return undefined;
      const [name, , score] = [row[1] ?? row[2], row[3] ?? row[4], row[5] ?? row[6]];
      const ended = row[7]!.endsWith('\n') || /\.\d{4}$/.test(score!);
      if (!name || !ended || !Number.isFinite(Number(score))) return undefined;
      return name.replaceAll('""', '"');
    },

    // No line ends but in a quoted field, the last of which may be open.
    begins: (text) => /^[^\r\n]*$/.test(text.replace(/"[^"]*(?:"|$)/g, '')),
  };
}

/** Quotes what a reader would split or trim. */
function field(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
