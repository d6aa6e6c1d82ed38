/**
 * Makes models/default: features, training with cross-entropy, self-critical training, the weights between the two,
 * then the search settings, all chosen on validation images. Each stage is kept in the work folder, and skipped when
 * it is done.
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
import { writeBlend } from './default-model/blend.ts';
import { defaultData, say } from './default-model/data.ts';
import { CROSS_ENTROPY, SEARCH, SELF_CRITICAL, trainRun } from './default-model/recipe.ts';
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

/** Less CIDEr than this is no reason to give up some of the language that was learnt from people's captions. */
const LANGUAGE = 0.005;
const SHARES = [0, 0.2, 0.35, 0.5, 0.65, 1];
const ciders: number[] = [];
for (const share of SHARES) {
  const blend = join(work, `blend-${share}`);
  await writeBlend(words, rewards, share, blend);
  const { all } = await validationScores(data, [blend], SEARCH, session);
  say(`${share} of rewards: CIDEr ${all.CIDEr.toFixed(4)}, distinct ${all.distinctCaptions}`);
  ciders.push(all.CIDEr);
}
const share = SHARES[ciders.findIndex((cider) => cider > Math.max(...ciders) - LANGUAGE)];
const chosen = join(work, `blend-${share}`);

/** Less CIDEr than this is no reason to search longer; beam 5 earns a little more and takes a folder longer. */
const SEARCHING = 0.001;
const BEAMS = [1, 2, 3];
let decoding = DECODING_DEFAULTS;
let validationCIDEr = 0;
for (const beam of BEAMS) {
  for (const lengthPenalty of beam === 1 ? [0] : [0, 0.5, 0.75, 1]) {
    const { all } = await validationScores(data, [chosen], { beam, lengthPenalty }, session);
    say(
      `beam ${beam}, length penalty ${lengthPenalty}: CIDEr ${all.CIDEr.toFixed(4)}, ` +
        `B4 ${all.Bleu_4.toFixed(4)}, distinct ${all.distinctCaptions}`,
    );
    if (all.CIDEr <= validationCIDEr + SEARCHING) continue;
    validationCIDEr = all.CIDEr;
    decoding = { ...decoding, beam, lengthPenalty };
  }
}
await data.close();

const model = await readModel(chosen);
const { encoder, decoder } = model.manifest;
const training = {
  script: 'scripts/train-default.ts',
  trainImages: bySplit(data.dataset, 'train').length,
  validationImages: data.validation.length,
  crossEntropy: CROSS_ENTROPY,
  selfCritical: SELF_CRITICAL,
  shareOfRewards: share,
  validationCIDEr,
};
const manifest = { name: 'default', encoder, decoder, decoding, training };
await writeModel(out, manifest, model.vocabulary, modelWeights(model));
const { beam, lengthPenalty } = decoding;
say(
  `wrote ${out}: ${share} of rewards, beam ${beam}, length penalty ${lengthPenalty}, validation CIDEr ${validationCIDEr.toFixed(4)}`,
);
