import { accessSync, constants, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf, UserError } from '../../../src/errors.ts';
import { escapeHtml } from '../../../src/html-text.ts';
import { STYLE } from '../../../src/report/page-style.ts';
import type { Option } from './command-line.ts';

/** A file for `writePage`, or none. Whether it can be written is asked here, before the work and not behind it. */
export const page: Option<string | undefined> = {
  otherwise: undefined,
  reader: (name) => (file) => {
    const there = statSync(file, { throwIfNoEntry: false });
    if (file === '' || there?.isDirectory())
      throw new UserError(`expected ${name} to be a file but got ${file ? `the folder ${file}` : 'nothing'}`);
    try {
      accessSync(there === undefined ? `${dirname(file)}/.` : file, constants.W_OK);
    } catch (error) {
      throw cannotWrite(file, error);
    }
    return file;
  },
};

/** Writes a page of figures that a browser shows as it is, without fonts or scripts; `body` is HTML. Says where. */
export function writePage(file: string, title: string, text: string, body: string): void {
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${escapeHtml(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>${STYLE} body { max-width: 56rem } header { margin-bottom: .75rem }</style>
</head>
<body>
<header>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(text)}</p>
</header>
${body}
</body>
</html>
`;
  try {
    writeFileSync(file, html);
  } catch (error) {
    throw cannotWrite(file, error);
  }
  console.log(`picture: ${file}`);
}

function cannotWrite(file: string, cause: unknown): UserError {
  return new UserError(`cannot write ${file}: ${messageOf(cause)}`, { cause });
}
