import type { Command } from 'commander';
import { readCandidates, readReferences } from '../evaluation/coco-files.ts';
import { scoresAsJson, scoresAsTable } from '../evaluation/report.ts';
import { scoreCaptions } from '../evaluation/score.ts';
import { newCommand } from './command.ts';
import { print } from './terminal.ts';

const HELP = `
Files:
  candidates   COCO results: [{"image_id": 42, "caption": "a dog on a beach"}, ...]
  references   COCO annotations: {"images": [{"id": 42}, ...],
               "annotations": [{"image_id": 42, "caption": "..."}, ...]}

Both must be about the same images. The scores are those of coco-caption (PTB
tokens, corpus BLEU, CIDEr-D with the document frequencies of the references).

Example:
  caption score candidates.json --references captions_val2017.json

Exit status: 0 scored, 2 wrong call, 70 a bug of caption
`;

/** `caption score <candidates.json> --references <captions.json>`. */
export function scoreCommand(): Command {
  return newCommand('caption score', 'Scores captions against those that people wrote.')
    .argument('<candidates.json>', 'the captions to score')
    .requiredOption('--references <captions.json>', 'the captions that people wrote')
    .option('--json', 'print one JSON object')
    .addHelpText('after', HELP)
    .action(async (path: string, { references, json }: { references: string; json?: boolean }) => {
      const names = { candidates: path, references };
      const scores = scoreCaptions(await readCandidates(path), await readReferences(references), names);
      print(json ? JSON.stringify(scoresAsJson(scores)) : scoresAsTable(scores));
    });
}
