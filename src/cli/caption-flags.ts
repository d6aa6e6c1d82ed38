import type { Existing } from '../captioning/writers/existing.ts';

/** Formats of one stream or file for all photographs, and of a file beside each. */
const DOCUMENT_FORMATS = ['tsv', 'jsonl', 'csv', 'coco', 'html'] as const;
const SIDECAR_FORMATS = ['txt', 'xmp'] as const;

export type DocumentFormatName = (typeof DOCUMENT_FORMATS)[number];
export type SidecarFormatName = (typeof SIDECAR_FORMATS)[number];

export const FORMATS = [...DOCUMENT_FORMATS, ...SIDECAR_FORMATS] as const;

/** Options that say where captions go and how they are written. */
export interface OutputFlags {
  readonly format?: DocumentFormatName | SidecarFormatName;
  readonly json?: boolean;
  readonly out?: string;
  readonly outputDir?: string;
  readonly extension?: string;
  readonly keepImageExtension?: boolean;
  readonly existing?: Existing;
  readonly prefix?: string;
  readonly suffix?: string;
  readonly count?: number;
}
