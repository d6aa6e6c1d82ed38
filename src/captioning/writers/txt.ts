import type { SidecarFormat } from './sidecar-format.ts';

/** A caption on a line of its own in UTF-8, as trainers of image models read it. */
export const txt: SidecarFormat = {
  extension: '.txt',
  read: (contents) => singleSpaced(contents) || undefined,
  write: (_contents, caption) => `${singleSpaced(caption)}\n`,
};

/** White space (line breaks and byte order marks too) as single spaces, none around the text. */
export function singleSpaced(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
