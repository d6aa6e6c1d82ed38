/**
 * British spellings that CoreNLP's tokenizer rewrites as American ones (its `americanize` option, which
 * is on by default): "grey" and "gray" count as one word in coco-caption's scores. Only the words that
 * photograph captions use are listed; CoreNLP leaves other British spellings ("tyre", "moustache") alone.
 */
const AMERICAN = new Map(
  `analyse:analyze armoured:armored cancelled:canceled centre:center coloured:colored colouring:coloring
  colourful:colorful defence:defense discoloured:discolored favoured:favored favourite:favorite
  favourites:favorites fibre:fiber fibres:fibers flavoured:flavored flavouring:flavoring grey:gray
  honoured:honored honouring:honoring humoured:humored kerb:curb labelled:labeled labelling:labeling
  laboured:labored labouring:laboring leant:leaned learnt:learned manoeuvre:maneuver
  manoeuvres:maneuvers meagre:meager neighbourhood:neighborhood neighbourhoods:neighborhoods
  organisation:organization organisations:organizations practise:practice practised:practiced
  realise:realize realised:realized realises:realizes realising:realizing recognise:recognize
  recognised:recognized recognises:recognizes recognising:recognizing savoured:savored
  savouring:savoring theatre:theater theatres:theaters travelled:traveled travelling:traveling`
    .split(/\s+/)
    .map((pair) => pair.split(':') as [string, string]),
);

/** Words that end in -our in American English too. */
const STAYS_OUR =
  /bonjour|carrefour|cornflour|contour|de[tv]our|downpour|glamour|outpour|paramour|pompadour|tambour|troubadour|velour/;

/**
 * The American spelling of one word. As in CoreNLP, capitalised words are left alone, so "Grey" at the
 * start of a caption stays "grey".
 */
export function americanSpelling(word: string): string {
  const listed = AMERICAN.get(word);
  if (listed !== undefined) return listed;
  if (word.length < 6) return word;
  if (/^[a-z]{3,}ours?$/.test(word) && !STAYS_OUR.test(word)) return word.replace(/our(s?)$/, 'or$1');
  return word.replace(/programme(s?)$/, 'program$1');
}
