/**
 * Every decoder of the lectures and papers, and every other cell, trained alike: the same features, epochs and
 * settings. Prints the table of docs/decoders.md.
 *
 *     npx tsx scripts/presets.ts --photos <folder> --work <folder> [--rows name,name] [--threads n]
 */
import type { DecoderShape } from '../src/decoder/config.ts';
import { PRESETS } from '../src/decoder/presets.ts';
import type { TokenizerName } from '../src/text/tokenizer.ts';
import { MAX_STEPS, TRAINING_DEFAULTS, type TrainingOptions } from '../src/training/options.ts';
import { trainRun } from './default-model/recipe.ts';
import { printTable } from './default-model/table.ts';

const TRAINING: TrainingOptions = {
  ...TRAINING_DEFAULTS,
  epochs: 4,
  learningRate: 1e-3,
  schedule: 'cosine',
};

interface Row {
  readonly decoder: DecoderShape;
  readonly tokenizer?: TokenizerName;
}

const par = { mode: 'par', layers: 1, embeddingSize: 512, hiddenSize: 512 } as const;
const rows: Readonly<Record<string, Row>> = {
  ...Object.fromEntries(Object.entries(PRESETS).map(([name, decoder]) => [name, { decoder }])),
  mut1: { decoder: { cell: 'mut1', ...par } },
  mut2: { decoder: { cell: 'mut2', ...par } },
  mut3: { decoder: { cell: 'mut3', ...par } },
  mrnn: { decoder: { cell: 'mrnn', ...par } },
  highway: { decoder: { cell: 'gru', ...par, layers: 2, highway: true, learnedState: true } },
  char: { decoder: { cell: 'gru', ...par, mode: 'init' }, tokenizer: 'char' },
};

await printTable({
  name: 'presets',
  rows,
  label: (name) => name,
  train: async (name, { decoder, tokenizer = 'word' }, { data, session, folderOf }) => {
    const out = folderOf(name);
    const training = { ...TRAINING, maxSteps: MAX_STEPS[tokenizer] };
    await trainRun(data, { name, out, training, decoder, tokenizer }, session);
    return [out];
  },
});
