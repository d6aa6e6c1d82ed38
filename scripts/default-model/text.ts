import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

/**
 * Captions without photographs that training may read. Those of Flickr30k are left out: they hold Flickr8k's
 * validation and test captions.
 */
const FILES = ['coco_restval.txt.gz', 'flickr8k_train.txt.gz'];

/** The captions of the folder `text`, one a line. */
export async function textCaptions(photos: string): Promise<string[]> {
  const texts = await Promise.all(
    FILES.map(async (file) => promisify(gunzip)(await readFile(join(photos, 'text', file)))),
  );
  return texts.flatMap((text) =>
    text
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== ''),
  );
}
