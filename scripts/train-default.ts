/**
 * Makes models/default: features, training with cross-entropy, self-critical training, then the search settings,
 * all chosen on validation images. Each stage is kept in the work folder, and skipped when it is done.
 *
 *     npx tsx scripts/train-default.ts --photos <folder> --work <folder> [--out models/default] [--threads n]
 *
 * The folder of photographs holds captions.jsonl (JSON Lines: image, captions, split).
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bySplit } from '../src/dataset/split.ts';
import { readModel, writeModel } from '../src/library/model-folder.ts';
import { modelWeights } from '../src/library/model-weights.ts';
import { DECODING_DEFAULTS } from '../src/training/plan.ts';
import { defaultData, say } from './default-model/data.ts';
import { CROSS_ENTROPY, SELF_CRITICAL, trainRun } from './default-model/recipe.ts';
import { validationScores } from './default-model/scores.ts';

const { values: flags } = parseArgs({
  options: {
    photos: { type: 'string' },
    work: { type: 'string' },
    out: { type: 'string', default: 'models/default' },
    threads: { type: 'string' },
  },
});
if (!flags.photos || !flags.work) throw new Error('expected --photos <folder> and --work <folder>');
const { photos, work, out } = { ...flags, photos: flags.photos, work: flags.work };
const session = flags.threads ? { threads: Number(flags.threads) } : {};

const data = await defaultData(photos, work, session);
const words = join(work, 'cross-entropy');
const rewards = join(work, 'self-critical');
await trainRun(data, { name: 'words', out: words, training: CROSS_ENTROPY }, session);
await trainRun(data, { name: 'rewards', out: rewards, training: SELF_CRITICAL, from: words }, session);

let decoding = DECODING_DEFAULTS;
let validationCIDEr = 0;
for (const beam of [1, 2, 3, 5]) {
  for (const lengthPenalty of beam === 1 ? [0] : [0, 0.5, 0.75, 1]) {
    const { all } = await validationScores(data, [rewards], { beam, lengthPenalty }, session);
    say(
      `beam ${beam}, length penalty ${lengthPenalty}: CIDEr ${all.CIDEr.toFixed(4)}, ` +
        `B4 ${all.Bleu_4.toFixed(4)}, distinct ${all.distinctCaptions}`,
    );
    if (all.CIDEr <= validationCIDEr) continue;
    validationCIDEr = all.CIDEr;
    decoding = { ...decoding, beam, lengthPenalty };
  }
}
await data.close();

const model = await readModel(rewards);
const { encoder, decoder } = model.manifest;
const training = {
  script: 'scripts/train-default.ts',
  trainImages: bySplit(data.dataset, 'train').length,
  validationImages: data.validation.length,
  crossEntropy: CROSS_ENTROPY,
  selfCritical: SELF_CRITICAL,
  validationCIDEr,
};
const manifest = { name: 'default', encoder, decoder, decoding, training };
await writeModel(out, manifest, model.vocabulary, modelWeights(model));
const { beam, lengthPenalty } = decoding;
say(
  `wrote ${out}: beam ${beam}, length penalty ${lengthPenalty}, validation CIDEr ${validationCIDEr.toFixed(4)}`,
);
