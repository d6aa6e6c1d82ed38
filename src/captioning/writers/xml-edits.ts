import { DOMParser, type Element, ParseError } from '@xmldom/xmldom';
import { InternalError, UserError } from '../../errors.ts';

/** Where an element is in the text: all of it in [start, end), its start tag in [start, open). */
interface Span {
  readonly start: number;
  readonly open: number;
  end: number;
}

/** Comments, CDATA sections, instructions, end tags and start tags. */
const MARKUP =
  /<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<\/[^>]*>|<[^"'>]*(?:(?:"[^"]*"|'[^']*')[^"'>]*)*>/gs;

/**
 * An XML text that is changed in some places and stays as it is to the byte in all others. The parsed tree only
 * tells the places: to serialize it would change line breaks, entities and quotes everywhere.
 */
export class XmlEdits {
  /** All elements, in the order of their start tags. */
  readonly elements: readonly Element[];
  readonly #text: string;
  readonly #spans: ReadonlyMap<Element, Span>;
  readonly #edits: { readonly start: number; readonly end: number; readonly text: string }[] = [];

  /** @throws UserError (without the file's name) where the text isn't XML */
  constructor(text: string) {
    this.#text = text;
    this.elements = parse(text);
    const spans = spansIn(text);
    if (spans.length !== this.elements.length) throw new InternalError('an XML text was cut in wrong places');
    this.#spans = new Map(this.elements.map((element, at) => [element, spans[at]!]));
  }

  /** The line break and white space in front of an element; empty where something else is on its line. */
  indentOf(element: Element): string {
    const { start } = this.#spans.get(element)!;
    return /\r?\n[ \t]*$/.exec(this.#text.slice(0, start))?.[0] ?? '';
  }

  /** Puts a text in place of an element and of its indentation. */
  replace(element: Element, text: string): void {
    const { start, end } = this.#spans.get(element)!;
    this.#edits.push({ start: start - this.indentOf(element).length, end, text });
  }

  /** @param name with its prefix */
  removeAttribute(element: Element, name: string): void {
    const { start, open } = this.#spans.get(element)!;
    for (const match of this.#text.slice(start, open).matchAll(/\s+([^\s=]+)\s*=\s*(?:"[^"]*"|'[^']*')/g)) {
      const at = start + match.index;
      if (match[1] === name) this.#edits.push({ start: at, end: at + match[0].length, text: '' });
    }
  }

  /** Puts a text in front of all that an element contains. */
  insertInto(element: Element, text: string): void {
    const { start, open } = this.#spans.get(element)!;
    if (this.#text.slice(start, open).endsWith('/>')) {
      const end = `${this.indentOf(element)}</${element.tagName}>`;
      this.#edits.push({ start: open - 2, end: open, text: `>${text}${end}` });
    } else {
      this.#edits.push({ start: open, end: open, text });
    }
  }

  /** The text with all changes. */
  toString(): string {
    let result = '';
    let done = 0;
    for (const { start, end, text } of this.#edits.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
      result += this.#text.slice(done, start) + text;
      done = end;
    }
    return result + this.#text.slice(done);
  }
}

function parse(text: string): Element[] {
  let problem: string | undefined;
  const onError = (_level: string, message: string) => {
    // A letter that some program couldn't decode is no mistake in the XML.
    if (message.startsWith('Unicode replacement character')) return;
    problem ??= message;
    throw new Error(message);
  };
  try {
    const document = new DOMParser({ onError }).parseFromString(
      text.replace(/^\uFEFF/, ''),
      'application/xml',
    );
    // It could declare entities, and MARKUP would have to know it.
    if (document.doctype) throw new UserError('expected XML without a document type but got <!DOCTYPE');
    return Array.from(document.getElementsByTagName('*'));
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const line = error.locator?.lineNumber || 1;
    const reason = (problem ?? error.message).replace(/\s+/g, ' ').slice(0, 120);
    throw new UserError(`expected XML but got a mistake near line ${line}: ${reason}`, { cause: error });
  }
}

function spansIn(text: string): Span[] {
  const spans: Span[] = [];
  const within: Span[] = [];
  for (const { 0: markup, index } of text.matchAll(MARKUP)) {
    const end = index + markup.length;
    if (markup.startsWith('</')) {
      within.pop()!.end = end;
    } else if (!/^<[!?]/.test(markup)) {
      const span = { start: index, open: end, end };
      spans.push(span);
      if (!markup.endsWith('/>')) within.push(span);
    }
  }
  return spans;
}
