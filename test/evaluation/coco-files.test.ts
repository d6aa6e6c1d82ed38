import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { readCandidates, readReferences } from '../../src/evaluation/coco-files.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coco-files-'));
});
afterAll(() => rm(folder, { recursive: true }));

let files = 0;
async function file(content: unknown): Promise<string> {
  const path = join(folder, `${files++}.json`);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

async function complaint(reading: Promise<unknown>): Promise<UserError> {
  const error = await reading.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof UserError)) throw new Error(`expected a UserError but got ${error}`);
  return error;
}

describe('readCandidates', () => {
  it('reads one caption an image, with numbers or text as ids', async () => {
    const path = await file([
      { image_id: 42, caption: 'a dog', id: 1 },
      { image_id: 'beach.jpg', caption: 'a beach' },
    ]);
    expect(await readCandidates(path)).toEqual(
      new Map([
        ['42', 'a dog'],
        ['beach.jpg', 'a beach'],
      ]),
    );
  });

  it('reads a file with a byte order mark', async () => {
    const path = await file('\ufeff[{"image_id": 1, "caption": "a dog"}]');
    expect(await readCandidates(path)).toEqual(new Map([['1', 'a dog']]));
  });

  it.each([
    [
      'a missing caption',
      [{ image_id: 1, caption: 'a' }, { image_id: 2 }],
      '"caption" in entry 2 of PATH to be text but got nothing',
    ],
    [
      'a caption that is no text',
      [{ image_id: 1, caption: 7 }],
      '"caption" in entry 1 of PATH to be text but got a number',
    ],
    [
      'a missing image',
      [{ caption: 'a' }],
      '"image_id" in entry 1 of PATH to be a number or text but got nothing',
    ],
    [
      'a null image',
      [{ image_id: null, caption: 'a' }],
      '"image_id" in entry 1 of PATH to be a number or text but got null',
    ],
    ['an entry that is no object', ['a dog'], 'entry 1 of PATH to be an object but got text'],
    [
      'an image captioned twice',
      [1, 2, '1'].map((image_id) => ({ image_id, caption: 'a' })),
      'one caption an image in PATH but got two of image 1: entries 1 and 3',
    ],
    ['an empty list', [], 'captions in PATH but got an empty list'],
    [
      'an object',
      { captions: [] },
      'PATH to be of the form [{"image_id": 42, "caption": "a dog on a beach"}, ...] but got an object with "captions"',
    ],
    ['no JSON', 'a dog on a beach', 'JSON in PATH but got something else: Unexpected token'],
  ])('refuses %s', async (_, content, wording) => {
    const path = await file(content);
    expect((await complaint(readCandidates(path))).message).toContain(
      `expected ${wording.replace('PATH', path)}`,
    );
  });

  it('suspects swapped files', async () => {
    const path = await file({ annotations: [] });
    expect((await complaint(readCandidates(path))).hint).toBe('this looks like a file of references');
  });

  it('names a file that is not there', async () => {
    const path = join(folder, 'nowhere.json');
    expect((await complaint(readCandidates(path))).message).toContain(`cannot read ${path}: ENOENT`);
  });
});

describe('readReferences', () => {
  it('collects the captions of every image that has some, in order', async () => {
    const path = await file({
      images: [{ id: 1 }, { id: 2 }, { id: 3 }],
      annotations: [
        { id: 10, image_id: 2, caption: 'a dog' },
        { id: 11, image_id: 1, caption: 'a cat' },
        { id: 12, image_id: 2, caption: 'a brown dog' },
      ],
    });
    expect(await readReferences(path)).toEqual(
      new Map([
        ['2', ['a dog', 'a brown dog']],
        ['1', ['a cat']],
      ]),
    );
  });

  it.each([
    ['no annotations', { images: [] }, 'but got an object with "images"'],
    ['annotations without entries', { annotations: [] }, 'annotations in PATH but got an empty list'],
    [
      'a missing caption',
      { annotations: [{ image_id: 5 }] },
      '"caption" in annotation 1 of PATH to be text but got nothing',
    ],
    ['null', null, 'but got null'],
  ])('refuses %s', async (_, content, wording) => {
    const path = await file(content);
    expect((await complaint(readReferences(path))).message).toContain(wording.replace('PATH', path));
  });

  it('suspects swapped files', async () => {
    const path = await file([{ image_id: 1, caption: 'a' }]);
    expect((await complaint(readReferences(path))).hint).toBe('this looks like a file of candidates');
  });
});
