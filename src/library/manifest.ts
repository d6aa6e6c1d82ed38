import { z } from 'zod';
import { CELLS } from '../decoder/cells/table.ts';
import { MODES } from '../decoder/config.ts';
import { UserError } from '../errors.ts';
import { TOKENIZERS } from '../text/tokenizer.ts';
import type { EncoderDefinition } from '../vision/definition.ts';

const positive = z.number().int().positive();
const triple = z.tuple([z.number(), z.number(), z.number()]);

const preprocessing = z.object({
  resize: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('squash') }),
    z.object({ kind: z.literal('crop'), shortSide: positive }),
  ]),
  mirror: z.boolean().optional(),
  size: positive,
  channels: z.enum(['RGB', 'BGR']),
  scale: z.number(),
  mean: triple,
  std: triple,
});

const network = z.object({
  file: z.string().regex(/^[^/\\]+$/, 'expected a file name without a folder'),
  sha256: z.string().nullable(),
  input: z.object({ name: z.string(), layout: z.enum(['NCHW', 'NHWC']) }),
  features: z.array(z.string()).min(1),
  featureSize: positive,
  maxBatch: positive,
  preprocessing,
  l2: z.number().nullable(),
});

const encoder: z.ZodType<EncoderDefinition> = z
  .object({
    name: z.string(),
    description: z.string(),
    featureSize: positive,
    networks: z.array(network).min(1),
  })
  .superRefine(({ featureSize, networks }, context) => {
    const sum = networks.reduce((total, { featureSize }) => total + featureSize, 0);
    if (featureSize === sum) return;
    const message = `expected ${sum}, the sum of its networks, but got ${featureSize}`;
    context.addIssue({ code: 'custom', path: ['featureSize'], message });
  });

const manifest = z.object({
  formatVersion: z.literal(1),
  name: z.string(),
  encoder,
  decoder: z.object({
    cell: z.enum(CELLS),
    mode: z.enum(MODES),
    layers: positive,
    embeddingSize: positive,
    hiddenSize: positive,
    featureSize: positive,
    vocabularySize: positive,
    highway: z.boolean().optional(),
    learnedState: z.boolean().optional(),
  }),
  /** What the decoder reads and writes; words where nothing is said. */
  tokenizer: z.enum(TOKENIZERS).optional(),
  /** Search settings that the model was chosen with. */
  decoding: z.object({
    beam: positive,
    minLength: z.number().int().min(0),
    maxLength: positive,
    lengthPenalty: z.number().min(0),
  }),
  /** What it was trained on and how, in the words of whoever trained it. */
  training: z.record(z.string(), z.unknown()),
  /** How well it captions, in the words of whoever measured it. */
  scores: z.record(z.string(), z.unknown()).optional(),
  /** SHA-256 of the folder's other files. */
  files: z.record(z.string(), z.string()),
});

/** `model.json`: everything about a model but its words and weights. */
export type Manifest = z.infer<typeof manifest>;

/** Checks the text of a `model.json`; the error names the file and the field. */
export function parseManifest(text: string, path: string): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new UserError(`expected ${path} to be JSON but it can't be parsed`);
  }
  const result = manifest.safeParse(json);
  if (!result.success) {
    const { path: field, message } = result.error.issues[0];
    throw new UserError(
      `${path} is not a model this version can read: ${field.join('.') || 'file'}: ${message}`,
    );
  }
  return result.data;
}
