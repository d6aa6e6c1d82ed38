import { createHash } from 'node:crypto';
import { UserError } from '../errors.ts';
import type { CaptionedImage, Dataset, Split } from './example.ts';

/** The images of one split; the error names the splits that the data set has. */
export function bySplit(dataset: Dataset, split: Split): readonly CaptionedImage[] {
  const examples = dataset.examples.filter((example) => example.split === split);
  if (examples.length > 0) return examples;
  const present = [...new Set(dataset.examples.map((example) => example.split))].filter(
    (name) => name !== undefined,
  );
  throw new UserError(
    `expected images of split "${split}" in ${dataset.name} but got ${present.length > 0 ? `${present.join(', ')} only` : 'no splits at all'}`,
  );
}

/**
 * Holds images out for validation, where a data set names none: of the images that are train or of no
 * split, `fraction` (at least one) becomes `val` and the rest `train`. Those with the smallest SHA-256 of
 * seed and key are taken, so the choice depends on neither the order of the file nor the machine.
 */
export function withHoldout(dataset: Dataset, fraction: number, seed: number): Dataset {
  if (!(fraction > 0 && fraction < 1)) {
    throw new UserError(`expected a hold-out fraction between 0 and 1 but got ${fraction}`);
  }
  const open = dataset.examples.filter(({ split }) => split === undefined || split === 'train');
  if (open.length < 2) {
    throw new UserError(
      `expected at least 2 training images in ${dataset.name} to hold some out but got ${open.length}`,
    );
  }
  const hash = (key: string) => createHash('sha256').update(`${seed}:${key}`).digest('hex');
  const ranked = open.map(({ key }) => ({ key, rank: hash(key) })).sort((a, b) => (a.rank < b.rank ? -1 : 1));
  const count = Math.min(Math.max(1, Math.round(fraction * open.length)), open.length - 1);
  const held = new Set(ranked.slice(0, count).map(({ key }) => key));
  const splitFor = ({ key, split }: CaptionedImage): Split =>
    split === 'val' || split === 'test' ? split : held.has(key) ? 'val' : 'train';
  return {
    ...dataset,
    examples: dataset.examples.map((example) => ({ ...example, split: splitFor(example) })),
  };
}
