import type { Command } from 'commander';
import { newCommand } from './command.ts';
import { print } from './terminal.ts';

const HELP = `
Runs are folders that caption train wrote to (--out), or the run.json in them,
also while the training goes on. The page holds everything it shows, so it can be
sent and opened anywhere: curves of loss, perplexity, CIDEr, learning rate and
gradient norm, the settings, and how the captions of a few photographs changed.
Of several runs it shows the curves in one chart and the settings that differ.

A report is written over an older one, never over another file.

Examples:
  # my-model/report.html
  caption report my-model

  # Which dropout is best? report.html here
  caption report runs/dropout-*

  caption report lstm gru --out lstm-or-gru.html

Exit status: 0 written (the path is printed), 2 wrong call, 70 a bug of caption
`;

/** `caption report <runs...>`. */
export function reportCommand(): Command {
  return newCommand('caption report', 'Writes a page about a training, or about several side by side.')
    .argument('<runs...>', 'folders of trainings')
    .option(
      '--out <file.html>',
      'where the page is written (report.html in the folder of one run, here for several)',
    )
    .addHelpText('after', HELP)
    .action(async (runs: string[], { out }: { out?: string }) => {
      const { writeReport } = await import('../report/run-report.ts');
      print(await writeReport(runs, out));
    });
}
