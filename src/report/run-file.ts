import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, UserError } from '../errors.ts';
import { TOKENIZERS } from '../text/tokenizer.ts';
import { TRAINING_DEFAULTS, type TrainingOptions } from '../training/options.ts';
import { RUN_FILE, type RunRecord } from '../training/run-record.ts';

/** JSON has no NaN: a run that diverged writes null for what it measured then. */
const measured = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN);
const maybe = z.number().nullable();
const whole = z.number().int().min(0);

const epoch = z.object({
  epoch: whole,
  stage: z.enum(['text', 'cross-entropy', 'self-critical']),
  trainLoss: maybe,
  reward: maybe,
  validationLoss: measured,
  validationCider: measured,
  distinct: measured,
  learningRate: measured,
  gradientNorm: measured,
  captionsPerSecond: measured,
  seconds: measured,
});

const curvePoint = z.object({
  step: whole,
  epoch: z.number(),
  loss: maybe,
  reward: maybe,
  learningRate: measured,
  gradientNorm: measured,
  captionsPerSecond: measured,
});

const photo = z.object({
  key: z.string(),
  image: z.string(),
  references: z.array(z.string()),
  captions: z.array(z.object({ epoch: whole, caption: z.string() })),
});

/** An option that came after the run was trained counts as its default: new ones are off unless asked for. */
const training = z
  .custom<Partial<TrainingOptions>>(
    (value) => isLike(value, TRAINING_DEFAULTS),
    'not the options of a training',
  )
  .transform((given) => ({
    ...TRAINING_DEFAULTS,
    ...given,
    dropout: { ...TRAINING_DEFAULTS.dropout, ...given.dropout },
  }));

/** Whether what an object has of the model's fields is of the same kinds. */
function isLike(value: unknown, model: object): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const given = new Map<string, unknown>(Object.entries(value));
  return Object.entries(model).every(([name, example]) => {
    if (!given.has(name)) return true;
    const field = given.get(name);
    return typeof example === 'object' ? isLike(field, example) : typeof field === typeof example;
  });
}

const record: z.ZodType<RunRecord> = z.object({
  formatVersion: z.literal(1),
  name: z.string(),
  state: z.enum(['training', 'finished', 'interrupted', 'diverged']),
  data: z.object({
    dataset: z.string(),
    trainImages: whole,
    trainCaptions: whole,
    validationImages: whole,
    vocabularySize: whole,
    tokenizer: z.enum(TOKENIZERS).default('word'),
  }),
  encoder: z.string(),
  decoder: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  training,
  bestEpoch: whole.nullable(),
  epochs: z.array(epoch),
  curve: z.array(curvePoint),
  photos: z.array(photo),
});

/** Where the record of a run lies that is named by its folder or by the file itself. */
export async function findRunFile(folderOrFile: string): Promise<string> {
  const found = await stat(folderOrFile).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error) {
    if (found.code !== 'ENOENT') {
      throw new UserError(`cannot read ${folderOrFile}: ${messageOf(found)}`, { cause: found });
    }
    throw new UserError(`expected the folder of a training but ${folderOrFile} does not exist`);
  }
  return found.isDirectory() ? join(folderOrFile, RUN_FILE) : folderOrFile;
}

/**
 * Reads what a run wrote down about itself. Null where a number was measured is NaN.
 * Throws a UserError that names the folder or file when it is missing or no record of a training.
 */
export async function readRunRecord(folderOrFile: string): Promise<RunRecord> {
  const path = await findRunFile(folderOrFile);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT')
      throw new UserError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
    throw new UserError(`expected ${folderOrFile} to hold ${RUN_FILE} of a training but it has none`, {
      hint: 'name the folder that was --out of caption train',
    });
  });
  return parse(text, path);
}

function parse(text: string, path: string): RunRecord {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new UserError(`expected ${path} to be JSON but it can't be parsed`);
  }
  const version = z.object({ formatVersion: z.number() }).safeParse(json);
  if (version.success && version.data.formatVersion !== 1) {
    throw new UserError(`expected ${path} to have formatVersion 1 but got ${version.data.formatVersion}`, {
      hint: 'another version of caption wrote it: make the report with that one',
    });
  }
  const result = record.safeParse(json);
  if (result.success) return result.data;
  const { path: field, message } = result.error.issues[0]!;
  throw new UserError(
    `expected ${path} to be ${RUN_FILE} of a training but got another file: ${field.join('.') || 'file'}: ${message}`,
  );
}
