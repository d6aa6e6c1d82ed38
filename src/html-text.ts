import { sha256 } from './files/sha256.ts';

/**
 * Text as it may stand in an element or a quoted attribute of a page, whatever it holds. Half a surrogate pair, which
 * UTF-8 can't say, becomes U+FFFD, and so do control characters, which HTML forbids.
 */
export function escapeHtml(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      .replace(/[\p{Surrogate}\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/gu, '\u{fffd}')
      .replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`)
  );
}

/** As a Content-Security-Policy names an inline style or script that it lets through. */
export function hashSource(text: string): string {
  return `'sha256-${Buffer.from(sha256(text), 'hex').toString('base64')}'`;
}
