import { UserError } from '../errors.ts';
import { findModel, type ModelFolder, readModel, STEP_FILE } from '../library/model-folder.ts';
import { encoderHash } from '../vision/encoder.ts';

/** Models that can write a caption together, one or more: the same words, the same encoder, other weights. */
export type Ensemble = readonly [ModelFolder, ...ModelFolder[]];

/** Finds and reads models by name or folder ('default'); a UserError where they can't work together. */
export async function readModels(models: string | readonly string[] = 'default'): Promise<Ensemble> {
  const paths: string[] = [];
  for (const model of [models].flat()) paths.push(await findModel(model));
  return ensembleOf(await Promise.all(paths.map(readModel)));
}

/** The models, if they can work together; a UserError names two that can't and says what differs. */
export function ensembleOf(models: ModelFolder | readonly ModelFolder[]): Ensemble {
  const [first, ...others] = [models].flat();
  if (first === undefined) throw new UserError('expected at least one model but got none');
  for (const [i, other] of others.entries()) {
    expectSameWords(first, other);
    expectSameEncoder(first, other);
    for (const earlier of [first, ...others.slice(0, i)]) expectOtherWeights(earlier, other);
  }
  return [first, ...others];
}

function expectSameWords(a: ModelFolder, b: ModelFolder): void {
  const difference = wordsThatDiffer(a, b);
  if (difference === undefined) return;
  throw new UserError(`expected the models of an ensemble to have the same words but ${difference}`, {
    hint: 'train them on the same captions with the same --min-count',
  });
}

function wordsThatDiffer(a: ModelFolder, b: ModelFolder): string | undefined {
  const [nameA, nameB] = namesOf(a, b);
  const [wordsA, wordsB] = [a.vocabulary.words, b.vocabulary.words];
  if (wordsA.length !== wordsB.length) {
    const [sizeA, sizeB] = [wordsA, wordsB].map(({ length }) => length.toLocaleString('en'));
    return `${nameA} has ${sizeA} and ${nameB} ${sizeB}`;
  }
  const id = wordsA.findIndex((word, i) => word !== wordsB[i]);
  return id === -1 ? undefined : `word ${id} is "${wordsA[id]}" in ${nameA} and "${wordsB[id]}" in ${nameB}`;
}

/** All members are given one feature vector, so it has to mean the same to each. */
function expectSameEncoder(a: ModelFolder, b: ModelFolder): void {
  const [hashA, hashB] = [a, b].map(({ manifest }) => encoderHash(manifest.encoder).slice(0, 12));
  if (hashA === hashB) return;
  const [nameA, nameB] = namesOf(a, b);
  const [encoderA, encoderB] = [a.manifest.encoder.name, b.manifest.encoder.name];
  // Of the same name they differ in a file's SHA-256 or in how pixels are prepared.
  const another = encoderA === encoderB ? 'another ' : '';
  throw new UserError(
    `expected the models of an ensemble to have the same encoder but ${nameA} has ${encoderA} (${hashA}) ` +
      `and ${nameB} has ${another}${encoderB} (${hashB})`,
    { hint: "train them on the same encoder's features" },
  );
}

/** A model that counts twice is a slip: it costs time, and weighs more than the others. */
function expectOtherWeights(a: ModelFolder, b: ModelFolder): void {
  if (a.manifest.files[STEP_FILE] !== b.manifest.files[STEP_FILE]) return;
  const [nameA, nameB] = namesOf(a, b);
  throw new UserError(
    a.path === b.path
      ? `expected each model of an ensemble once but ${a.manifest.name} was given twice`
      : `expected each model of an ensemble once but ${nameA} and ${nameB} have the same weights`,
    { hint: 'train each model with another --seed, or with other options' },
  );
}

/** What messages call two models: their names, or their folders where the names are the same. */
function namesOf(a: ModelFolder, b: ModelFolder): readonly [string, string] {
  return a.manifest.name === b.manifest.name ? [a.path, b.path] : [a.manifest.name, b.manifest.name];
}
