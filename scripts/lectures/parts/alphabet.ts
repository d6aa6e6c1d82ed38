import { UserError } from '../../../src/errors.ts';

/** The different characters of a text, in the order of their codes; an id is a place among them. */
export class Alphabet {
  readonly characters: readonly string[];
  private readonly idOf: ReadonlyMap<string, number>;

  constructor(text: string) {
    this.characters = [...new Set(text)].sort();
    this.idOf = new Map(this.characters.map((character, id) => [character, id]));
  }

  /** @param what what messages call the text, which may have characters that are not here */
  ids(text: string, what: string): Int32Array {
    return Int32Array.from([...text], (character) => {
      const id = this.idOf.get(character);
      if (id !== undefined) return id;
      const got = JSON.stringify(character);
      throw new UserError(`expected ${what} of characters that were learned but got ${got}`);
    });
  }

  text(ids: readonly number[]): string {
    return ids.map((id) => this.characters[id]).join('');
  }
}
