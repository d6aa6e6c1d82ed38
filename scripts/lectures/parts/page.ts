import { writeFileSync } from 'node:fs';
import { messageOf, UserError } from '../../../src/errors.ts';
import { escapeHtml } from '../../../src/html-text.ts';
import { STYLE } from '../../../src/report/page-style.ts';

/** Writes a page of figures that a browser shows as it is, without fonts or scripts; `body` is HTML. Says where. */
export function writePage(file: string, title: string, text: string, body: string): void {
  const page = `<!doctype html>
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
    writeFileSync(file, page);
  } catch (error) {
    throw new UserError(`cannot write ${file}: ${messageOf(error)}`, { cause: error });
  }
  console.log(`picture: ${file}`);
}
