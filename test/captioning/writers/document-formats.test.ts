import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coco } from '../../../src/captioning/writers/coco.ts';
import { csv } from '../../../src/captioning/writers/csv.ts';
import { type DocumentFormat, expectDistinct } from '../../../src/captioning/writers/document-format.ts';
import { jsonl } from '../../../src/captioning/writers/jsonl.ts';
import { oneLine } from '../../../src/captioning/writers/one-line.ts';
import { plain, tsv } from '../../../src/captioning/writers/tsv.ts';
import { AWKWARD_NAMES, photo } from './photos.ts';

const table = csv({ header: true });

async function textOf(format: DocumentFormat, names: readonly string[], text = 'a "dog", in\tgrass') {
  const records = await Promise.all(names.map((name) => format.record(name, photo(name, text))));
  return format.head + records.join(format.separator) + format.tail;
}

/** Rows of fields as RFC 4180 defines them, one character after the other. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = '';
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (quoted) {
      if (character !== '"') field += character;
      else if (text[at + 1] === '"') field += text[at++];
      else quoted = false;
    } else if (character === '"') {
      expect(field).toBe('');
      quoted = true;
    } else if (character === ',') {
      row.push(field);
      field = '';
    } else if (character === '\r') {
      expect(text[++at]).toBe('\n');
      rows.push([...row, field]);
      row = [];
      field = '';
    } else field += character;
  }
  expect({ row, field, quoted }).toEqual({ row: [], field: '', quoted: false });
  return rows;
}

describe('jsonl', () => {
  it('writes what JSON.parse reads, an object a line', async () => {
    const lines = (await textOf(jsonl, AWKWARD_NAMES)).split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      AWKWARD_NAMES.map((file_name) => ({ file_name, text: 'a "dog", in\tgrass', score: -1.5 })),
    );
  });

  it('looks as ImageFolder expects, scores to 4 decimals', () => {
    const captions = [{ text: 'a dog', logProb: -7.123449 }];
    expect(jsonl.record('sub/a.jpg', { path: 'x', source: 'x', captions })).toBe(
      '{"file_name":"sub/a.jpg","text":"a dog","score":-7.1234}\n',
    );
  });

  it('lists all captions where there are several, best first', () => {
    expect(jsonl.record('a.jpg', photo('a.jpg', 'a dog', 'a cat'))).toBe(
      '{"file_name":"a.jpg","text":"a dog","score":-1.5,"captions":[{"text":"a dog","score":-1.5},{"text":"a cat","score":-2.5}]}\n',
    );
  });

  it.each([
    '{"file_name":"a.jpg"}',
    '{"file_name":"a.jpg","text":"a d',
    '[1]',
    'null',
    '{\n"file_name":"a.jpg","text":"a dog"}',
    '{"file_name":"a.jpg","text":"a dog"} {"file_name":"b.jpg","text":"a dog"}',
  ])('finds no record in %j', (text) => {
    expect(jsonl.keyIn(text)).toBeUndefined();
  });
});

describe('csv', () => {
  it('writes what a reader of RFC 4180 reads', async () => {
    expect(parseCsv(await textOf(table, AWKWARD_NAMES))).toEqual([
      ['file_name', 'text', 'score'],
      ...AWKWARD_NAMES.map((name) => [name, 'a "dog", in\tgrass', '-1.5000']),
    ]);
  });

  it('quotes only where it has to', () => {
    expect(table.record('a.jpg', photo('a.jpg', 'a dog'))).toBe('a.jpg,a dog,-1.5000\r\n');
    expect(table.record('a "b".jpg', photo('', 'a, b'))).toBe('"a ""b"".jpg","a, b",-1.5000\r\n');
  });

  it('leaves the header out for the shards behind the first', () => {
    expect(csv({ header: true }).head).toBe('file_name,text,score\r\n');
    expect(csv({ header: false }).head).toBe('');
  });

  it('reads rows that a spreadsheet has written', () => {
    expect(table.keyIn('a.jpg,a dog,-7.1\n')).toBe('a.jpg');
    expect(table.keyIn('"a.jpg","a dog",""\r\n')).toBe('a.jpg');
    expect(table.keyIn('a.jpg,a dog,-7.1234')).toBe('a.jpg');
  });

  it.each([
    'file_name,text,score\r\n',
    'a.jpg,a dog\r\n',
    'a.jpg,a dog,-1,more\r\n',
    '"a.jpg,a dog,-1\r\n',
    'a"b.jpg,a dog,-1\r\n',
    '"a"b.jpg,a dog,-1\r\n',
    ',a dog,-1\r\n',
    'a.jpg,a dog,-7.123',
  ])('finds no record in %j', (text) => {
    expect(table.keyIn(text)).toBeUndefined();
  });
});

describe('coco', () => {
  it('is valid JSON, ids and captions', async () => {
    const text = await textOf(
      coco,
      ['000000000042.jpg', 'sub/7.png', 'COCO_val2014_000000000009.jpg'],
      'a "dog"',
    );
    expect(JSON.parse(text)).toEqual([
      { image_id: 42, caption: 'a "dog"' },
      { image_id: 7, caption: 'a "dog"' },
      { image_id: 9, caption: 'a "dog"' },
    ]);
    expect(text).toBe(
      '[\n{"image_id":42,"caption":"a \\"dog\\""}\n,{"image_id":7,"caption":"a \\"dog\\""}\n,{"image_id":9,"caption":"a \\"dog\\""}\n]\n',
    );
  });

  it.each([
    'dog.jpg',
    '42a.jpg',
    'IMG_000000000042.jpg',
    'COCO_val2014_42.jpg',
    '-42.jpg',
    '9007199254740993.jpg',
    '42/a.jpg',
  ])('refuses %s, which carries no id', (name) => {
    expect(() => coco.keyOf(name)).toThrow(
      `expected names with a COCO image id in format coco but got ${name}`,
    );
    expect(() => coco.record(name, photo(name, 'a dog'))).toThrow(
      expect.objectContaining({
        name: 'UserError',
        hint: expect.stringContaining('COCO_val2014_000000000042.jpg'),
      }),
    );
  });

  it('refuses two photographs with one id', () => {
    expect(() => expectDistinct(coco, ['a/42.jpg', 'b/7.jpg', 'b/0042.png'])).toThrow(
      'expected photographs with different names in coco but got a/42.jpg and b/0042.png, both 42 there',
    );
    expect(() => expectDistinct(coco, ['a/42.jpg', 'dog.jpg', 'b/43.png'])).toThrow(
      'expected names with a COCO image id in format coco but got dog.jpg',
    );
    expect(() => expectDistinct(coco, ['a/42.jpg', 'b/43.png'])).not.toThrow();
    expect(() => expectDistinct(jsonl, ['a/42.jpg', 'b/42.jpg'])).not.toThrow();
  });
});

describe('tsv', () => {
  it('has a line for each caption', () => {
    expect(tsv.record('a.jpg', photo('a.jpg', 'a dog', 'a cat'))).toBe('a.jpg\ta dog\na.jpg\ta cat\n');
  });

  it('keeps awkward names on their line and apart', async () => {
    const lines = (await textOf(tsv, AWKWARD_NAMES)).trimEnd().split(/\r\n|[\n\r\u0085\u2028]/);
    expect(lines.map((line) => line.split('\t'))).toEqual(
      AWKWARD_NAMES.map((name) => [oneLine(name), 'a "dog", in\\tgrass']),
    );
    expect(() => expectDistinct(tsv, AWKWARD_NAMES)).not.toThrow();
  });

  it('takes no line for a record that may lack a part of its caption', () => {
    expect(tsv.keyIn('a.jpg\ta dog\n')).toBe('a.jpg');
    expect(tsv.keyIn('a.jpg\ta do')).toBeUndefined();
    expect(tsv.keyIn('a.jpg\n')).toBeUndefined();
  });
});

it('plain is the captions alone', () => {
  expect(plain.record('a.jpg', photo('a.jpg', 'a dog', 'a cat'))).toBe('a dog\na cat\n');
});

it('oneLine escapes what breaks a line or moves a cursor', () => {
  expect(oneLine('a\nb\tc\u001b[2J\u009b\u2028é')).toBe('a\\nb\\tc\\u001b[2J\\u009b\\u2028é');
});

describe.each([jsonl, table, tsv])('any name in $name', (format) => {
  const name = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !text.includes('\0'));

  it('is found again in its record', async () => {
    await fc.assert(
      fc.asyncProperty(name, fc.string({ unit: 'grapheme' }), async (name, text) => {
        const record = await format.record(name, photo(name, text));
        expect(format.keyIn(record)).toBe(format.keyOf(name));
        if (record.trimEnd().includes('\n'))
          expect(format.keyIn(record.slice(0, record.indexOf('\n') + 1))).toBeUndefined();
        // A cut anywhere before the line end leaves what can be seen to be cut, or all that matters.
        for (let cut = 0; cut < record.length; cut++) {
          const torn = record.slice(0, cut);
          if (format.keyIn(torn) === undefined) expect(format.begins?.(torn)).toBe(true);
          else expect(torn).toBe(record.trimEnd() + record.slice(record.trimEnd().length, cut));
        }
      }),
    );
  });
});
