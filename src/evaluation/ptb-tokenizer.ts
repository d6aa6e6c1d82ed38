import { americanSpelling } from './american-spelling.ts';

/**
 * The tokens that coco-caption drops (tylin/coco-caption, pycocoevalcap/tokenizer/ptbtokenizer.py). It
 * compares after lower-casing, so its upper-case bracket names never match: brackets stay in the
 * caption as the words "-lrb-" and "-rrb-", there as here.
 */
const PUNCTUATION = new Set("'' ' `` ` -LRB- -RRB- -LCB- -RCB- . ? ! , : - -- ... ;".split(' '));

const ENTITIES = new Map([
  ['&amp;', '&'],
  ['&quot;', '"'],
  ['&apos;', "'"],
  ['&lt;', '<'],
  ['&gt;', '>'],
  ['&nbsp;', ' '],
  ['&ndash;', '–'],
  ['&mdash;', '—'],
]);

/** Fused words that the Penn Treebank writes as two. */
const ASSIMILATIONS = new Map([
  ['cannot', ['can', 'not']],
  ['gonna', ['gon', 'na']],
  ['gotta', ['got', 'ta']],
  ['wanna', ['wan', 'na']],
  ['gimme', ['gim', 'me']],
  ['lemme', ['lem', 'me']],
  ['dunno', ['du', 'n', 'no']],
]);

/** Abbreviations that keep their full stop, in any case. */
const ABBREVIATIONS = [
  'jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|mon|tues?|wed|thu|thurs|fri',
  'mr|mrs|ms|drs?|profs?|sens?|reps?|attys?|lt|col|gen|messrs|govs?|adm|rev|maj|sgt|cpl|pvt|capt|ste?|ave|pres',
  'lieut|hon|brig|co?mdr|det|mt|ft|asst|assoc|sr|jr|bros|ph\\.d|esq|blvd|rd|dept|bldg',
  'inc|cos?|corp|ltd|plc|assn|univ|intl|sys|elec|natl|vs|etc|al|seq|tel|est|ext|sq|alex|wm',
  'ala|ariz|calif|colo|conn|ct|dak|fla|ga|ind|kans?|ky|md|mich|minn|mo|mont|neb|nev|okla|penn|tenn|va|vt|wisc?|wyo',
].join('|');
/** Abbreviations that are common words unless capitalised. */
const CAPITAL_ABBREVIATIONS = 'Miss|Ill|Mass|Ore|Wash|Ark|Del|La|Pa|Tex';

const APOSTROPHE = "['\u2019\u00b4]";
const HYPHEN = '[-_\u2010\u2011]';
const NUMBER = '(?:\\d*(?:[.,]\\d+)+|\\d+(?:[.:,]\\d+)*)';
/** Letters and digits with at least one letter, or a number. */
const ALPHANUMERIC = `(?:\\d*\\p{L}[\\p{L}\\p{M}\\d]*|${NUMBER})`;
/** d'Arnaud, o'clock: a one-letter prefix that stays on its word. */
const PREFIXED = `(?:[dDoOlL]${APOSTROPHE}(?=[\\p{L}\\d]))?${ALPHANUMERIC}`;

type Emit = (text: string) => string | readonly string[];
type Rule = readonly [pattern: RegExp, emit: Emit];

const sticky = (source: string, flags = '') => new RegExp(source, `yu${flags}`);
const asItIs: Emit = (text) => text;
const nothing: Emit = () => [];
const slashesEscaped: Emit = (text) => text.replace(/[/*]/g, '\\$&');
const straightQuotes = (text: string) => text.replace(/[\u2018\u2019\u00b4]/g, "'");
const word: Emit = (text) => ASSIMILATIONS.get(text.toLowerCase()) ?? americanSpelling(straightQuotes(text));

/**
 * How a token may start, most specific first; the first pattern that matches wins. They restate for
 * captions what CoreNLP's PTBLexer does with its defaults of 2014 (hyphenated words kept whole, slashes
 * escaped), which is a longest-match lexer of about a hundred rules.
 */
const RULES: readonly Rule[] = [
  // By far the commonest case: letters up to the next space.
  [/[A-Za-z]+(?= |$)/y, word],
  [/ +/y, nothing],
  // Markup such as <unk>.
  [sticky('<[/!?]?[A-Za-z][^\\s<>]*>'), asItIs],
  // Addresses of pages and people, @names, #tags.
  [sticky('(?:https?|ftp)://[^\\s"<>|(){}[\\]]*[^\\s"\'<>|.!?(){},;:&[\\]-]', 'i'), slashesEscaped],
  [sticky('[\\w.%+-]+@[A-Za-z0-9][A-Za-z0-9.-]*[A-Za-z0-9]'), asItIs],
  [
    sticky(
      '(?:www\\.(?:[a-z0-9-]+\\.)+[a-z]{2,4}|(?:[a-z0-9-]+\\.)+(?:com|net|org|edu))(?![\\p{L}\\d])(?:/[^\\s"<>|()]*[^\\s"<>|.!?(){},-])?',
      'i',
    ),
    slashesEscaped,
  ],
  [sticky('@[A-Za-z_]\\w*|#\\p{L}[\\p{L}\\d_]*'), asItIs],
  // his/her, 1/2, 24/7.
  [sticky('[\\p{L}\\d]+(?:-\\p{L}+){0,2}(?:/[\\p{L}\\d]+(?:-\\p{L}+){0,2}){1,2}'), slashesEscaped],
  // does|n't, ca|n't; woman|'s, they|'re.
  [sticky(`[A-Za-z]*[A-MO-Za-mo-z](?=n[\`\u2018'\u2019\u00b4]t(?!\\p{L}))`, 'i'), asItIs],
  [sticky(`n[\`\u2018'\u2019\u00b4]t(?!\\p{L})`, 'i'), straightQuotes],
  [sticky(`\\p{L}+(?=${APOSTROPHE}(?:[msd]|re|ve|ll)(?!\\p{L}))`, 'i'), word],
  [sticky(`${APOSTROPHE}(?:[msd]|re|ve|ll)(?!\\p{L})`, 'i'), straightQuotes],
  // rock|'n'|roll, the '80s, give 'em, 'til; 'tis is two words.
  [sticky(`${APOSTROPHE}t(?=(?:is|was)(?!\\p{L}))`, 'i'), straightQuotes],
  [
    sticky(`${APOSTROPHE}(?:n${APOSTROPHE}|(?:n|em|till?|cause|[2-9]0s|\\d\\d(?= |$))(?!\\p{L}))`, 'i'),
    straightQuotes,
  ],
  // Words that own their apostrophe.
  [
    sticky(
      `(?:c${APOSTROPHE}mon|s${APOSTROPHE}mores|li${APOSTROPHE}l|e${APOSTROPHE}er|ev${APOSTROPHE}ry|nor${APOSTROPHE}easter|cont${APOSTROPHE}d|ol${APOSTROPHE}|somethin${APOSTROPHE}|dunkin${APOSTROPHE})(?!\\p{L})`,
      'i',
    ),
    straightQuotes,
  ],
  [
    sticky(`[A-HJ-XZn]${APOSTROPHE}\\p{L}{2,}|\\p{L}*[aeiouyAEIOUY]${APOSTROPHE}[aeiouA-Z]\\p{L}*`),
    straightQuotes,
  ],
  [sticky(`y${APOSTROPHE}(?=\\p{L})`, 'i'), straightQuotes],
  // Hyphenated words: jack-o'lantern, 3-wheeler; also u.s.-made and 1,000-piece.
  [sticky('(?=[\\p{L}\\d]+[.,])[\\p{L}\\d.,]+(?:-[\\p{L}\\d]+)+'), asItIs],
  [sticky(`${PREFIXED}(?:${HYPHEN}${PREFIXED})+`), straightQuotes],
  // Abbreviations and acronyms keep their full stop: mr. st. u.s. p.m.
  [sticky(`(?:${ABBREVIATIONS})\\.`, 'i'), asItIs],
  [sticky(`(?:${CAPITAL_ABBREVIATIONS})\\.`), asItIs],
  [sticky('(?:nos?|figs?|pp|approx|ca|op|prop|sect?)\\.(?= ?\\d)', 'i'), asItIs],
  [sticky('[A-Za-z](?:\\.[A-Za-z])+(?:\\.|(?= |$))|[A-Za-z]\\.'), asItIs],
  // A stop that a comma follows was meant as an abbreviation.
  [sticky('\\p{L}+\\.(?=[,;:])'), asItIs],
  [sticky('[A-Z]+(?:[+&][A-Z]+)+'), asItIs],
  // Words and numbers: 2nd, mp3, 3.5, 1,000, 6:10, -5.
  [sticky(PREFIXED), word],
  [sticky(`[-+]${NUMBER}`), asItIs],
  // Punctuation. A run of ! and ? is one token, and coco-caption drops only single ones.
  [/[?!]+/y, asItIs],
  [/\.{3,}|…/y, () => '...'],
  [/-+/y, (dashes) => (dashes.length === 3 || dashes.length === 4 ? '--' : dashes)],
  [/[.,:;]/y, asItIs],
  [/[–—―]/y, () => '--'],
  [sticky('["\'`´‘’‚‛“”„‟‹›«»]'), () => "''"],
  [/\(/y, () => '-LRB-'],
  [/\)/y, () => '-RRB-'],
  [/\[/y, () => '-LSB-'],
  [/\]/y, () => '-RSB-'],
  [/\{/y, () => '-LCB-'],
  [/\}/y, () => '-RCB-'],
  [/\*+|\//y, slashesEscaped],
  [/[A-Z]*\$|#+|@+|_+|=+|[<>]/y, asItIs],
  [/£/y, () => '#'],
  [/€/y, () => '$'],
  [/¢/y, () => 'cents'],
  [/[¼½¾]/y, (fraction) => ({ '¼': '1\\/4', '½': '1\\/2' })[fraction] ?? '3\\/4'],
  [/[+%&~^|\\¡¥¦§¨©¬®¯°±²³µ¶·¸¹º¿×÷\u2020-\u2023\u2030-\u2038\u2100-\u2bff]/y, asItIs],
];

/**
 * Splits a caption into words as coco-caption does before scoring: Penn Treebank tokens (CoreNLP's
 * PTBTokenizer with -lowerCase), lower case, American spelling, without punctuation. Characters that
 * CoreNLP can't tokenize, emoji among them, are dropped.
 */
export function tokenizePtb(caption: string): string[] {
  const text = caption
    .replace(/&(?:amp|quot|apos|lt|gt|nbsp|ndash|mdash);/g, (entity) => ENTITIES.get(entity)!)
    .replace(/\u00ad/g, '')
    .replace(/\s+/g, ' ');
  const words: string[] = [];
  let position = 0;
  while (position < text.length) {
    const { end, tokens } = nextTokens(text, position);
    for (const token of typeof tokens === 'string' ? [tokens] : tokens) {
      const lower = token.toLowerCase();
      if (!PUNCTUATION.has(lower)) words.push(lower);
    }
    position = end;
  }
  return words;
}

/** What the first rule that applies makes of the text from `position`; an unknown character makes nothing. */
function nextTokens(text: string, position: number): { end: number; tokens: string | readonly string[] } {
  for (const [pattern, emit] of RULES) {
    pattern.lastIndex = position;
    if (pattern.test(text)) {
      const end = pattern.lastIndex;
      return { end, tokens: emit(text.slice(position, end)) };
    }
  }
  return { end: position + 1, tokens: [] };
}
