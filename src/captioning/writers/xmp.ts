import type { Element } from '@xmldom/xmldom';
import { UserError } from '../../errors.ts';
import type { SidecarFormat } from './sidecar-format.ts';
import { XmlEdits } from './xml-edits.ts';

const RDF = 'http://www.w3.org/1999/02/22-rdf-syntax-ns#';
const DC = 'http://purl.org/dc/elements/1.1/';

/** The languages that a caption stands for; readers of any other are shown `x-default`, which has to be first. */
const LANGUAGES = ['x-default', 'en'];

/** A packet that says nothing yet. Its `begin` is a byte order mark. */
const EMPTY_PACKET = `<?xpacket begin="\uFEFF" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="${RDF}">
  <rdf:Description rdf:about=""
    xmlns:dc="${DC}"/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
`;

/**
 * A photograph's description for photo managers: `dc:description`, one text in several languages (Adobe, XMP
 * specification, part 1: packets, RDF, language alternatives and the Dublin Core namespace).
 *
 * Whatever else others wrote into the file stays as it is to the byte.
 */
export const xmp: SidecarFormat = {
  extension: '.xmp',

  read(contents) {
    const texts = descriptionsIn(subjectsIn(rdfIn(new XmlEdits(contents)))).flatMap(textsOf);
    const wanted = LANGUAGES.map((language) => texts.find((text) => text.language === language));
    return (wanted.find((text) => text !== undefined) ?? texts[0])?.text;
  },

  write(contents, caption) {
    const packet = new XmlEdits(contents ?? EMPTY_PACKET);
    const rdf = rdfIn(packet);
    const subjects = subjectsIn(rdf);
    let written = false;
    // Several descriptions are against the rules, but where there are, readers differ in which one they show.
    for (const { element, attribute } of descriptionsIn(subjects)) {
      if (attribute !== undefined) {
        packet.removeAttribute(element, attribute);
      } else {
        rewrite(packet, element, caption);
        written = true;
      }
    }
    if (!written) add(packet, rdf, subjects[0], caption);
    return packet.toString();
  },
};

function rdfIn({ elements }: XmlEdits): Element {
  const rdf = elements.find((element) => is(element, RDF, 'RDF'));
  if (!rdf) throw new UserError('expected XMP but got XML without an element rdf:RDF');
  return rdf;
}

/** The blocks that tell about the photograph; deeper ones tell about something else (a region, an edit, ...). */
function subjectsIn(rdf: Element): Element[] {
  return childrenOf(rdf).filter((child) => is(child, RDF, 'Description'));
}

/** A `dc:description`: an element, or an attribute of the element that tells about the photograph. */
interface Description {
  readonly element: Element;
  readonly attribute?: string;
}

function descriptionsIn(subjects: readonly Element[]): Description[] {
  return subjects.flatMap((element) => {
    const attribute = element.getAttributeNodeNS(DC, 'description')?.name;
    const properties = childrenOf(element).filter((child) => is(child, DC, 'description'));
    const descriptions: Description[] = properties.map((property) => ({ element: property }));
    return attribute === undefined ? descriptions : [{ element, attribute }, ...descriptions];
  });
}

/** The texts in a description that aren't empty, and their languages. */
function textsOf({ element, attribute }: Description): { language: string; text: string }[] {
  const container = attribute === undefined ? containerIn(element) : undefined;
  const texts = container
    ? itemsIn(container).map((item) => ({ language: languageOf(item), text: item.textContent }))
    : [{ language: 'x-default', text: attribute ? element.getAttribute(attribute) : element.textContent }];
  return texts
    .map(({ language, text }) => ({ language, text: (text ?? '').trim() }))
    .filter(({ text }) => text !== '');
}

/** Puts the caption into an element `dc:description`, in front of the texts in other languages. */
function rewrite(packet: XmlEdits, description: Element, caption: string): void {
  const container = containerIn(description);
  if (container) {
    for (const item of itemsIn(container)) {
      if (LANGUAGES.includes(languageOf(item))) packet.replace(item, '');
    }
    const name = container.prefix ? `${container.prefix}:li` : 'li';
    packet.insertInto(container, items(name, caption, deeper(packet.indentOf(container))));
  } else {
    const scope = description.parentNode as Element;
    packet.replace(description, newDescription(scope, caption, packet.indentOf(description)));
  }
}

/** Adds an element `dc:description` to a block about the photograph, or in a block of its own. */
function add(packet: XmlEdits, rdf: Element, subject: Element | undefined, caption: string): void {
  const indent = deeper(packet.indentOf(subject ?? rdf));
  if (subject) {
    packet.insertInto(subject, newDescription(subject, caption, indent));
  } else {
    const start = `<rdf:Description rdf:about=""${declarations(rdf)}>`;
    const description = newDescription(rdf, caption, deeper(indent));
    packet.insertInto(rdf, `${indent}${start}${description}${indent}</rdf:Description>`);
  }
}

/** @param indent line break and spaces in front of the element; empty where the file doesn't have any */
function newDescription(scope: Element, caption: string, indent: string): string {
  const inner = deeper(indent);
  return [
    `${indent}<dc:description${declarations(scope)}>`,
    `${inner}<rdf:Alt>${items('rdf:li', caption, deeper(inner))}${inner}</rdf:Alt>`,
    `${indent}</dc:description>`,
  ].join('');
}

function items(name: string, caption: string, indent: string): string {
  return LANGUAGES.map(
    (language) => `${indent}<${name} xml:lang="${language}">${escaped(caption)}</${name}>`,
  ).join('');
}

/** Of the prefixes dc and rdf those that don't have their meaning there. */
function declarations(scope: Element): string {
  return Object.entries({ dc: DC, rdf: RDF })
    .filter(([prefix, namespace]) => scope.lookupNamespaceURI(prefix) !== namespace)
    .map(([prefix, namespace]) => ` xmlns:${prefix}="${namespace}"`)
    .join('');
}

function deeper(indent: string): string {
  return indent && `${indent} `;
}

/** XML can't hold control characters in any way; `>` is escaped because of `]]>`. */
function escaped(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
  return text
    .replace(/[^\P{Cc}\t\n]|[\uFFFE\uFFFF]/gu, ' ')
    .replace(/[&<>]/g, (character) => entities[character]!);
}

/** Languages stand in an Alt; readers understand Bag and Seq, too. */
function containerIn(description: Element): Element | undefined {
  return childrenOf(description).find(
    (child) => child.namespaceURI === RDF && /^(Alt|Bag|Seq)$/.test(child.localName ?? ''),
  );
}

function itemsIn(container: Element): Element[] {
  return childrenOf(container).filter((child) => is(child, RDF, 'li'));
}

/** Without a language it is for everybody. */
function languageOf(item: Element): string {
  return item.getAttribute('xml:lang')?.toLowerCase() || 'x-default';
}

function childrenOf(element: Element): Element[] {
  return Array.from(element.children);
}

function is(element: Element, namespace: string, name: string): boolean {
  return element.namespaceURI === namespace && element.localName === name;
}
