import { UserError } from '../errors.ts';
import { bleu } from './bleu.ts';
import { CiderD } from './cider.ts';
import { type Diversity, diversity } from './diversity.ts';
import { tokenizePtb } from './ptb-tokenizer.ts';
import { rougeL } from './rouge.ts';
import { type Sentence, sentence } from './sentence.ts';

/** How a data set names an image. */
export type ImageId = string | number;

/** The scores of a set of captions, under coco-caption's names, all as it prints them (0.6, not 60). */
export interface CaptionScores<Id extends ImageId = ImageId> extends Diversity {
  readonly Bleu_1: number;
  readonly Bleu_2: number;
  readonly Bleu_3: number;
  readonly Bleu_4: number;
  readonly ROUGE_L: number;
  /** CIDEr-D, the mean of `ciderOf`. */
  readonly CIDEr: number;
  readonly images: number;
  readonly ciderOf: ReadonlyMap<Id, number>;
}

/**
 * Scores one caption an image against the captions that people wrote for it, as coco-caption does
 * (PTB tokens, BLEU-1..4, ROUGE-L, CIDEr-D with the document frequencies of these references).
 *
 * @param names what to call the two sets in errors
 * @throws UserError where an image is in one set only, has no reference, or there is none at all
 */
export function scoreCaptions<Id extends ImageId>(
  candidates: ReadonlyMap<Id, string>,
  references: ReadonlyMap<Id, readonly string[]>,
  names: SetNames = { candidates: 'the candidates', references: 'the references' },
): CaptionScores<Id> {
  requireSameImages(candidates, references, names);
  const toSentence = sentenceOncePerText();
  const referencesOf = new Map<Id, readonly Sentence[]>();
  for (const image of candidates.keys()) referencesOf.set(image, references.get(image)!.map(toSentence));
  const cider = new CiderD(referencesOf);

  const ciderOf = new Map<Id, number>();
  const pairs = [];
  let rougeSum = 0;
  for (const [image, caption] of candidates) {
    const pair = { candidate: toSentence(caption), references: referencesOf.get(image)! };
    pairs.push(pair);
    ciderOf.set(image, cider.score(image, pair.candidate));
    rougeSum += rougeL(
      pair.candidate.words,
      pair.references.map(({ words }) => words),
    );
  }
  const [Bleu_1, Bleu_2, Bleu_3, Bleu_4] = bleu(pairs);
  const images = candidates.size;
  let ciderSum = 0;
  for (const score of ciderOf.values()) ciderSum += score;
  return {
    Bleu_1,
    Bleu_2,
    Bleu_3,
    Bleu_4,
    ROUGE_L: rougeSum / images,
    CIDEr: ciderSum / images,
    ...diversity(pairs.map(({ candidate }) => candidate.words)),
    images,
    ciderOf,
  };
}

/** What to call the two sets of captions in an error: file names where they come from files. */
interface SetNames {
  readonly candidates: string;
  readonly references: string;
}

function requireSameImages(
  candidates: ReadonlyMap<ImageId, string>,
  references: ReadonlyMap<ImageId, readonly string[]>,
  names: SetNames,
): void {
  if (candidates.size === 0) throw new UserError(`expected captions in ${names.candidates} but got none`);
  const unreferenced = [...candidates.keys()].filter((image) => (references.get(image)?.length ?? 0) === 0);
  const uncaptioned = [...references.keys()].filter((image) => !candidates.has(image));
  if (unreferenced.length + uncaptioned.length === 0) return;
  const complaints = [];
  if (unreferenced.length > 0)
    complaints.push(`${list(unreferenced)} without a caption in ${names.references}`);
  if (uncaptioned.length > 0)
    complaints.push(`${list(uncaptioned)} without a caption in ${names.candidates}`);
  throw new UserError(
    `expected the same images in ${names.candidates} and ${names.references} but got ${complaints.join(', and ')}`,
    { hint: 'scores of different sets of images cannot be compared; caption every image of the references' },
  );
}

/** "image 7", "images 7, 8", "4,000 images (7, 8, 9, 10, 11, ...)". */
function list(images: readonly ImageId[]): string {
  const shown = 5;
  if (images.length === 1) return `image ${images[0]}`;
  if (images.length <= shown) return `images ${images.join(', ')}`;
  return `${images.length} images (${images.slice(0, shown).join(', ')}, ...)`;
}

/** Equal captions, frequent among a model's, are tokenised and counted once. */
function sentenceOncePerText(): (caption: string) => Sentence {
  const known = new Map<string, Sentence>();
  return (caption) => {
    let found = known.get(caption);
    if (found === undefined) {
      found = sentence(tokenizePtb(caption));
      known.set(caption, found);
    }
    return found;
  };
}
