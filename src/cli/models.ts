import type { Command } from 'commander';
import { addMachineOptions, type MachineOptions, newCommand } from './command.ts';

/** Options of the commands that look into an encoder, or run one. */
export interface EncoderFileFlags extends MachineOptions {
  readonly encoderFile?: string;
}

const HELP = `
What ships lies in the package; what you pull or import lies in your own folder:
$CAPTION_HOME, else $XDG_CACHE_HOME/caption, else ~/.cache/caption, in models/
and encoders/. A <name> is one of caption models list; where a model is meant, a
model folder will do as well.

Examples:
  # What there is, and what can be pulled
  caption models list

  # VGG16, then a model trained on its features
  caption models pull vgg16
  caption train --data flickr8k/ --encoder vgg16 --out my-model

  # Keep a model of your own under a name
  caption models import my-model --name flickr-vgg
  caption --model flickr-vgg photo.jpg

  # Files that any ONNX Runtime runs: Python, browser, C++
  caption models export flickr-vgg --to exported/

Exit status: 0 done, 1 verify found something wrong, 2 wrong call, unknown name
or nothing could be downloaded, 70 a bug of caption, 130 interrupted by Ctrl-C
`;

const PULL_HELP = `
The file is checked by its SHA-256 before it takes its name. After Ctrl-C or a
broken connection the same command goes on where it stopped. HTTP_PROXY,
HTTPS_PROXY and NO_PROXY are heeded.

Examples:
  caption models pull vgg16
  caption models pull vgg16 --mirror https://mirror.example.org/onnx/
`;

const ENCODER_FILE = "the network's ONNX file, where it lies in no folder that is searched";

/** `caption models list`, `info`, `verify`, `pull`, `remove`, `export` and `import`. */
export function modelsCommand(): Command {
  const command = newCommand('caption models', 'The library of models and encoders.')
    .usage('<command> [options]')
    .helpCommand('help [command]', "this help, or a command's")
    .commandsGroup('Commands:')
    .addHelpText('after', HELP);
  for (const sub of [list(), info(), verify(), pull(), remove(), exporting(), importing()]) {
    command.addCommand(sub);
  }
  return command;
}

function list(): Command {
  return newCommand('list', 'which models and encoders there are and could be')
    .option('--json', 'print one JSON array')
    .action(async (flags: { json?: boolean }) => {
      const { listLibrary } = await import('./models-list.ts');
      await listLibrary(flags);
    });
}

function info(): Command {
  return newCommand('info', 'everything about a model or an encoder')
    .argument('<name>', 'a model, an encoder or a model folder')
    .option('--encoder-file <path>', "an encoder's ONNX file to look into, instead of the one installed")
    .action(async (name: string, flags: EncoderFileFlags) => {
      const { tellAbout } = await import('./models-info.ts');
      await tellAbout(name, flags);
    });
}

function verify(): Command {
  const command = newCommand('verify', 'hashes, vocabulary, shapes, graphs, and a caption of a test picture')
    .argument('[name]', 'a model, an encoder or a model folder (all that are installed)')
    .option('--encoder-file <path>', ENCODER_FILE);
  return addMachineOptions(command).action(async (name: string | undefined, flags: EncoderFileFlags) => {
    const { verifyLibrary } = await import('./models-verify.ts');
    await verifyLibrary(name, flags);
  });
}

function pull(): Command {
  return newCommand('pull', "gets an encoder's network from where it is published")
    .argument('<name>', 'vgg16 (553 MB), vgg16-int8 (138 MB) or vgg19 (575 MB)')
    .option('--mirror <url>', 'get a file of the same name and SHA-256 below this address ($CAPTION_MIRROR)')
    .addHelpText('after', PULL_HELP)
    .action(async (name: string, flags: { mirror?: string }) => {
      const { pullEncoder } = await import('./models-pull.ts');
      await pullEncoder(name, flags.mirror ?? (process.env.CAPTION_MIRROR || undefined));
    });
}

function remove(): Command {
  return newCommand('remove', 'removes what you pulled or imported')
    .argument('<name>', 'a model or encoder in your own folder')
    .action(async (name: string) => {
      const { remove } = await import('./models-change.ts');
      await remove(name);
    });
}

function exporting(): Command {
  return newCommand('export', 'writes a model as files that any ONNX Runtime runs')
    .argument('<name>', 'a model or a model folder')
    .requiredOption('--to <folder>', 'a new or empty folder')
    .option('--encoder-file <path>', ENCODER_FILE)
    .action(async (name: string, flags: { to: string; encoderFile?: string }) => {
      const { exportTo } = await import('./models-export.ts');
      await exportTo(name, flags);
    });
}

function importing(): Command {
  return newCommand('import', 'copies a model folder of train or export among your own models')
    .argument('<folder>', 'the model folder')
    .option('--name <name>', "its name there (the model's)")
    .option('--overwrite', 'replace a model of that name')
    .action(async (folder: string, flags: { name?: string; overwrite?: boolean }) => {
      const { importFrom } = await import('./models-change.ts');
      await importFrom(folder, flags);
    });
}
