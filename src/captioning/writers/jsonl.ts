import { z } from 'zod';
import { type DocumentFormat, scoreOf } from './document-format.ts';

const START = '{"file_name":"';
const line = z.object({ file_name: z.string(), text: z.string() });

/**
 * JSON Lines, an object for each photograph. As `metadata.jsonl` in a folder of photographs it is what
 * Hugging Face's ImageFolder reads.
 */
export const jsonl: DocumentFormat = {
  name: 'jsonl',
  head: '',
  separator: '',
  tail: '',

  keyOf: (name) => name,

  record(name, { captions }) {
    const all = captions.map((caption) => ({ text: caption.text, score: scoreOf(caption) }));
    const more = all.length > 1 ? { captions: all } : {};
    return `${JSON.stringify({ file_name: name, ...all[0], ...more })}\n`;
  },

  keyIn(record) {
    if (record.trimEnd().includes('\n')) return undefined;
    try {
      return line.parse(JSON.parse(record)).file_name;
    } catch {
      return undefined;
    }
  },

  begins: (text) => (text.startsWith(START) || START.startsWith(text)) && !text.includes('\n'),
};
