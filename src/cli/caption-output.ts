import { extname } from 'node:path';
import { type FoundImage, STDIN } from '../captioning/inputs.ts';
import { coco } from '../captioning/writers/coco.ts';
import { csv } from '../captioning/writers/csv.ts';
import { type DocumentFormat, expectDistinct } from '../captioning/writers/document-format.ts';
import { DocumentWriter } from '../captioning/writers/document-writer.ts';
import { html } from '../captioning/writers/html.ts';
import { jsonl } from '../captioning/writers/jsonl.ts';
import type { SidecarFormat } from '../captioning/writers/sidecar-format.ts';
import { sidecarPaths } from '../captioning/writers/sidecar-paths.ts';
import { SidecarWriter } from '../captioning/writers/sidecar-writer.ts';
import { StreamWriter } from '../captioning/writers/stream-writer.ts';
import { plain, tsv } from '../captioning/writers/tsv.ts';
import { txt } from '../captioning/writers/txt.ts';
import type { CaptionWriter } from '../captioning/writers/writer.ts';
import { UserError } from '../errors.ts';
import type { DocumentFormatName, OutputFlags, SidecarFormatName } from './caption-flags.ts';

/** Where captions go, decided before anything is read or written. */
export type OutputPlan =
  | { readonly kind: 'stream'; readonly format: DocumentFormatName }
  | { readonly kind: 'document'; readonly format: DocumentFormatName; readonly path: string }
  | { readonly kind: 'sidecars'; readonly format: SidecarFormatName };

/** Formats by the ending of `--out`. */
const BY_ENDING: Readonly<Record<string, DocumentFormatName>> = {
  '.tsv': 'tsv',
  '.jsonl': 'jsonl',
  '.csv': 'csv',
  '.json': 'coco',
  '.html': 'html',
  '.htm': 'html',
};

/** What the options ask for; a UserError for those that don't belong together. */
export function planOutput(flags: OutputFlags): OutputPlan {
  const plan = destination(flags);
  const { format, kind } = plan;
  const { count = 1, prefix = '', suffix = '' } = flags;
  const { outputDir, extension, keepImageExtension } = flags;
  const forSidecars = {
    '--output-dir': outputDir,
    '--extension': extension,
    '--keep-image-extension': keepImageExtension,
  };
  for (const [option, given] of Object.entries(forSidecars)) {
    if (given !== undefined && kind !== 'sidecars') {
      throw new UserError(`expected ${option} with --format txt or xmp but got --format ${format}`);
    }
  }
  if (flags.existing !== undefined && kind === 'stream') {
    throw new UserError(
      'expected --existing with captions in files (--out, --format txt or xmp) but got none',
      {
        hint: 'what goes to the terminal or a pipe has no earlier captions',
      },
    );
  }
  const several = format === 'jsonl' || format === 'html' || (format === 'tsv' && kind === 'stream');
  if (count > 1 && !several) {
    throw new UserError(`expected --count 1 with --format ${format} but got ${count}`, {
      hint: '--format jsonl keeps several captions of each photograph',
    });
  }
  for (const [option, text] of [
    ['--prefix', prefix],
    ['--suffix', suffix],
  ] as const) {
    if (/[\r\n]/.test(text))
      throw new UserError(`expected ${option} to be one line but got ${JSON.stringify(text)}`);
  }
  return plan;
}

function destination(flags: OutputFlags): OutputPlan {
  const { out, json } = flags;
  if (json && flags.format !== undefined && flags.format !== 'jsonl') {
    throw new UserError(`expected --json, which is --format jsonl, or --format ${flags.format} but got both`);
  }
  const format = json ? 'jsonl' : flags.format;
  if (format === 'txt' || format === 'xmp') {
    if (out === undefined) return { kind: 'sidecars', format };
    throw new UserError(
      `expected no --out with --format ${format}, a file beside each photograph, but got ${out}`,
      {
        hint: '--output-dir <folder> puts those files elsewhere',
      },
    );
  }
  if (out === undefined || out === STDIN) return { kind: 'stream', format: format ?? 'tsv' };
  const byEnding = BY_ENDING[extname(out).toLowerCase()];
  if (format === undefined && byEnding === undefined) {
    throw new UserError(`expected --out to end in ${Object.keys(BY_ENDING).join(', ')} but got ${out}`, {
      hint: 'or give --format as well',
    });
  }
  return { kind: 'document', format: format ?? byEnding!, path: out };
}

/** A plan carried out for these photographs. */
export interface Output {
  readonly writer: CaptionWriter;
  /** The file that a photograph's caption goes to; undefined for a stream. */
  fileOf(path: string): string | undefined;
}

/**
 * Opens what the plan says. Captions that could take each other's place are refused before anything is written.
 * @param first whether these are the first photographs of all, so that a table needs its head
 */
export async function openOutput(
  plan: OutputPlan,
  flags: OutputFlags,
  images: readonly FoundImage[],
  { single, first }: { single: boolean; first: boolean },
): Promise<Output> {
  const { existing = 'skip' } = flags;
  if (plan.kind === 'sidecars') {
    const format = await SIDECARS[plan.format]();
    const { extension = format.extension, keepImageExtension = false, outputDir } = flags;
    const paths = sidecarPaths(images, {
      extension,
      keepImageExtension,
      outputDir,
    });
    return { writer: new SidecarWriter({ format, paths, existing }), fileOf: (path) => paths.get(path) };
  }
  const format = plan.format === 'csv' ? csv({ header: first }) : DOCUMENTS[plan.format];
  expectDistinct(
    format,
    images.map(({ path }) => path),
  );
  if (plan.kind === 'stream') {
    const bare = single && plan.format === 'tsv';
    return { writer: new StreamWriter(process.stdout, bare ? plain : format), fileOf: () => undefined };
  }
  const { path } = plan;
  return { writer: await DocumentWriter.open({ path, format, existing }), fileOf: () => path };
}

/** XMP's needs a parser of XML, which nobody else has to wait for. */
const SIDECARS: Readonly<Record<SidecarFormatName, () => Promise<SidecarFormat>>> = {
  txt: async () => txt,
  xmp: async () => (await import('../captioning/writers/xmp.ts')).xmp,
};

const DOCUMENTS: Readonly<Record<Exclude<DocumentFormatName, 'csv'>, DocumentFormat>> = {
  tsv,
  jsonl,
  coco,
  html,
};
