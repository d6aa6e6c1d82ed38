import { tokenizePtb } from '../evaluation/ptb-tokenizer.ts';
import { escapeHtml } from '../html-text.ts';

/** A caption and what people wrote of the same photograph. */
interface Compared {
  readonly caption: string;
  readonly references: readonly string[];
}

/** What CIDEr-D would count as a word or several: letters and digits, with apostrophes and hyphens inside. */
const WORD = /[\p{L}\p{M}\d]+(?:['’-][\p{L}\p{M}\d]+)*/gu;

/**
 * Marks up words that a caption has in common with one of its references, in both. Words that more than half of all
 * photographs have in their references ("a", "in") are not marked: CIDEr-D hardly weighs them.
 */
export class SharedWords {
  readonly #common: ReadonlySet<string>;

  /** @param all every photograph of the split, as the weights of CIDEr-D come from them */
  constructor(all: readonly Compared[]) {
    const photographsOf = new Map<string, number>();
    for (const { references } of all) {
      for (const word of wordsOf(references)) photographsOf.set(word, (photographsOf.get(word) ?? 0) + 1);
    }
    const counts = [...photographsOf].filter(([, photographs]) => 2 * photographs > all.length);
    this.#common = new Set(counts.map(([word]) => word));
  }

  /** The texts as HTML, with the shared words in `<mark>`. */
  mark({ caption, references }: Compared): Compared {
    const said = wordsOf([caption]);
    const shared = new Set(
      [...wordsOf(references)].filter((word) => said.has(word) && !this.#common.has(word)),
    );
    return {
      caption: marked(caption, shared),
      references: references.map((reference) => marked(reference, shared)),
    };
  }
}

function wordsOf(texts: readonly string[]): Set<string> {
  return new Set(texts.flatMap(tokenizePtb));
}

/** Escaped text, in which a word is marked if one of its tokens ("dog" of "dog's") is among the shared ones. */
function marked(text: string, shared: ReadonlySet<string>): string {
  let html = '';
  let end = 0;
  for (const { 0: word, index } of text.matchAll(WORD)) {
    if (!tokenizePtb(word).some((token) => shared.has(token))) continue;
    html += `${escapeHtml(text.slice(end, index))}<mark>${escapeHtml(word)}</mark>`;
    end = index + word.length;
  }
  return html + escapeHtml(text.slice(end));
}
