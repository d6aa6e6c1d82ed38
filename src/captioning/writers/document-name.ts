import { relative, resolve, sep } from 'node:path';
import { STDIN } from '../inputs.ts';
import type { FileName } from './document-format.ts';

/** What a photograph is called in a document of this folder; standard input stays `-`. */
export function nameIn(folder: string, path: string): FileName {
  if (path === STDIN) return STDIN;
  return relative(resolve(folder), resolve(path)).replaceAll(sep, '/');
}
