import type { Random } from '../../../src/random.ts';

/** A sentence in both languages, as words; the last is a full stop. */
export interface SentencePair {
  readonly english: readonly string[];
  readonly french: readonly string[];
}

const table = (lines: string) => lines.split(', ').map((line) => line.split(' '));

/** English, masculine and feminine French. */
const ARTICLES = table('the le la, a un une, this ce cette, my mon ma');
const BEFORE = table('small petit petite, big grand grande, old vieux vieille, pretty joli jolie');
const AFTER = table('red rouge rouge, green vert verte, white blanc blanche, black noir noire');
/** English, French, and which column of the above goes with it. */
const NOUNS = table(
  'dog chien 1, cat chat 1, horse cheval 1, boat bateau 1, book livre 1, garden jardin 1, ' +
    'house maison 2, car voiture 2, flower fleur 2, girl fille 2, cow vache 2, door porte 2',
);
/** English alone and after does not, French. */
const VERBS = table('sees see voit, wants want veut, draws draw dessine, finds find trouve, sells sell vend');
const PRONOUNS = table('him le, her la');

/** Ids are places in these; 0 is the full stop. */
export const ENGLISH = [
  ...['.', 'does', 'not'],
  ...VERBS.flatMap((verb) => verb.slice(0, 2)),
  ...[...ARTICLES, ...BEFORE, ...AFTER, ...NOUNS, ...PRONOUNS].map(([word]) => word),
];
export const FRENCH = [
  ...['.', 'ne', 'pas'],
  ...VERBS.map(([, , voit]) => voit),
  ...NOUNS.map(([, noun]) => noun),
  // rouge is rouge in both genders; the pronouns le and la are among the articles.
  ...new Set([...ARTICLES, ...BEFORE, ...AFTER].flatMap((word) => word.slice(1))),
];
/** No sentence has more words. */
export const LONGEST = 12;

const pick = <Item>(random: Random, items: readonly Item[]): Item => items[random.int(items.length)];

/** the small red house, la petite maison rouge */
function nounPhrase(random: Random): SentencePair {
  const [noun, nom, gender] = pick(random, NOUNS);
  const maybe = (words: string[][]) => (random.int(2) === 0 ? [pick(random, words)] : []);
  const [article, before, after] = [[pick(random, ARTICLES)], maybe(BEFORE), maybe(AFTER)];
  const agreeing = (words: string[][]) => words.map((word) => word[Number(gender)]);
  return {
    english: [...[...article, ...before, ...after].map(([word]) => word), noun],
    french: [...agreeing(article), ...agreeing(before), nom, ...agreeing(after)],
  };
}

/** the cow does not see him . la vache ne le voit pas . */
function randomSentence(random: Random): SentencePair {
  const [subject, object] = [nounPhrase(random), nounPhrase(random)];
  const [[sees, see, voit], [him, le]] = [pick(random, VERBS), pick(random, PRONOUNS)];
  const [negated, pronoun] = [random.int(2) === 0, random.int(3) === 0];
  const verb = pronoun ? [le, voit] : [voit];
  const does = negated ? ['does', 'not', see] : [sees];
  const ne = negated ? ['ne', ...verb, 'pas'] : verb;
  return {
    english: [...subject.english, ...does, ...(pronoun ? [him] : object.english), '.'],
    french: [...subject.french, ...ne, ...(pronoun ? [] : object.french), '.'],
  };
}

/** So many sentences that are not among the `others`. */
export function randomSentences(
  random: Random,
  count: number,
  others: readonly SentencePair[] = [],
): SentencePair[] {
  const known = new Set(others.map(({ english }) => english.join(' ')));
  const sentences: SentencePair[] = [];
  while (sentences.length < count) {
    const pair = randomSentence(random);
    if (!known.has(pair.english.join(' '))) sentences.push(pair);
  }
  return sentences;
}
